// One run for each seed of a range, several at a time, and what they have in
// common: findings, speed, and what never happened.

#pragma once

#include "tools/sim/isolated.hpp"
#include "tools/sim/options.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace praetor::tools {

/// Returns the case that a seed gives with these options.
sim::sim_case case_of(const sim_options& x, std::uint64_t seed);

/// Prints the line of a finding, the end of the trace and how to replay it.
void print_finding(const sim::sim_case& x, const isolated_report& found,
                   const std::string& replay);

/// Prints what a run was like.
void print_summary(const sim::sim_case& x, const isolated_report& done);

/// @returns the exit code
int run_campaign(const sim_options& x);

} // namespace praetor::tools
