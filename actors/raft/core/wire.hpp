// Raft's messages as bytes between servers. Pure.
//
//   byte 0    version of this format
//   then      the message, encoded (runtime/base/codec.hpp)
//
// Whose bytes these are is the transport's business; what they mean together
// with our state, the core's. Here any bytes give a message or an error, and
// memory stays proportional to the bytes.

#pragma once

#include "actors/raft/core/types.hpp"
#include "runtime/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::raft {

/// A server that meets another version drops the message.
inline constexpr std::uint8_t wire_version = 1;

/// The largest message: an entry or a row travels whole, and the largest row (a
/// window of remembered results) has about 4 MiB.
inline constexpr std::size_t message_bytes_max = std::size_t{8} << 20U;

/// Node and cluster ids are UUIDs; tests use shorter ones.
inline constexpr std::size_t id_bytes_max = 64;

/// Entries in one append; senders stay far below.
inline constexpr std::size_t append_entries_max = 8192;

/// @pre `x` is within the limits, as everything is that a core sends.
std::string encode_message(const message& x);

/// Errors: invalid_argument for another version, corruption for bytes that do
/// not decode or exceed a limit. A decoded message may still make no sense: see
/// `well_formed`.
result<message> decode_message(std::string_view bytes);

} // namespace praetor::raft
