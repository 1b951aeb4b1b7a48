// JSON that an agent answered, as a tree. Numbers keep their digits, because
// flags and indexes use all 64 bits. Pure; total over any text.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::tools {

enum class json_kind : std::uint8_t {
  null,
  boolean,
  number,
  string,
  array,
  object,
};

/// One value. Asking for what is not there gives an empty one, so that a path
/// such as `x["Config"]["NodeName"].text()` needs no checks on its way.
struct json_value {
  using member = std::pair<std::string, json_value>;

  json_kind kind = json_kind::null;
  /// The string, or the digits of a number, or "true" or "false".
  std::string content = {};
  std::vector<json_value> items = {};
  /// In the order of the document.
  std::vector<member> members = {};

  /// Returns the member of that name, or null.
  const json_value& operator[](std::string_view name) const;

  /// Returns the string, or "".
  std::string_view text() const;

  /// Returns the whole number, or 0.
  std::uint64_t number() const;

  bool truth() const { return content == "true"; }
};

/// Deepest nesting that is read.
inline constexpr int json_depth_max = 100;

/// Errors: invalid_argument with Go's text for the most common mistakes, e.g.
/// `invalid character 'z' looking for beginning of value`.
result<json_value> parse_json(std::string_view text);

/// Returns compact JSON.
std::string to_json(const json_value& x);

} // namespace praetor::tools
