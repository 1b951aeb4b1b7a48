#include "api/http/go_text.hpp"

#include <charconv>

namespace praetor::http {

namespace {

constexpr std::string_view hex = "0123456789abcdef";

/// Returns the letter behind the backslash for bytes that have one, or 0.
char short_escape(char c) {
  switch (c) {
    case '\a': return 'a';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\v': return 'v';
    case '"':
    case '\\': return c;
    default: return 0;
  }
}

/// Returns the byte that `\<letter>` stands for, or nothing.
std::optional<char> resolve_short(char letter) {
  constexpr std::string_view letters = "abfnrtv\\\"";
  constexpr std::string_view bytes = "\a\b\f\n\r\t\v\\\"";
  const auto at = letters.find(letter);
  if (at == std::string_view::npos)
    return std::nullopt;
  return bytes[at];
}

bool append_utf8(std::uint32_t c, std::string& out) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
    return false;
  const auto tail = [&out, c](unsigned shift) {
    out.push_back(static_cast<char>(0x80U | ((c >> shift) & 0x3FU)));
  };
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0U | (c >> 6U)));
    tail(0);
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0U | (c >> 12U)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0U | (c >> 18U)));
    tail(12);
    tail(6);
    tail(0);
  }
  return true;
}

/// Takes exactly `count` digits off the front.
std::optional<std::uint32_t> take_digits(std::string_view& in,
                                         std::size_t count, int base) {
  if (in.size() < count)
    return std::nullopt;
  std::uint32_t value = 0;
  const auto* end = in.data() + count;
  const auto [at, code] = std::from_chars(in.data(), end, value, base);
  if (code != std::errc{} || at != end)
    return std::nullopt;
  in.remove_prefix(count);
  return value;
}

/// Resolves the escape at the front of `in`, which stands behind a backslash.
bool take_escape(std::string_view& in, std::string& out) {
  if (in.empty())
    return false;
  if (const auto c = resolve_short(in.front())) {
    out.push_back(*c);
    in.remove_prefix(1);
    return true;
  }
  const auto kind = in.front();
  if (kind >= '0' && kind <= '7') {
    const auto byte = take_digits(in, 3, 8);
    if (!byte || *byte > 255)
      return false;
    out.push_back(static_cast<char>(*byte));
    return true;
  }
  const auto count = kind == 'x'   ? 2U
                     : kind == 'u' ? 4U
                     : kind == 'U' ? 8U
                                   : 0U;
  in.remove_prefix(1);
  const auto value = count == 0 ? std::nullopt : take_digits(in, count, 16);
  if (!value)
    return false;
  if (kind != 'x')
    return append_utf8(*value, out);
  out.push_back(static_cast<char>(*value));
  return true;
}

/// Takes an optional base prefix off the front; 0 alone is decimal.
int take_base(std::string_view& in) {
  if (in.size() < 2 || in[0] != '0')
    return 10;
  const auto letter = in[1] | 0x20;
  const auto base = letter == 'x'   ? 16
                    : letter == 'o' ? 8
                    : letter == 'b' ? 2
                                    : 0;
  in.remove_prefix(base == 0 ? 1 : 2);
  return base == 0 ? 8 : base;
}

/// Removes underscores; nothing if one does not stand between digits.
/// `prefixed`: one may stand at the front.
std::optional<std::string> without_underscores(std::string_view digits,
                                               bool prefixed) {
  std::string out;
  auto may_follow = prefixed;
  for (const auto c : digits) {
    if (c != '_')
      out.push_back(c);
    else if (!may_follow)
      return std::nullopt;
    may_follow = c != '_';
  }
  if (!digits.empty() && digits.back() == '_')
    return std::nullopt;
  return out;
}

} // namespace

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  for (const auto c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const auto letter = short_escape(c); letter != 0) {
      out.push_back('\\');
      out.push_back(letter);
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out.push_back(hex[byte >> 4U]);
      out.push_back(hex[byte & 0xFU]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

std::optional<std::string> go_unquote(std::string_view inner) {
  std::string out;
  while (!inner.empty()) {
    const auto c = inner.front();
    inner.remove_prefix(1);
    if (c == '\n' || c == '"')
      return std::nullopt;
    if (c != '\\')
      out.push_back(c);
    else if (!take_escape(inner, out))
      return std::nullopt;
  }
  return out;
}

result<std::int64_t> go_parse_int(std::string_view text) {
  const auto bad = [text](std::string_view why) {
    return error{errc::invalid_argument, "strconv.ParseInt: parsing "
                                           + go_quote(text) + ": "
                                           + std::string{why}};
  };
  auto in = text;
  const auto negative = in.starts_with('-');
  if (negative || in.starts_with('+'))
    in.remove_prefix(1);
  const auto base = take_base(in);
  const auto digits = without_underscores(in, base != 10);
  if (!digits || digits->empty() || digits->front() == '-')
    return bad("invalid syntax");
  const auto signed_digits = negative ? "-" + *digits : *digits;
  std::int64_t value = 0;
  const auto* end = signed_digits.data() + signed_digits.size();
  const auto [at, code] =
    std::from_chars(signed_digits.data(), end, value, base);
  if (at != end || code == std::errc::invalid_argument)
    return bad("invalid syntax");
  if (code != std::errc{})
    return bad("value out of range");
  return value;
}

} // namespace praetor::http
