// A run of the simulation, from a case to a report.
//
//   1. safety: clients and faults, for as long as the case says
//   2. liveness: faults stop, a random majority (the core) is made well, the
//      rest stays away; within 30 election timeouts the core must lead, answer
//      and agree
//   3. the checkers look at the whole history

#pragma once

#include "tests/sim/check/checkers.hpp"
#include "tests/sim/plan.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace praetor::sim {

struct run_report {
  std::optional<finding> broken;
  /// The checkers gave up.
  bool inconclusive = false;
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::uint64_t steps = 0;
  std::uint64_t messages = 0;
  std::uint64_t entries = 0;
  std::uint64_t elections = 0;
  duration time{0};
  check_counts counts;
  /// How much each client asked.
  std::vector<std::uint64_t> asked;
  /// The end of the trace.
  std::deque<std::string> lines;
};

/// Runs a case; with `echo`, its trace goes to stdout.
/// @pre The settings of `x` are valid.
run_report run_case(const sim_case& x, bool echo);

} // namespace praetor::sim
