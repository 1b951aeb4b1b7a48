// Waits until a template's data is quiet before it is rendered: at least `min`
// after the last change, at most `max` after the first. A little jitter keeps
// many processes that saw one change from acting at the same instant.
// Pure: `now` is a parameter.
//
//   tick      v  v    v                 v = a change, | = ready
//   waiting   [min+jitter, again ...|
//             [------ max ----------]
//
// Invariant: a deadline is never later than the first tick plus `max`.
// Source: consul-template 0.19.3, manager/runner.go (quiescence).

#pragma once

#include "actors/template/watch/settings.hpp"
#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <optional>

namespace praetor::templates {

/// See the head of the file.
class quiescence {
public:
  /// Jitter is at most this part of `min`.
  static constexpr int jitter_part = 10;

  /// @pre `range.min <= range.max`
  explicit quiescence(wait_range range) : range_{range} {}

  /// Notes a change.
  void tick(time_point now, rng& random);

  /// When the wait is over; nothing while there is nothing to wait for.
  std::optional<time_point> deadline() const { return deadline_; }

  bool due(time_point now) const { return deadline_ && now >= *deadline_; }

  /// Ends the wait; the next tick is a first one.
  void reset();

private:
  wait_range range_;
  std::optional<time_point> first_;
  std::optional<time_point> deadline_;
};

} // namespace praetor::templates
