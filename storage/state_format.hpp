// Keys and values of the state database and of the local database.
//
//   key                  value, in a frame (storage/frame.hpp)
//   'R' table '\0' key   the row's value, as its owner encoded it
//   "Mstate-format"      version of this format
//   "Mmark"              checkpoint_mark
//
// So the rows of a table lie together, in the order of their keys. Pure.

#pragma once

#include "runtime/base/assert.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace praetor::state_format {

inline constexpr std::uint64_t version = 2;

inline constexpr std::string_view format_key = "Mstate-format";
inline constexpr std::string_view mark_key = "Mmark";
inline constexpr std::string_view row_prefix = "R";

/// @pre `table` has no '\0'.
inline std::string row_key(std::string_view table, std::string_view key) {
  PRAETOR_ASSERT(table.find('\0') == std::string_view::npos);
  std::string out;
  out.reserve(2 + table.size() + key.size());
  out.append(row_prefix).append(table).append(1, '\0').append(key);
  return out;
}

/// Returns table and key, or nothing if `key` is not that of a row.
inline std::optional<std::pair<std::string_view, std::string_view>>
parse_row_key(std::string_view key) {
  const auto end = key.find('\0');
  if (!key.starts_with(row_prefix) || end == std::string_view::npos)
    return std::nullopt;
  return std::pair{key.substr(1, end - 1), key.substr(end + 1)};
}

} // namespace praetor::state_format
