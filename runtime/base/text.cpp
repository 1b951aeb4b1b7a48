#include "runtime/base/text.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <limits>

namespace praetor {

namespace {

using namespace std::chrono_literals;

struct unit {
  std::string_view name;
  std::int64_t ns;
};

constexpr std::array<unit, 8> units = {{
  {"ns", 1},
  {"us", 1'000},
  {"\u00B5s", 1'000},
  {"\u03BCs", 1'000},
  {"ms", 1'000'000},
  {"s", 1'000'000'000},
  {"m", 60'000'000'000},
  {"h", 3'600'000'000'000},
}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

error bad_duration(std::string_view what, std::string_view text) {
  return {errc::invalid_argument,
          "time: " + std::string{what} + " \"" + std::string{text} + "\""};
}

std::string_view take_while(std::string_view& in, bool (*f)(char)) {
  std::size_t n = 0;
  while (n < in.size() && f(in[n]))
    ++n;
  const auto head = in.substr(0, n);
  in.remove_prefix(n);
  return head;
}

/// Adds `digits[.fraction]` of a unit to `total`; false if it does not fit.
bool add_part(std::int64_t& total, std::string_view whole,
              std::string_view fraction, std::int64_t unit_ns) {
  std::int64_t value = 0;
  for (const auto c : whole)
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value)
        || __builtin_add_overflow(value, std::int64_t{c - '0'}, &value))
      return false;
  if (__builtin_mul_overflow(value, unit_ns, &value)
      || __builtin_add_overflow(total, value, &total))
    return false;
  auto scale = static_cast<double>(unit_ns);
  double part = 0;
  for (const auto c : fraction.substr(0, 18)) {
    scale /= 10;
    part += scale * (c - '0');
  }
  return !__builtin_add_overflow(total, static_cast<std::int64_t>(part + 1e-6),
                                 &total);
}

constexpr std::string_view base64_alphabet =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto base64_values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < base64_alphabet.size(); ++i)
    values[static_cast<unsigned char>(base64_alphabet[i])] =
      static_cast<std::int8_t>(i);
  return values;
}();

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

result<duration> parse_duration(std::string_view text) {
  auto in = text;
  const auto negative = in.starts_with('-');
  if (negative || in.starts_with('+'))
    in.remove_prefix(1);
  if (in == "0")
    return duration{0};
  if (in.empty())
    return bad_duration("invalid duration", text);
  std::int64_t total = 0;
  while (!in.empty()) {
    const auto whole = take_while(in, is_digit);
    std::string_view fraction;
    if (in.starts_with('.')) {
      in.remove_prefix(1);
      fraction = take_while(in, is_digit);
    }
    if (whole.empty() && fraction.empty())
      return bad_duration("invalid duration", text);
    const auto name =
      take_while(in, [](char c) { return c != '.' && !is_digit(c); });
    if (name.empty())
      return bad_duration("missing unit in duration", text);
    const unit* found = nullptr;
    for (const auto& candidate : units)
      if (candidate.name == name)
        found = &candidate;
    if (found == nullptr)
      return bad_duration(
        "unknown unit \"" + std::string{name} + "\" in duration", text);
    if (!add_part(total, whole, fraction, found->ns))
      return bad_duration("invalid duration", text);
  }
  return duration{negative ? -total : total};
}

std::string format_duration(duration x) {
  if (x == 0ns)
    return "0s";
  const auto negative = x < 0ns;
  auto ns = negative ? -static_cast<std::uint64_t>(x.count())
                     : static_cast<std::uint64_t>(x.count());
  const auto decimal = [](std::uint64_t value, std::uint64_t per_unit) {
    auto out = std::to_string(value / per_unit);
    auto rest = value % per_unit;
    if (rest == 0)
      return out;
    auto fraction = std::to_string(per_unit + rest).substr(1);
    while (fraction.back() == '0')
      fraction.pop_back();
    return out + "." + fraction;
  };
  std::string out;
  if (ns < 1'000) {
    out = std::to_string(ns) + "ns";
  } else if (ns < 1'000'000) {
    out = decimal(ns, 1'000) + "\u00B5s";
  } else if (ns < 1'000'000'000) {
    out = decimal(ns, 1'000'000) + "ms";
  } else {
    const auto minutes = ns / 60'000'000'000;
    ns %= 60'000'000'000;
    if (minutes >= 60)
      out += std::to_string(minutes / 60) + "h";
    if (minutes > 0)
      out += std::to_string(minutes % 60) + "m";
    out += decimal(ns, 1'000'000'000) + "s";
  }
  return negative ? "-" + out : out;
}

std::string format_rfc3339_ms(std::int64_t ms_since_1970) {
  const auto seconds = static_cast<std::time_t>(ms_since_1970 / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 80> buffer{};
  std::snprintf(buffer.data(), buffer.size(),
                "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<int>(ms_since_1970 % 1000));
  return buffer.data();
}

std::string base64_encode(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  const auto byte = [bytes](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
  };
  auto* to = out.data();
  const auto put = [&to](std::uint32_t word, unsigned count) {
    for (auto shift = 18U; count > 0; shift -= 6, --count)
      *to++ = base64_alphabet[(word >> shift) & 63U];
  };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3)
    put(byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2), 4);
  if (bytes.size() - i == 1)
    put(byte(i) << 16U, 2);
  else if (bytes.size() - i == 2)
    put(byte(i) << 16U | byte(i + 1) << 8U, 3);
  return out;
}

result<std::string> base64_decode(std::string_view text) {
  const auto bad = [](std::size_t at) {
    return error{errc::invalid_argument,
                 "illegal base64 data at input byte " + std::to_string(at)};
  };
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t word = 0;
  std::size_t filled = 0;
  std::size_t padding = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (c == '\n' || c == '\r')
      continue;
    if (c == '=' && filled + padding >= 2 && filled + padding < 4) {
      ++padding;
      continue;
    }
    const auto value = base64_values[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0)
      return bad(i);
    word = (word << 6U) | static_cast<std::uint32_t>(value);
    if (++filled == 4) {
      out.push_back(static_cast<char>(word >> 16U));
      out.push_back(static_cast<char>(word >> 8U));
      out.push_back(static_cast<char>(word));
      filled = 0;
      word = 0;
    }
  }
  if (filled == 0 && padding == 0)
    return out;
  if (filled + padding != 4) // without any "=", Go names the group's start
    return bad(padding == 0 ? text.size() - filled : text.size());
  if (filled == 2) {
    out.push_back(static_cast<char>(word >> 4U));
  } else {
    out.push_back(static_cast<char>(word >> 10U));
    out.push_back(static_cast<char>(word >> 2U));
  }
  return out;
}

std::string make_uuid(rng& random) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  auto high = (random.next() & ~0xF000ULL) | 0x4000ULL;
  auto low = (random.next() & ~(3ULL << 62U)) | (2ULL << 62U);
  for (auto i = 0U; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20)
      out.push_back('-');
    auto& half = i < 16 ? high : low;
    out.push_back(hex[half >> 60U]);
    half <<= 4U;
  }
  return out;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = lower(text[i]);
    const auto dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !(is_digit(c) || (c >= 'a' && c <= 'f')))
      return false;
  }
  return true;
}

std::string to_lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    c = lower(c);
  return out;
}

bool equal_fold(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i]))
      return false;
  return true;
}

std::optional<std::uint64_t> parse_uint(std::string_view text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [at, code] = std::from_chars(text.data(), end, value);
  if (text.empty() || code != std::errc{} || at != end)
    return std::nullopt;
  return value;
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const auto* yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (text == yes)
      return true;
  for (const auto* no : {"0", "f", "F", "FALSE", "false", "False"})
    if (text == no)
      return false;
  return std::nullopt;
}

} // namespace praetor
