// Goal: shrinking ends with the smallest case that fails, in few runs.
// Method: runners that fail if certain decisions are there.

#include "tests/sim/check/shrink.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace praetor::sim {
namespace {

bool has(const sim_case& x, const std::string& kind, std::uint64_t number) {
  return std::any_of(x.faults.begin(), x.faults.end(), [&](const decision& d) {
    return d.kind == kind && d.number == number;
  });
}

sim_case big_case() {
  sim_case x;
  x.nodes = 7;
  x.clients = 6;
  x.duration_ns = 60'000'000'000;
  for (std::uint64_t i = 0; i < 200; ++i) {
    decision d;
    d.kind = i % 3 == 0 ? "crash" : i % 3 == 1 ? "cut" : "slow";
    d.at_ns = i * 100'000'000;
    d.number = i;
    x.faults.push_back(d);
  }
  return x;
}

operation_names all_operations() {
  operation_names out;
  for (std::uint64_t client = 0; client < 6; ++client)
    for (std::uint64_t n = 0; n < 50; ++n)
      out.emplace(client, n);
  return out;
}

} // namespace

TEST_CASE("shrink: only the decisions that matter are left", "[sim_check]") {
  const case_runner fails = [](const sim_case& x) {
    return has(x, "crash", 30) && has(x, "cut", 100) && x.clients >= 2
           && x.nodes >= 3 && !x.dropped_operations.contains({1, 17});
  };
  shrink_options options;
  options.operations = all_operations();
  const auto done = shrink(big_case(), fails, options);
  REQUIRE(fails(done.smallest));
  CHECK(done.smallest.faults.size() == 2);
  CHECK(done.smallest.clients == 2);
  CHECK(done.smallest.nodes == 3);
  // Two clients with 50 operations each, and one of these is needed.
  CHECK(done.smallest.dropped_operations.size() == 99);
  CHECK(done.smallest.duration_ns >= 10'000'000'000);
  CHECK(done.smallest.duration_ns < 10'200'000'000);
  CHECK(done.runs < 400);
}

TEST_CASE("shrink: a failure without faults loses all of them", "[sim_check]") {
  const case_runner fails = [](const sim_case&) { return true; };
  const auto done = shrink(big_case(), fails);
  CHECK(done.smallest.faults.empty());
  CHECK(done.smallest.clients == 1);
  CHECK(done.smallest.nodes == 1);
  CHECK(done.smallest.duration_ns < 200'000'000);
  CHECK(done.runs < 60);
}

TEST_CASE("shrink: nodes are not fewer than asked for", "[sim_check]") {
  const case_runner fails = [](const sim_case&) { return true; };
  shrink_options options;
  options.nodes_min = 3;
  CHECK(shrink(big_case(), fails, options).smallest.nodes == 3);
}

TEST_CASE("shrink: it stops at the limit of runs with a case that fails",
          "[sim_check]") {
  std::size_t runs = 0;
  const case_runner fails = [&runs](const sim_case& x) {
    ++runs;
    return has(x, "crash", 30);
  };
  shrink_options options;
  options.runs_max = 5;
  const auto done = shrink(big_case(), fails, options);
  CHECK(runs == 5);
  CHECK(done.runs == 5);
  CHECK(has(done.smallest, "crash", 30));
}

} // namespace praetor::sim
