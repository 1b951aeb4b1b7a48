// How healthy this node thinks it is itself. Pure.
//
// A node that gets no answers is often the sick one. The higher the score, the
// longer it waits before it accuses others.
//
// Source: Lifeguard (Dadgar et al.), local health multiplier.

#pragma once

#include "runtime/base/time.hpp"

#include <algorithm>

namespace praetor::gossip {

/// Invariant: `0 <= score() < max`.
class awareness {
public:
  /// @pre `max >= 1`.
  explicit awareness(int max) : max_{max} {}

  /// 0 is healthy.
  int score() const { return score_; }

  void change(int by) { score_ = std::clamp(score_ + by, 0, max_ - 1); }

  duration scale(duration x) const { return x * (score_ + 1); }

private:
  int max_;
  int score_ = 0;
};

} // namespace praetor::gossip
