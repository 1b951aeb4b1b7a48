// Cuts compact JSON into the texts of its elements, so that parts of an answer
// can be passed on byte by byte. Pure. Meant for answers of our own; still, no
// input makes it read outside of the text.

#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace praetor::http {

/// A part of a list (`name` is empty) or of an object.
struct json_slice {
  /// As written, without quotes.
  std::string_view name;
  std::string_view value;
  /// Name and value as they stand there: `"a":1`.
  std::string_view whole;
};

/// Returns the parts of a list or object, in order; nothing if `json` is not
/// compact JSON of that kind.
std::optional<std::vector<json_slice>> slice_json(std::string_view json);

/// Returns the value of an object's member, or "" if there is none.
std::string_view slice_of(const std::vector<json_slice>& object,
                          std::string_view name);

} // namespace praetor::http
