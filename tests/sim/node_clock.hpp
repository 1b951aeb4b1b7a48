// A server's own clocks: its monotonic one runs at a rate of its own from a
// start of its own, its wall clock is off by some amount. Pure.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>

namespace praetor::sim {

class node_clock {
public:
  node_clock() = default;

  node_clock(duration offset, std::int64_t rate_ppm, std::int64_t wall_ms)
    : offset_{offset}, rate_ppm_{rate_ppm}, wall_ms_{wall_ms} {}

  /// Returns what the monotonic clock shows at `at`.
  time_point local(duration at) const {
    return time_point{offset_ + at + drift(at)};
  }

  /// Returns the first moment at which it shows `t` or later.
  duration global(time_point t) const {
    const auto want = t.time_since_epoch() - offset_;
    auto at = duration{want.count() * 1'000'000 / (1'000'000 + rate_ppm_)};
    while (local(at) < t)
      ++at;
    return at;
  }

  cluster_time wall(duration at) const {
    return epoch_ms + wall_ms_ + (at + drift(at)).count() / 1'000'000;
  }

  void jump(std::int64_t ms) { wall_ms_ += ms; }

private:
  static constexpr cluster_time epoch_ms = 1'600'000'000'000;

  duration drift(duration at) const {
    // Exact for hours: the product stays far below 2^63.
    return duration{at.count() * rate_ppm_ / 1'000'000};
  }

  duration offset_{0};
  std::int64_t rate_ppm_ = 0;
  std::int64_t wall_ms_ = 0;
};

} // namespace praetor::sim
