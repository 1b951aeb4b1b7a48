// When to try again: after a span that doubles with each failure, up to a
// limit. Pure.

#pragma once

#include "runtime/base/time.hpp"

#include <algorithm>

namespace praetor::registrator {

/// See the head of the file.
class backoff {
public:
  backoff(duration first, duration most)
    : first_{first}, most_{most}, next_{first} {}

  /// @returns how long to wait
  duration fail(time_point now) {
    const auto wait = next_;
    at_ = now + wait;
    next_ = std::min(next_ * 2, most_);
    return wait;
  }

  void succeed() {
    at_ = {};
    next_ = first_;
  }

  /// The next attempt is due then; long ago if nothing failed.
  time_point at() const { return at_; }

private:
  duration first_;
  duration most_;
  duration next_;
  time_point at_{};
};

} // namespace praetor::registrator
