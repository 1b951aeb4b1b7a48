// What `praetor sim` can be told. Pure.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace praetor::tools {

struct sim_options {
  bool help = false;
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 1;
  /// More than one seed was asked for.
  bool campaign = false;
  std::optional<std::uint64_t> servers;
  std::optional<std::uint64_t> clients;
  std::uint64_t time_ns = 30'000'000'000;
  std::uint64_t jobs = 1;
  std::optional<std::uint64_t> scenario;
  std::map<std::string, std::int64_t> settings;
  std::string case_file;
  std::string out_file;
  std::string mutant;
  std::string harness;
  /// No faults: only what -set says.
  bool calm = false;
  bool trace = false;
  bool shrink = false;
  /// Each seed twice; their traces must be equal.
  bool twice = false;
  /// A campaign goes on after a finding.
  bool keep_going = false;
};

/// The text of -h.
std::string sim_usage();

/// Errors: invalid_argument with a sentence for the user.
result<sim_options> parse_sim_options(const std::vector<std::string>& args);

/// Returns the command line that runs `seed` with the same options.
std::string replay_command(const sim_options& x, std::uint64_t seed);

} // namespace praetor::tools
