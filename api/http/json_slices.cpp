#include "api/http/json_slices.hpp"

#include <cstddef>

namespace praetor::http {

namespace {

/// Returns the length of the string literal at the front, or 0.
std::size_t string_length(std::string_view s) {
  if (!s.starts_with('"'))
    return 0;
  for (std::size_t i = 1; i < s.size(); ++i) {
    if (s[i] == '"')
      return i + 1;
    if (s[i] == '\\')
      ++i;
  }
  return 0;
}

/// Returns the length of the value at the front, or 0.
std::size_t value_length(std::string_view s) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto c = s[i];
    const auto closes = c == ']' || c == '}';
    if (depth == 0 && (closes || c == ','))
      return i;
    if (c == '"') {
      const auto length = string_length(s.substr(i));
      if (length == 0)
        return 0;
      i += length - 1;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (closes) {
      --depth;
    }
  }
  return depth == 0 ? s.size() : 0;
}

/// Takes one part off the front.
std::optional<json_slice> take_part(std::string_view& in, bool named) {
  json_slice part;
  std::size_t prefix = 0;
  if (named) {
    prefix = string_length(in);
    if (prefix == 0 || prefix >= in.size() || in[prefix] != ':')
      return std::nullopt;
    part.name = in.substr(1, prefix - 2);
    ++prefix;
  }
  const auto length = value_length(in.substr(prefix));
  if (length == 0)
    return std::nullopt;
  part.value = in.substr(prefix, length);
  part.whole = in.substr(0, prefix + length);
  in.remove_prefix(prefix + length);
  return part;
}

} // namespace

std::optional<std::vector<json_slice>> slice_json(std::string_view json) {
  const auto named = json.starts_with('{');
  if (json.size() < 2 || (!named && !json.starts_with('['))
      || json.back() != (named ? '}' : ']'))
    return std::nullopt;
  auto in = json.substr(1, json.size() - 2);
  std::vector<json_slice> parts;
  if (in.empty())
    return parts;
  for (;;) {
    const auto part = take_part(in, named);
    if (!part)
      return std::nullopt;
    parts.push_back(*part);
    if (in.empty())
      return parts;
    if (!in.starts_with(','))
      return std::nullopt;
    in.remove_prefix(1);
  }
}

std::string_view slice_of(const std::vector<json_slice>& object,
                          std::string_view name) {
  for (const auto& part : object)
    if (part.name == name)
      return part.value;
  return {};
}

} // namespace praetor::http
