// Time as the whole node sees it: one monotonic clock, real or simulated.
// Cores never ask for the time; whoever calls them passes `now`.

#pragma once

#include <chrono>

namespace praetor {

/// A point on the node's monotonic clock. It has no calendar meaning and must
/// never be persisted or sent to another node.
using time_point = std::chrono::steady_clock::time_point;

/// A span of time in nanoseconds; the same type as `caf::timespan`.
using duration = std::chrono::nanoseconds;

} // namespace praetor
