// Goal: cases survive being written and read, and any other text is refused
// with the member that is wrong.
// Method: a round trip, a table of bad texts, all prefixes of a good one.

#include "tests/sim/check/case_file.hpp"

#include <catch2/catch.hpp>

namespace praetor::sim {
namespace {

sim_case full_case() {
  sim_case x;
  x.seed = 0xFFFF'FFFF'FFFF'FFFF;
  x.nodes = 3;
  x.clients = 2;
  x.duration_ns = 30'000'000'000;
  x.invariant = "I13";
  x.mutant = "F12";
  x.note = "a \"lock\" <too> early\n";
  x.settings = {{"e_min_ms", 300}, {"skew", -5}};
  x.faults = {{"crash", 5, "s1", "", 0, 0, -1},
              {"cut", 9, "s1", "s2", 1, 2, 3}};
  x.dropped_operations = {{1, 12}, {2, 0}};
  return x;
}

} // namespace

TEST_CASE("case file: what is written is read", "[sim_check]") {
  for (const auto& x : {full_case(), sim_case{}}) {
    const auto back = read_case(write_case(x));
    REQUIRE(static_cast<bool>(back));
    CHECK(*back == x);
    CHECK(write_case(*back) == write_case(x));
  }
}

TEST_CASE("case file: members that are left out have defaults", "[sim_check]") {
  const auto x = read_case(R"({"seed": 9, "faults": [{"kind": "crash"}]})");
  REQUIRE(static_cast<bool>(x));
  sim_case expected;
  expected.seed = 9;
  expected.faults.emplace_back().kind = "crash";
  CHECK(*x == expected);
}

TEST_CASE("case file: bad texts are refused with the reason", "[sim_check]") {
  struct row {
    const char* text;
    const char* why;
  };
  const row rows[] = {
    {"", "The document is empty. at byte 0"},
    {"[]", "the case must be an object"},
    {R"({"sed": 1})", "sed is not known"},
    {R"({"seed": -1})", "seed must be a number that is not negative"},
    {R"({"seed": "1"})", "seed must be a number that is not negative"},
    {R"({"note": 1})", "note must be a text"},
    {R"({"settings": []})", "settings must be an object"},
    {R"({"settings": {"a": 1.5}})", "settings.a must be a whole number"},
    {R"({"faults": {}})", "faults must be a list"},
    {R"({"faults": [{}, 1]})", "faults[1] must be an object"},
    {R"({"faults": [{"when": 1}]})", "faults[0].when is not known"},
    {R"({"dropped_operations": [[1]]})",
     "dropped_operations[0] must be a pair of numbers"},
    {R"({"dropped_operations": [[1, -1]]})",
     "dropped_operations[0][1] must be a number that is not negative"},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.text) {
      const auto read = read_case(x.text);
      REQUIRE_FALSE(static_cast<bool>(read));
      CHECK(read.error().code == errc::invalid_argument);
      CHECK(read.error().context == std::string{"case file: "} + x.why);
    }
  }
}

TEST_CASE("case file: deep nesting and cut texts are refused", "[sim_check]") {
  CHECK_FALSE(static_cast<bool>(read_case(std::string(1'000'000, '['))));
  const auto whole = write_case(full_case());
  for (std::size_t size = 0; size + 2 < whole.size(); ++size)
    CHECK_FALSE(static_cast<bool>(read_case(whole.substr(0, size))));
}

} // namespace praetor::sim
