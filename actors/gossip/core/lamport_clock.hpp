// A logical clock: orders what nodes say without a common time. Pure.
//
// Source: Lamport, "Time, Clocks, and the Ordering of Events in a Distributed
// System".

#pragma once

#include <cstdint>

namespace praetor::gossip {

/// Invariant: never goes back.
class lamport_clock {
public:
  /// A message further ahead than that is damaged or hostile; believing it
  /// would bring the clock near its end.
  static constexpr std::uint64_t jump_max = std::uint64_t{1} << 32U;

  explicit lamport_clock(std::uint64_t time = 0) : time_{time} {}

  std::uint64_t time() const { return time_; }

  /// Whether a message of that time may be believed.
  bool plausible(std::uint64_t time) const {
    return time <= time_ || time - time_ <= jump_max;
  }

  /// Returns the time of something new.
  std::uint64_t increment() { return ++time_; }

  /// Learns that something happened at `time`.
  /// @pre `plausible(time)`.
  void witness(std::uint64_t time) {
    if (time >= time_)
      time_ = time + 1;
  }

private:
  std::uint64_t time_;
};

} // namespace praetor::gossip
