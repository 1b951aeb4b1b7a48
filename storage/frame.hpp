// The form of every value in our databases: CRC32C of key and body, 4 bytes
// little endian, then the body. Pure.
//
// LevelDB has checksums of its own, but only between memory and disk. This one
// lives from the writer to the reader and includes the key, so that a value
// that ended up in the wrong place is noticed too.

#pragma once

#include "runtime/base/crc32c.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::frame {

inline constexpr std::size_t header_size = 4;

/// Empties `out` and leaves room for the header; append the body, then `seal`.
inline void begin(std::string& out) {
  out.assign(header_size, '\0');
}

/// Fills in the header.
/// @pre `begin(out)` was called.
inline void seal(std::string_view key, std::string& out) {
  const auto body = std::string_view{out}.substr(header_size);
  const auto crc = crc32c(body, crc32c(key));
  for (auto i = 0U; i < header_size; ++i)
    out[i] = static_cast<char>(crc >> (8 * i));
}

/// Returns the body, or nothing if the checksum is wrong.
inline std::optional<std::string_view> open(std::string_view key,
                                            std::string_view value) {
  if (value.size() < header_size)
    return std::nullopt;
  std::uint32_t stored = 0;
  for (auto i = 0U; i < header_size; ++i)
    stored |= static_cast<std::uint32_t>(static_cast<unsigned char>(value[i]))
              << (8 * i);
  const auto body = value.substr(header_size);
  if (crc32c(body, crc32c(key)) != stored)
    return std::nullopt;
  return body;
}

} // namespace praetor::frame
