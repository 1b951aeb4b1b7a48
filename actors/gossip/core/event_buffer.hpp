// User events of the recent past, so that each is delivered once.
//
// Pure. Events are told apart by Lamport time, name and payload; what is older
// than the window is dropped unseen.
//
// Source: hashicorp/serf, serf.go (handleUserEvent).

#pragma once

#include "actors/gossip/core/lamport_clock.hpp"
#include "actors/gossip/core/wire.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace praetor::gossip {

class event_buffer {
public:
  /// Lamport times that are remembered.
  static constexpr std::size_t window = 512;

  /// Events at one Lamport time; further ones are dropped.
  static constexpr std::size_t at_once_max = 256;

  /// How much of all that is given to a peer at once.
  static constexpr std::size_t recent_bytes_max = std::size_t{4} << 20U;

  explicit event_buffer(std::uint64_t time) : clock_{time} {}

  const lamport_clock& clock() const { return clock_; }

  /// Makes an event of now, and remembers it.
  user_event fire(std::string name, std::string payload);

  /// Returns whether the event is new, and remembers it then.
  bool accept(const user_event& x);

  /// From now on, events of up to `time` are old.
  void ignore_upto(std::uint64_t time);

  /// Learns what time it is elsewhere.
  void witness(std::uint64_t time);

  /// Returns what is remembered, up to `recent_bytes_max`.
  std::vector<user_event> recent() const;

  /// Returns a number that is equal if `recent()` is, up to order.
  std::uint64_t hash() const { return hash_; }

private:
  struct slot {
    std::uint64_t ltime = 0;
    std::vector<user_event> events;
  };

  bool remember(const user_event& x);

  lamport_clock clock_;
  std::uint64_t min_time_ = 0;
  std::array<slot, window> slots_;
  std::uint64_t hash_ = 0;
};

} // namespace praetor::gossip
