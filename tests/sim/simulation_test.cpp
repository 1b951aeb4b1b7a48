// Goal: the simulation is deterministic, finds nothing in sound code, would
// find something, and cases that once failed pass.
// Method: whole runs of a few virtual seconds; a harness that lies on purpose;
// all files in tests/sim/cases.

#include "tests/sim/simulation.hpp"

#include "tests/sim/check/case_file.hpp"
#include "tests/sim/check/harness.hpp"
#include "tests/sim/swarm.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

using namespace praetor;
using namespace praetor::sim;

namespace {

std::string told(const run_report& x) {
  return x.broken ? x.broken->invariant + ": " + x.broken->text : "";
}

std::vector<std::filesystem::path> case_files() {
  std::vector<std::filesystem::path> out;
  for (const auto& x : std::filesystem::directory_iterator{
         std::filesystem::path{PRAETOR_TESTS_DIR} / "sim" / "cases"})
    if (x.path().extension() == ".json")
      out.push_back(x.path());
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

TEST_CASE("simulation: a case has one trace", "[sim]") {
  for (const std::uint64_t seed : {11, 12, 13}) {
    swarm_options given;
    given.duration_ns = 5'000'000'000;
    const auto x = draw_case(seed, given);
    const auto first = run_case(x, false);
    const auto second = run_case(x, false);
    CAPTURE(seed);
    CHECK(told(first).empty());
    CHECK(first.hash == second.hash);
    CHECK(first.steps == second.steps);
  }
}

TEST_CASE("simulation: a calm cluster elects once and answers", "[sim]") {
  sim_case x;
  x.nodes = 3;
  x.duration_ns = 10'000'000'000;
  const auto done = run_case(x, false);
  CHECK(told(done).empty());
  CHECK(done.elections == 1);
  CHECK(done.counts.answered > 20);
  CHECK(done.entries > 10);
}

TEST_CASE("simulation: a lie about an outcome is found", "[sim]") {
  choose_harness_mutant("H2");
  bool found = false;
  for (std::uint64_t seed = 1; seed <= 10 && !found; ++seed) {
    swarm_options given;
    given.duration_ns = 5'000'000'000;
    found = run_case(draw_case(seed, given), false).broken.has_value();
  }
  choose_harness_mutant("");
  CHECK(found);
}

TEST_CASE("simulation: cases that failed once pass", "[sim]") {
  for (const auto& path : case_files()) {
    CAPTURE(path.string());
    std::ifstream in{path};
    std::ostringstream text;
    text << in.rdbuf();
    const auto x = read_case(text.str());
    REQUIRE(x);
    CHECK_FALSE(x->note.empty());
    if (x->mutant.empty())
      CHECK(told(run_case(*x, false)).empty());
  }
}
