#include "actors/template/core/utf8.hpp"

#include <re2/re2.h>

#include <clocale>
#include <cwctype>

namespace praetor::templates {

namespace {

constexpr std::size_t continuation_count(unsigned char lead) {
  return lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : 0;
}

constexpr bool is_ascii(char32_t x) {
  return x < 0x80;
}

/// Whether a code point is in a class of RE2, which knows Unicode's.
bool in_class(char32_t rune, const RE2& pattern) {
  std::string text;
  append_rune(text, rune);
  return RE2::FullMatch(text, pattern);
}

/// glibc's case tables; the locale "C.UTF-8" is always there.
locale_t unicode_locale() {
  static const auto x = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return x;
}

constexpr char32_t ascii_upper(char32_t x) {
  return x >= 'a' && x <= 'z' ? x - 32 : x;
}

constexpr char32_t ascii_lower(char32_t x) {
  return x >= 'A' && x <= 'Z' ? x + 32 : x;
}

template <class Function>
std::string each_rune(std::string_view text, Function f) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto x = first_rune(text);
    if (x.valid)
      append_rune(out, f(x.rune));
    else
      append_rune(out, replacement_rune);
    text.remove_prefix(x.size);
  }
  return out;
}

} // namespace

decoded_rune first_rune(std::string_view text) {
  if (text.empty())
    return {};
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80)
    return {lead, 1, true};
  const decoded_rune wrong{replacement_rune, 1, false};
  const auto more = continuation_count(lead);
  if (more == 0 || lead > 0xF4 || text.size() <= more)
    return wrong;
  auto rune = static_cast<char32_t>(lead & (0x3FU >> more));
  for (std::size_t i = 1; i <= more; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80)
      return wrong;
    rune = (rune << 6U) | (byte & 0x3FU);
  }
  constexpr char32_t smallest[] = {0, 0x80, 0x800, 0x10000};
  if (rune < smallest[more] || rune > 0x10FFFF
      || (rune >= 0xD800 && rune <= 0xDFFF))
    return wrong;
  return {rune, more + 1, true};
}

decoded_rune last_rune(std::string_view text) {
  if (text.empty())
    return {};
  for (std::size_t back = 1; back <= 4 && back <= text.size(); ++back) {
    const auto tail = text.substr(text.size() - back);
    const auto x = first_rune(tail);
    if (x.valid && x.size == back)
      return x;
  }
  return {replacement_rune, 1, false};
}

void append_rune(std::string& out, char32_t rune) {
  const auto byte = [&out](char32_t x) { out.push_back(static_cast<char>(x)); };
  if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
    rune = replacement_rune;
  if (rune < 0x80)
    return byte(rune);
  if (rune < 0x800) {
    byte(0xC0U | (rune >> 6U));
  } else {
    if (rune < 0x10000) {
      byte(0xE0U | (rune >> 12U));
    } else {
      byte(0xF0U | (rune >> 18U));
      byte(0x80U | ((rune >> 12U) & 0x3FU));
    }
    byte(0x80U | ((rune >> 6U) & 0x3FU));
  }
  byte(0x80U | (rune & 0x3FU));
}

std::u32string to_runes(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto x = first_rune(text);
    out.push_back(x.rune);
    text.remove_prefix(x.size);
  }
  return out;
}

std::string to_utf8(std::u32string_view runes) {
  std::string out;
  for (const auto rune : runes)
    append_rune(out, rune);
  return out;
}

std::size_t count_runes(std::string_view text) {
  std::size_t n = 0;
  for (; !text.empty(); ++n)
    text.remove_prefix(first_rune(text).size);
  return n;
}

std::string_view rune_prefix(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  for (; count > 0 && end < text.size(); --count)
    end += first_rune(text.substr(end)).size;
  return text.substr(0, end);
}

bool is_letter(char32_t rune) {
  if (is_ascii(rune))
    return ascii_lower(rune) >= 'a' && ascii_lower(rune) <= 'z';
  static const RE2 letter{R"(\pL)"};
  return in_class(rune, letter);
}

bool is_digit(char32_t rune) {
  if (is_ascii(rune))
    return rune >= '0' && rune <= '9';
  static const RE2 digit{R"(\p{Nd})"};
  return in_class(rune, digit);
}

bool is_space(char32_t rune) {
  if (is_ascii(rune))
    return rune == ' ' || (rune >= '\t' && rune <= '\r');
  static const RE2 space{R"([\x{85}\pZ])"};
  return in_class(rune, space);
}

bool is_printable(char32_t rune) {
  if (is_ascii(rune))
    return rune >= ' ' && rune < 0x7F;
  static const RE2 printable{R"([\pL\pM\pN\pP\pS])"};
  return in_class(rune, printable);
}

bool is_upper(char32_t rune) {
  return is_ascii(rune) ? rune >= 'A' && rune <= 'Z'
                        : iswupper_l(rune, unicode_locale()) != 0;
}

bool is_lower(char32_t rune) {
  return is_ascii(rune) ? rune >= 'a' && rune <= 'z'
                        : iswlower_l(rune, unicode_locale()) != 0;
}

char32_t to_upper(char32_t rune) {
  return is_ascii(rune) ? ascii_upper(rune)
                        : towupper_l(rune, unicode_locale());
}

char32_t to_lower(char32_t rune) {
  return is_ascii(rune) ? ascii_lower(rune)
                        : towlower_l(rune, unicode_locale());
}

std::string upper_case(std::string_view text) {
  return each_rune(text, to_upper);
}

std::string lower_case(std::string_view text) {
  return each_rune(text, to_lower);
}

std::string_view trim_space(std::string_view text) {
  for (auto x = first_rune(text); x.size > 0 && x.valid && is_space(x.rune);
       x = first_rune(text))
    text.remove_prefix(x.size);
  for (auto x = last_rune(text); x.size > 0 && x.valid && is_space(x.rune);
       x = last_rune(text))
    text.remove_suffix(x.size);
  return text;
}

} // namespace praetor::templates
