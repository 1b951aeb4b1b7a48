// What connections between nodes may cost: bytes, counts and times. Plain data.

#pragma once

#include "runtime/base/time.hpp"

#include <cstddef>

namespace praetor::net {

/// Sizes in bytes, and counts.
struct peer_limits {
  /// The payload of one frame. Source: Raft's messages have at most 8 MiB.
  std::size_t frame_bytes_max = std::size_t{9} << 20U;
  /// An answer, which travels in several frames.
  std::size_t answer_bytes_max = std::size_t{256} << 20U;
  /// What waits in one lane of a connection. One thing always has room.
  std::size_t urgent_bytes_max = std::size_t{1} << 20U;
  std::size_t normal_bytes_max = std::size_t{64} << 20U;
  std::size_t bulk_bytes_max = std::size_t{32} << 20U;
  /// Requests on one connection that wait for their answers: further ones are
  /// answered as overloaded by the asker's side.
  std::size_t pending_max = std::size_t{64} << 10U;
  /// Requests of one connection that this node has not answered, and the bytes
  /// of these and of answers that the other side has not read: with more, the
  /// connection is not read for a while (peer_times::pause_max), and then
  /// further requests are answered as overloaded.
  std::size_t unanswered_max = 16384;
  std::size_t unanswered_bytes_max = std::size_t{32} << 20U;
  /// Connections of others.
  std::size_t incoming_max = 8192;
  /// Of those: from one address; and such that have not said hello. Beyond
  /// these, the oldest that has not said hello makes room.
  std::size_t incoming_per_address_max = 200;
  std::size_t strangers_max = 256;
};

/// How long things may take.
struct peer_times {
  /// For TCP to connect, and then for TLS and both hellos.
  duration connect_max = std::chrono::seconds{3};
  duration hello_max = std::chrono::seconds{5};
  /// Between attempts to connect, doubled each time.
  duration backoff_min = std::chrono::milliseconds{50};
  duration backoff_max = std::chrono::seconds{2};
  /// The dialer asks for a sign of life: so long after something was sent if
  /// nothing came since; so long after the last sign while requests wait for
  /// their answers; and if nothing happens.
  duration ping_busy = std::chrono::seconds{1};
  duration ping_waiting = std::chrono::seconds{5};
  duration ping_idle = std::chrono::seconds{30};
  /// The connection is lost if the sign does not come.
  duration pong_max = std::chrono::seconds{3};
  /// For the other side to take what is written in one go.
  duration write_max = std::chrono::seconds{30};
  /// A connection of ours that nothing was sent on is closed.
  duration idle_max = std::chrono::minutes{5};
  /// How long too many unanswered requests may keep messages waiting.
  duration pause_max = std::chrono::milliseconds{100};
  /// How often the same complaint about the same peer is logged.
  duration complaint_every = std::chrono::minutes{1};
};

} // namespace praetor::net
