// Goal: the checkers accept what a correct server does under a busy workload
// with lost requests and answers, and reject what a server with one bug does.
// Method: a toy cluster around the real cores; a list of seeds without a bug,
// then each bug on a few seeds, with the invariant that has to name it.

#include "tests/sim_check/toy_cluster.hpp"

#include "tests/sim/check/harness.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace praetor::sim {
namespace {

using namespace std::chrono_literals;

std::vector<finding> findings_of(std::uint64_t seed, toy_bug bug, bool blind) {
  checker_options options;
  options.blind_search = blind;
  options.blind.effort_max = 20'000;
  toy_cluster cluster{seed, bug, options};
  cluster.checks.calm(0s); // it has bugs, but no faults
  cluster.run(4, 60s);
  return cluster.checks.finish(260s);
}

/// Seeds of `count` until one of the invariants is named.
std::uint64_t seeds_until(toy_bug bug, const std::vector<std::string>& names,
                          std::uint64_t count, bool blind = false) {
  for (std::uint64_t seed = 1; seed <= count; ++seed)
    for (const auto& x : findings_of(seed, bug, blind))
      if (std::count(names.begin(), names.end(), x.invariant) > 0)
        return seed;
  return count + 1;
}

} // namespace

TEST_CASE("checkers: a correct server is accepted", "[sim_check]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    DYNAMIC_SECTION("seed " << seed) {
      const auto found = findings_of(seed, toy_bug::none, true);
      for (const auto& x : found)
        UNSCOPED_INFO(x.invariant << ": " << x.text);
      CHECK(found.empty());
    }
  }
}

TEST_CASE("checkers: each bug of a server is named", "[sim_check]") {
  struct row {
    const char* name;
    toy_bug bug;
    std::vector<std::string> invariants;
  };
  const row rows[] = {
    {"old reads", toy_bug::old_reads, {"order"}},
    {"lost writes", toy_bug::lost_writes, {"order"}},
    {"false failures", toy_bug::false_failures, {"order"}},
    {"repeated answers", toy_bug::repeated_answers, {"I22"}},
    {"hasty sessions", toy_bug::hasty_sessions, {"I14"}},
    {"eternal sessions", toy_bug::eternal_sessions, {"I14"}},
    {"deaf watches", toy_bug::deaf_watches, {"I16"}},
    {"low indexes", toy_bug::low_indexes, {"I15"}},
    {"double locks", toy_bug::double_locks, {"I13"}},
    {"half transactions", toy_bug::half_transactions, {"order", "I21"}},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      CHECK(seeds_until(x.bug, x.invariants, 20) <= 20);
    }
  }
}

TEST_CASE("checkers: the blind search sees lost and old values by itself",
          "[sim_check]") {
  for (const auto bug : {toy_bug::old_reads, toy_bug::lost_writes}) {
    CHECK(seeds_until(bug, {"linearizability"}, 20, true) <= 20);
  }
}

TEST_CASE("checkers: bugs of the harness give false alarms on correct servers",
          "[sim_check]") {
  for (const auto* id : {"H1", "H2"}) {
    choose_harness_mutant(id);
    const auto seeds = seeds_until(
      toy_bug::none, {"order", "I13", "I21", "linearizability"}, 50, true);
    choose_harness_mutant({});
    CHECK(seeds <= 50);
  }
}

} // namespace praetor::sim
