// What waits to be written to a connection, in lanes with limits, and the turns
// in which it is written: many frames in one gathering write. Pure.
//
// A turn takes what is urgent, then what is normal, then bulk, up to a number
// of bytes, so that what becomes urgent meanwhile waits for one turn at most.
// Bulk that was left out of some turns has a place in the next. A long answer
// is cut into frames on its way out, and between two of these others may go.

#pragma once

#include "runtime/base/peer_network.hpp"
#include "runtime/net/peer_frames.hpp"
#include "runtime/net/peer_limits.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::net {

/// A frame to be sent.
struct outgoing_frame {
  frame_kind kind{};
  std::uint64_t id = 0;
  std::string payload;
  /// crc32c(payload), computed by whoever has the time.
  std::uint32_t payload_crc = 0;
};

/// See the head of the file.
class peer_queue {
public:
  explicit peer_queue(const peer_limits& limits);

  /// Adds a frame. Returns false, and drops it, if its lane is full. An empty
  /// lane is never full. An answer may be longer than a frame.
  bool push(lane where, outgoing_frame x);

  /// Whether nothing waits; a turn that was begun does not count.
  bool empty() const;

  /// Bytes that wait, and the frames' overhead.
  std::size_t bytes() const;

  /// Begins a turn. @returns what to write, in order; at most 64 pieces, valid
  /// until `end_turn`. @pre not empty, and no turn was begun.
  std::span<const std::string_view> begin_turn();

  /// What the turn took is written.
  void end_turn();

  /// Of all turns.
  std::uint64_t frames_taken() const { return frames_taken_; }

private:
  struct waiting_frame {
    outgoing_frame it;
    /// Of its payload.
    std::size_t sent = 0;
  };
  struct one_lane {
    std::deque<waiting_frame> frames;
    std::size_t bytes = 0;
    std::size_t bytes_max = 0;
  };
  /// A part of a turn: of a payload, or, if that is empty, of the chunk.
  struct piece {
    std::string_view payload;
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  void take_from(one_lane& from, std::size_t bytes_max);
  void take_one(one_lane& from);
  void take_part(one_lane& from, waiting_frame x);
  void add_frame(frame_kind kind, std::uint64_t id, std::string_view payload,
                 std::uint32_t payload_crc);
  void add_to_chunk(std::string_view bytes);

  std::array<one_lane, 3> lanes_;
  unsigned turns_without_bulk_ = 0;

  // The turn.
  std::size_t turn_bytes_ = 0;
  /// Heads and small payloads, one after the other.
  std::string chunk_;
  std::vector<piece> pieces_;
  /// What pieces refer to and no lane holds.
  std::vector<std::string> payloads_;
  std::vector<std::string_view> views_;
  std::uint64_t frames_taken_ = 0;
};

} // namespace praetor::net
