#include "api/http/url.hpp"

#include "runtime/base/percent.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace praetor::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// Calls `f` with each segment of a path, without slashes.
template <class F>
void for_each_segment(std::string_view path, F f) {
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    f(path.substr(at, end - at));
    at = end + 1;
  }
}

struct range {
  std::uint32_t first;
  std::uint32_t last;
};

/// What Go's unicode.IsPrint refuses: controls, blanks, format characters,
/// private use.
constexpr std::array unprintable = {
  range{0x00, 0x1F},       range{0x7F, 0xA0},     range{0xAD, 0xAD},
  range{0x600, 0x605},     range{0x61C, 0x61C},   range{0x6DD, 0x6DD},
  range{0x70F, 0x70F},     range{0x1680, 0x1680}, range{0x180E, 0x180E},
  range{0x2000, 0x200F},   range{0x2028, 0x202F}, range{0x205F, 0x206F},
  range{0x3000, 0x3000},   range{0xD800, 0xF8FF}, range{0xFEFF, 0xFEFF},
  range{0xFFF0, 0xFFFB},   range{0xFFFE, 0xFFFF}, range{0xE0000, 0xE00FF},
  range{0xE01F0, 0x10FFFF}};

bool is_printable_rune(std::uint32_t c) {
  return std::none_of(unprintable.begin(), unprintable.end(),
                      [c](range r) { return c >= r.first && c <= r.last; });
}

/// Takes one character off the front. Bytes that are not UTF-8 count as
/// U+FFFD, which is printable, as in Go.
std::uint32_t take_rune(std::string_view& text) {
  constexpr std::uint32_t replacement = 0xFFFD;
  const auto first = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  if (first < 0x80)
    return first;
  const auto more = first >= 0xF0 ? 3U : first >= 0xE0 ? 2U : 1U;
  if (first < 0xC2 || first > 0xF4 || text.size() < more)
    return replacement;
  auto c = static_cast<std::uint32_t>(first & (0x3FU >> more));
  for (auto i = 0U; i < more; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80)
      return replacement;
    c = (c << 6U) | (next & 0x3FU);
  }
  text.remove_prefix(more);
  return c;
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size())
        return std::nullopt;
      const auto high = hex_value(text[i + 1]);
      const auto low = hex_value(text[i + 2]);
      if (high < 0 || low < 0)
        return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>>
parse_query(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("&;"), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty())
      continue;
    const auto equal = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, equal), true);
    auto value =
      percent_decode(part.substr(std::min(equal + 1, part.size())), true);
    if (!name || !value)
      return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

std::optional<target_parts> split_target(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme))
      continue;
    target.remove_prefix(scheme.size());
    const auto end = std::min(target.find_first_of("/?"), target.size());
    target.remove_prefix(end);
    if (target.empty() || target.front() == '?')
      return target_parts{
        "/", target.substr(std::min<std::size_t>(1, target.size()))};
    break;
  }
  if (!target.starts_with('/'))
    return std::nullopt;
  const auto end = std::min(target.find('?'), target.size());
  return target_parts{target.substr(0, end),
                      target.substr(std::min(end + 1, target.size()))};
}

bool is_clean_path(std::string_view path) {
  if (!path.starts_with('/'))
    return false;
  auto clean = true;
  // What follows the last slash may be empty, nothing else.
  const auto inner = path.substr(1);
  std::size_t seen = 0;
  for_each_segment(inner, [&](std::string_view segment) {
    seen += segment.size() + 1;
    const auto last = seen > inner.size();
    clean &= segment != "." && segment != ".." && (!segment.empty() || last);
  });
  return clean;
}

std::string clean_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for_each_segment(path, [&kept](std::string_view segment) {
    if (segment == "..") {
      if (!kept.empty())
        kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  });
  std::string out;
  for (const auto segment : kept)
    out.append("/").append(segment);
  if (out.empty() || path.ends_with('/'))
    out.push_back('/');
  return out;
}

std::string escape_path(std::string_view path) {
  return percent_encode(path, "$&+,/:;=@");
}

bool is_printable(std::string_view text) {
  while (!text.empty())
    if (!is_printable_rune(take_rune(text)))
      return false;
  return true;
}

} // namespace praetor::http
