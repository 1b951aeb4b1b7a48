// Scripts for coincidences that chance hardly ever brings about: they wait for
// a state and act in it. What else happens in the run, stays random.
//
//   1  an entry of an older term is on a majority, its leader crashes, and one
//      with a newer last term takes over
//   2  a candidate's own vote is slow to be durable; it leads, and crashes
//   3  a follower reboots while it still owes a leader its promise
//   4  answers to old heartbeats arrive when the heir of a transfer leads
//   5  an impatient server that cannot win asks for votes again and again
//   6  a leader sleeps across the end of its lease
//   7  the order to stand for election arrives after the transfer was given up
//   8  all servers lose power in the middle of writing
//   9  memberships that were never committed are overwritten
//   10 a server that needs the tables loses its leader while it gets them
//   11 a deposed leader gets tables that end in the middle of what it alone has
//   12 a leader is elected again, and one that acknowledged it then has other
//      entries since
//   13 a disk loses the end of a log that was durable, and nothing else happens

#pragma once

#include "tests/sim/cluster.hpp"
#include "tests/sim/plan.hpp"

#include <cstdint>

namespace praetor::sim {

/// How many there are, numbered from 1.
inline constexpr std::uint64_t scenario_count = 13;

/// This one asks for changes of the membership.
inline constexpr std::uint64_t members_scenario = 9;

/// In this one a server that is there may be worth no more than one that is
/// not.
inline constexpr std::uint64_t lost_log_scenario = 13;

/// Values that a scenario needs to have a chance.
void prepare_scenario(sim_case& x, std::uint64_t number);

/// Begins scenario `x.number`; `x.value` (0 to 1000) varies it.
void begin_scenario(cluster& servers, const decision& x);

} // namespace praetor::sim
