// Points where the simulation may choose legal but unusual behaviour: send
// fewer entries than fit, forget a cache, answer the slow way.
//
//   if (buggify("raft.one_entry_appends"))
//     limit.entries = 1;
//
// In production the condition is constant false and costs nothing. With
// PRAETOR_SIMULATION each point is enabled or not for a whole run, and fires
// some of the time; both follow from the run's seed and the point's name alone,
// so that a new point changes nothing for the others. One thread. A build
// defines PRAETOR_SIMULATION for all of its files or for none.
//
// Source: FoundationDB's BUGGIFY.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace praetor {

#ifdef PRAETOR_SIMULATION

/// Whether to do the unusual now. False unless a run has begun.
bool buggify(std::string_view point);

#else

/// Whether to do the unusual now: never, outside of simulations.
constexpr bool buggify(std::string_view) {
  return false;
}

#endif

/// What the simulation does with the points. Not there without
/// PRAETOR_SIMULATION: using it does not link.
namespace simulation {

struct buggify_rates {
  /// How many of a hundred points are enabled in a run.
  std::uint64_t enabled_percent = 25;
  /// How many of a hundred questions at an enabled point are answered yes.
  std::uint64_t fired_percent = 25;
};

/// Begins a run: forgets all counts.
void begin_buggify(std::uint64_t seed, buggify_rates rates = {});

/// From now on every point is silent, as liveness is measured without them.
/// Counts stay.
void end_buggify();

struct buggify_count {
  std::string point;
  bool enabled = false;
  std::uint64_t asked = 0;
  std::uint64_t fired = 0;
};

/// Returns all points that were asked in this run, by name.
std::vector<buggify_count> buggify_counts();

} // namespace simulation

} // namespace praetor
