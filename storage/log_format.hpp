// Keys and values of the log database.
//
//   key                     value, in a frame (storage/frame.hpp)
//   'E' index (8 bytes BE)  log_entry
//   "Mboot"                 starts of this server's process
//   "Mlog-format"           version of this format
//   "Midentity"             log_identity
//   "Mposition"             log_position: hard state, start and end of the log
//   "Mstate"                generation of the state database in force, if not 0
//
// Big endian, so that LevelDB's order is that of the indexes. A batch that does
// more than add entries writes the position, too: a log that ends before the
// position's end, or has a gap, is damaged; what is before its start waits to be
// swept. Pure.

#pragma once

#include "runtime/base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::log_format {

inline constexpr std::uint64_t version = 1;

inline constexpr std::string_view boot_key = "Mboot";
inline constexpr std::string_view format_key = "Mlog-format";
inline constexpr std::string_view identity_key = "Midentity";
inline constexpr std::string_view position_key = "Mposition";
inline constexpr std::string_view state_key = "Mstate";

inline std::string entry_key(log_index index) {
  std::string out(9, 'E');
  for (auto i = 1U; i < 9; ++i)
    out[i] = static_cast<char>(index >> (8 * (8 - i)));
  return out;
}

/// Returns nothing if `key` is not that of an entry.
inline std::optional<log_index> parse_entry_key(std::string_view key) {
  if (key.size() != 9 || key.front() != 'E')
    return std::nullopt;
  log_index out = 0;
  for (auto i = 1U; i < 9; ++i)
    out = (out << 8U) | static_cast<unsigned char>(key[i]);
  return out;
}

} // namespace praetor::log_format
