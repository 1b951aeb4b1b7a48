#include "actors/template/core/number_text.hpp"

#include "actors/template/core/quoting.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace praetor::templates {

namespace {

/// "d.ddde±dd" of the shortest or of a fixed number of digits.
std::string scientific(double x, int precision, int bits) {
  std::array<char, 1200> buffer{};
  auto* end = buffer.data() + buffer.size();
  constexpr auto style = std::chars_format::scientific;
  std::to_chars_result done{};
  if (precision >= 0)
    done = std::to_chars(buffer.data(), end, x, style, precision);
  else if (bits == 32)
    done = std::to_chars(buffer.data(), end, static_cast<float>(x), style);
  else
    done = std::to_chars(buffer.data(), end, x, style);
  return {buffer.data(), done.ptr};
}

/// The fewest digits that read back equal, without exponent. (to_chars would
/// show all digits of large numbers.)
std::string shortest_fixed(double x, int bits) {
  auto digits = scientific(x, -1, bits);
  const auto at = digits.find('e');
  const int exponent = std::atoi(digits.c_str() + at + 1);
  digits.resize(at);
  std::string out = digits.starts_with('-') ? "-" : "";
  digits.erase(0, out.size());
  std::erase(digits, '.');
  const auto count = static_cast<int>(digits.size());
  if (exponent < 0)
    return out + "0."
           + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1)
    return out + digits
           + std::string(static_cast<std::size_t>(exponent + 1 - count), '0');
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string fixed(double x, int precision, int bits) {
  if (precision < 0)
    return shortest_fixed(x, bits);
  // The largest double has 309 digits before the point.
  std::string buffer(static_cast<std::size_t>(precision) + 320, '\0');
  const auto done = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                  x, std::chars_format::fixed, precision);
  buffer.resize(static_cast<std::size_t>(done.ptr - buffer.data()));
  return buffer;
}

std::string general(double x, int precision, int bits) {
  if (precision < 0) {
    auto text = scientific(x, -1, bits);
    const auto at = text.find('e');
    const int exponent = std::atoi(text.c_str() + at + 1);
    return exponent < -4 || exponent >= 6 ? text : fixed(x, -1, bits);
  }
  std::array<char, 1200> buffer{};
  const auto done =
    std::to_chars(buffer.data(), buffer.data() + buffer.size(), x,
                  std::chars_format::general, std::max(precision, 1));
  return {buffer.data(), done.ptr};
}

/// Mantissa and exponent of two: "4503599627370496p-52".
std::string binary(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  auto exponent = static_cast<int>((bits >> 52U) & 0x7FFU);
  auto mantissa = bits & ((std::uint64_t{1} << 52U) - 1);
  if (exponent == 0)
    exponent = 1;
  else
    mantissa |= std::uint64_t{1} << 52U;
  exponent -= 1075;
  std::string out = std::signbit(x) ? "-" : "";
  out += std::to_string(mantissa) + "p" + (exponent >= 0 ? "+" : "");
  return out + std::to_string(exponent);
}

/// "0x1.8p+01": Go writes at least two digits of exponent.
std::string hexadecimal(double x, int precision) {
  std::array<char, 1200> buffer{};
  if (precision < 0)
    std::snprintf(buffer.data(), buffer.size(), "%a", x);
  else
    std::snprintf(buffer.data(), buffer.size(), "%.*a", precision, x);
  std::string text = buffer.data();
  const auto at = text.find('p');
  if (at != std::string::npos && text.size() - at == 3)
    text.insert(at + 2, "0");
  return text;
}

std::string special(double x) {
  if (std::isnan(x))
    return "NaN";
  return x > 0 ? "+Inf" : "-Inf";
}

constexpr int precision_max = 1000;

int digit_of(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z')
    return c - 'A' + 10;
  return 99;
}

/// Takes "0x" and the like away; the base that they mean.
unsigned take_prefix(std::string_view& text) {
  if (text.size() < 2 || text[0] != '0')
    return 10;
  const auto letter = static_cast<char>(text[1] | 0x20);
  const unsigned base = letter == 'x'   ? 16
                        : letter == 'o' ? 8
                        : letter == 'b' ? 2
                                        : 0;
  if (base == 0) {
    text.remove_prefix(1);
    return 8;
  }
  text.remove_prefix(2);
  return base;
}

/// Whether every `_` stands between digits (a base prefix counts as one).
bool underscores_fit(std::string_view digits, bool after_prefix) {
  bool digit_before = after_prefix;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != '_') {
      digit_before = true;
      continue;
    }
    if (!digit_before || i + 1 == digits.size() || digits[i + 1] == '_')
      return false;
    digit_before = false;
  }
  return true;
}

parsed_natural read_digits(std::string_view text, unsigned base) {
  parsed_natural out;
  if (text.empty())
    return {0, number_flaw::syntax};
  bool too_large = false;
  for (const auto c : text) {
    const auto digit = digit_of(c);
    if (digit >= static_cast<int>(base))
      return {0, number_flaw::syntax};
    too_large |= __builtin_mul_overflow(out.value, base, &out.value);
    too_large |= __builtin_add_overflow(
      out.value, static_cast<std::uint64_t>(digit), &out.value);
  }
  if (too_large)
    return {UINT64_MAX, number_flaw::range};
  return out;
}

/// Removes `sign` characters: whether the text is negative.
bool take_sign(std::string_view& text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-'))
    return false;
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  return negative;
}

bool equals_folded(std::string_view a, std::string_view lower) {
  return std::equal(
    a.begin(), a.end(), lower.begin(), lower.end(),
    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

std::string without_underscores(std::string_view text) {
  std::string out{text};
  std::erase(out, '_');
  return out;
}

} // namespace

std::string format_real(double x, char verb, int precision, int bits) {
  if (!std::isfinite(x))
    return special(x);
  precision = std::min(precision, precision_max);
  const auto lower = static_cast<char>(verb | 0x20);
  std::string text;
  switch (lower) {
    case 'e': text = scientific(x, precision, bits); break;
    case 'f': text = fixed(x, precision, bits); break;
    case 'b': return binary(x);
    case 'x': text = hexadecimal(x, precision); break;
    default: text = general(x, precision, bits); break;
  }
  if (verb < 'a' && verb != 'F')
    for (auto& c : text)
      c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

std::string format_natural(std::uint64_t x, unsigned base) {
  std::array<char, 64> buffer{};
  const auto done = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                  x, static_cast<int>(base));
  return {buffer.data(), done.ptr};
}

parsed_natural read_natural(std::string_view text, unsigned base) {
  if (base != 0)
    return read_digits(text, base);
  const auto size = text.size();
  const auto real_base = take_prefix(text);
  const bool prefixed = text.size() != size;
  if (text.empty() && prefixed && size == 1)
    return {};
  if (!underscores_fit(text, prefixed))
    return {0, number_flaw::syntax};
  return read_digits(without_underscores(text), real_base);
}

parsed_integer read_integer(std::string_view text, unsigned base) {
  const bool negative = take_sign(text);
  const auto magnitude = read_natural(text, base);
  if (magnitude.flaw == number_flaw::syntax)
    return {0, number_flaw::syntax};
  constexpr auto edge = std::uint64_t{1} << 63U;
  if (!negative && magnitude.value >= edge)
    return {INT64_MAX, number_flaw::range};
  if (negative && magnitude.value > edge)
    return {INT64_MIN, number_flaw::range};
  return {
    static_cast<std::int64_t>(negative ? 0 - magnitude.value : magnitude.value),
    {}};
}

parsed_real read_real(std::string_view text) {
  const bool negative = take_sign(text);
  const double sign = negative ? -1 : 1;
  if (equals_folded(text, "inf") || equals_folded(text, "infinity"))
    return {sign * HUGE_VAL, {}};
  if (equals_folded(text, "nan"))
    return {std::nan(""), {}};
  const bool hexadecimal_form =
    text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
  if (hexadecimal_form) {
    text.remove_prefix(2);
    // Go wants an exponent here.
    if (text.find_first_of("pP") == std::string_view::npos)
      return {0, number_flaw::syntax};
  }
  if (!underscores_fit(text, hexadecimal_form))
    return {0, number_flaw::syntax};
  const auto plain = without_underscores(text);
  if (plain.empty() || plain[0] == '-' || plain[0] == '+'
      || (digit_of(plain[0]) >= 16 && plain[0] != '.'))
    return {0, number_flaw::syntax};
  double x = 0;
  const auto done = std::from_chars(
    plain.data(), plain.data() + plain.size(), x,
    hexadecimal_form ? std::chars_format::hex : std::chars_format::general);
  if (done.ptr != plain.data() + plain.size()
      || done.ec == std::errc::invalid_argument)
    return {0, number_flaw::syntax};
  if (done.ec == std::errc::result_out_of_range) {
    // Too small is zero, too large is an error.
    x = std::strtod(((hexadecimal_form ? "0x" : "") + plain).c_str(), nullptr);
    if (std::isinf(x))
      return {sign * x, number_flaw::range};
  }
  return {sign * x, {}};
}

std::string flaw_text(std::string_view function, std::string_view text,
                      number_flaw flaw) {
  return "strconv." + std::string{function} + ": parsing " + quote(text)
         + (flaw == number_flaw::syntax ? ": invalid syntax"
                                        : ": value out of range");
}

} // namespace praetor::templates
