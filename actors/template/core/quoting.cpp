#include "actors/template/core/quoting.hpp"

#include "actors/template/core/utf8.hpp"

#include <cstdint>
#include <cstdio>

namespace praetor::templates {

namespace {

constexpr std::string_view escape_letters = "abfnrtv";
constexpr std::string_view escape_codes = "\a\b\f\n\r\t\v";

std::string hex(char32_t x, int digits, bool upper = false) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, upper ? "%0*X" : "%0*x", digits,
                static_cast<unsigned>(x));
  return buffer;
}

void append_escaped(std::string& out, char32_t rune, char quotes,
                    bool ascii_only) {
  if (rune == static_cast<unsigned char>(quotes) || rune == '\\') {
    out.push_back('\\');
    out.push_back(static_cast<char>(rune));
    return;
  }
  if (is_printable(rune) && (!ascii_only || rune < 0x80))
    return append_rune(out, rune);
  if (rune < 0x80) {
    const auto at = escape_codes.find(static_cast<char>(rune));
    if (at != std::string_view::npos) {
      out += {'\\', escape_letters[at]};
      return;
    }
  }
  if (rune < ' ' || rune == 0x7F)
    out += "\\x" + hex(rune, 2);
  else if (rune < 0x10000)
    out += "\\u" + hex(rune, 4);
  else
    out += "\\U" + hex(rune, 8);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  const auto lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Reads `count` digits; nothing if there are fewer.
std::optional<char32_t> take_digits(std::string_view& text, std::size_t count,
                                    unsigned base) {
  if (text.size() < count)
    return std::nullopt;
  char32_t x = 0;
  for (const auto c : text.substr(0, count)) {
    const auto digit = hex_digit(c);
    if (digit < 0 || digit >= static_cast<int>(base))
      return std::nullopt;
    x = x * base + static_cast<char32_t>(digit);
  }
  text.remove_prefix(count);
  return x;
}

struct escaped {
  char32_t rune = 0;
  bool is_byte = false; ///< \x and octal escapes name bytes
};

std::optional<escaped> take_escape(std::string_view& text, char quotes) {
  if (text.empty())
    return std::nullopt;
  const auto c = text[0];
  text.remove_prefix(1);
  const auto letter = escape_letters.find(c);
  if (letter != std::string_view::npos)
    return escaped{static_cast<char32_t>(escape_codes[letter])};
  if (c == '\\' || c == quotes)
    return escaped{static_cast<char32_t>(c)};
  if (c == 'x') {
    const auto x = take_digits(text, 2, 16);
    return x ? std::optional{escaped{*x, true}} : std::nullopt;
  }
  if (c == 'u' || c == 'U') {
    const auto x = take_digits(text, c == 'u' ? 4 : 8, 16);
    if (!x || *x > 0x10FFFF || (*x >= 0xD800 && *x <= 0xDFFF))
      return std::nullopt;
    return escaped{*x};
  }
  if (c >= '0' && c <= '7') {
    auto rest = text;
    const auto x = take_digits(rest, 2, 8);
    if (!x)
      return std::nullopt;
    const auto byte = static_cast<char32_t>(c - '0') * 64 + *x;
    if (byte > 255)
      return std::nullopt;
    text = rest;
    return escaped{byte, true};
  }
  return std::nullopt;
}

std::optional<escaped> take_one(std::string_view& text, char quotes) {
  if (text.empty() || text[0] == quotes || text[0] == '\n')
    return std::nullopt;
  if (text[0] == '\\') {
    text.remove_prefix(1);
    return take_escape(text, quotes);
  }
  const auto x = first_rune(text);
  text.remove_prefix(x.size);
  return escaped{x.rune};
}

} // namespace

std::string quote(std::string_view text, bool ascii_only) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto x = first_rune(text);
    if (x.valid)
      append_escaped(out, x.rune, '"', ascii_only);
    else
      out += "\\x" + hex(static_cast<unsigned char>(text[0]), 2);
    text.remove_prefix(x.size);
  }
  return out + '"';
}

std::string quote_rune(char32_t rune, bool ascii_only) {
  std::string out = "'";
  const bool valid = rune <= 0x10FFFF && (rune < 0xD800 || rune > 0xDFFF);
  append_escaped(out, valid ? rune : replacement_rune, '\'', ascii_only);
  return out + '\'';
}

bool can_backquote(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(first_rune(text).size)) {
    const auto x = first_rune(text);
    if (!x.valid || x.rune == 0xFEFF || x.rune == '`' || x.rune == 0x7F
        || (x.rune < ' ' && x.rune != '\t'))
      return false;
  }
  return true;
}

std::optional<char32_t> unquote_rune(std::string_view& text, char quotes) {
  const auto x = take_one(text, quotes);
  return x ? std::optional{x->rune} : std::nullopt;
}

std::optional<std::string> unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back())
    return std::nullopt;
  const auto quotes = literal[0];
  literal = literal.substr(1, literal.size() - 2);
  std::string out;
  if (quotes == '`') {
    for (const auto c : literal)
      if (c == '`')
        return std::nullopt;
      else if (c != '\r')
        out.push_back(c);
    return out;
  }
  while (!literal.empty()) {
    const bool plain_byte = static_cast<unsigned char>(literal[0]) >= 0x80
                            && !first_rune(literal).valid;
    if (plain_byte) { // kept as it is
      out.push_back(literal[0]);
      literal.remove_prefix(1);
      continue;
    }
    const auto x = take_one(literal, quotes);
    if (!x)
      return std::nullopt;
    if (x->is_byte)
      out.push_back(static_cast<char>(x->rune));
    else
      append_rune(out, x->rune);
  }
  return out;
}

std::string rune_description(char32_t rune) {
  std::string out = "U+" + hex(rune, 4, true);
  if (is_printable(rune)) {
    out += " '";
    append_rune(out, rune);
    out += '\'';
  }
  return out;
}

} // namespace praetor::templates
