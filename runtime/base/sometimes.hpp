// Counts that rare things happened, so that a simulation can say which ones it
// never reached.
//
//   sometimes("raft.elected_by_transfer");
//   sometimes("raft.truncated_two", simulated && expensive_question());
//
// In production it is nothing. With PRAETOR_SIMULATION it counts, in one
// thread. A build defines PRAETOR_SIMULATION for all of its files or for none.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace praetor {

#ifdef PRAETOR_SIMULATION

/// Whether anybody counts: keeps a condition from being evaluated for nothing.
inline constexpr bool simulated = true;

/// It happened.
void sometimes(std::string_view event);

/// It happened if `condition` holds.
inline void sometimes(std::string_view event, bool condition) {
  if (condition)
    sometimes(event);
}

#else

inline constexpr bool simulated = false;

/// Nothing, outside of simulations.
constexpr void sometimes(std::string_view) {}
constexpr void sometimes(std::string_view, bool) {}

#endif

namespace simulation {

/// By name; what never happened is not in it.
using event_counts = std::map<std::string, std::uint64_t, std::less<>>;

/// Returns the counts since `begin_counting`.
const event_counts& counted_events();

/// Forgets all counts, and counts from now on.
void begin_counting();

} // namespace simulation

} // namespace praetor
