// What a run of the simulation consists of: values that are drawn once, and a
// list of faults, each at its moment.
//
// Pure data. A run is a function of its case alone: the same case gives the
// same trace. Taking a fault out of the list is how a case gets smaller.

#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::sim {

/// One fault. What the fields mean follows from the kind
/// (tests/sim/faults.hpp).
struct decision {
  std::string kind;
  std::uint64_t at_ns = 0;
  /// "s1" and so on, "leader", or nothing.
  std::string node;
  std::string peer;
  std::uint64_t client = 0;
  std::uint64_t number = 0;
  std::int64_t value = 0;

  friend auto operator<=>(const decision&, const decision&) = default;
};

/// A whole run. Settings that are not named have their defaults
/// (tests/sim/settings.hpp).
struct sim_case {
  std::uint64_t seed = 1;
  std::uint64_t nodes = 5;
  std::uint64_t clients = 4;
  /// How long faults last; then everything must get well.
  std::uint64_t duration_ns = 0;
  /// Of a failure: what did not hold.
  std::string invariant;
  std::string mutant;
  /// A line for people.
  std::string note;
  std::map<std::string, std::int64_t> settings;
  std::vector<decision> faults;
  /// (client, number of its operation): not executed.
  std::set<std::pair<std::uint64_t, std::uint64_t>> dropped_operations;

  friend bool operator==(const sim_case&, const sim_case&) = default;
};

} // namespace praetor::sim
