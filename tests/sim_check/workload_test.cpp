// Goal: steps follow from the seed alone, clients do not disturb each other,
// and all kinds of requests come up; replies become the right outcomes.
// Method: streams of steps compared; counting; a table.

#include "tests/sim/check/workload.hpp"

#include "tests/sim/check/commands.hpp"
#include "tests/sim/check/harness.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

namespace praetor::sim {
namespace {

outcome accepted(log_index index) {
  return outcome_of(result<command_result>{command_result{{}, "true", index}});
}

/// The texts of a client's first requests while others ask, too.
std::vector<std::string> texts(std::uint64_t seed, std::uint64_t client,
                               std::uint64_t clients) {
  workload w{seed, workload_options{}};
  std::vector<std::string> out;
  for (log_index round = 1; round <= 100; ++round)
    for (std::uint64_t c = 0; c < clients; ++c) {
      const auto step = w.next(c);
      if (c == client)
        out.push_back(describe(step.what));
      w.answered(c, step.what, accepted(round));
    }
  return out;
}

} // namespace

TEST_CASE("workload: the same seed gives the same steps", "[sim_check]") {
  CHECK(texts(1, 0, 1) == texts(1, 0, 1));
  CHECK(texts(1, 0, 1) != texts(2, 0, 1));
}

TEST_CASE("workload: clients do not disturb each other", "[sim_check]") {
  CHECK(texts(1, 0, 1) == texts(1, 0, 5));
}

TEST_CASE("workload: all kinds of requests, each value once", "[sim_check]") {
  workload w{3, workload_options{}};
  std::map<std::string, int> kinds;
  std::set<std::string> values;
  for (log_index i = 1; i <= 5000; ++i) {
    const auto step = w.next(i % 3);
    const auto text = describe(step.what);
    ++kinds[text.substr(0, text.find_first_of(" ;"))];
    if (const auto at = text.find('='); text.starts_with("set ")) {
      REQUIRE(at != std::string::npos);
      CHECK(values.insert(text.substr(at)).second);
    }
    w.answered(i % 3, step.what, accepted(i));
  }
  for (const auto* kind :
       {"get", "list", "keys", "sessions", "session", "set", "cas", "lock",
        "unlock", "delete", "delete-cas", "delete-tree", "txn", "create",
        "destroy", "renew", "register", "deregister", "catalog"}) {
    INFO(kind);
    CHECK(kinds[kind] > 5);
  }
}

TEST_CASE("workload: after an unknown outcome another process asks",
          "[sim_check]") {
  workload w{1, workload_options{}};
  const auto first = w.next(7);
  w.answered(7, first.what, accepted(1));
  const auto second = w.next(7);
  CHECK(second.process == first.process);
  w.answered(7, second.what, unknown_outcome("toy"));
  CHECK(w.next(7).process != first.process);
}

TEST_CASE("outcomes: only what was certainly not appended has failed",
          "[sim_check]") {
  struct row {
    errc code;
    outcome_kind kind;
  };
  const row rows[] = {
    {errc::invalid_argument, outcome_kind::fail},
    {errc::not_leader, outcome_kind::fail},
    {errc::no_leader, outcome_kind::fail},
    {errc::overloaded, outcome_kind::fail},
    {errc::timeout, outcome_kind::unknown},
    {errc::canceled, outcome_kind::unknown},
    {errc::io_error, outcome_kind::unknown},
    {errc::corruption, outcome_kind::unknown},
  };
  for (const auto& x : rows) {
    INFO(to_string(x.code));
    CHECK(outcome_of(result<command_result>{error{x.code, ""}}).kind == x.kind);
  }
  CHECK(accepted(1).kind == outcome_kind::ok);
  CHECK(
    outcome_of(result<command_result>{command_result{errc::rejected, "no", 3}})
      .kind
    == outcome_kind::ok);
  CHECK(outcome_of(
          result<command_result>{command_result{errc::timeout, "forgotten", 0}})
          .kind
        == outcome_kind::unknown);
}

TEST_CASE("outcomes: bugs of the harness turn kinds around", "[sim_check]") {
  const result<command_result> lost = error{errc::timeout, ""};
  const result<command_result> refused = error{errc::overloaded, ""};
  choose_harness_mutant("H1");
  CHECK(outcome_of(lost).kind == outcome_kind::fail);
  choose_harness_mutant("H2");
  CHECK(outcome_of(lost).kind == outcome_kind::unknown);
  CHECK(outcome_of(refused).kind == outcome_kind::ok);
  choose_harness_mutant({});
  CHECK(outcome_of(refused).kind == outcome_kind::fail);
}

TEST_CASE("answers: what is not what it should be is nothing", "[sim_check]") {
  CHECK_FALSE(parse_keys(""));
  CHECK_FALSE(parse_keys("{}"));
  CHECK_FALSE(parse_keys(R"([{"Key":"a"}])"));
  CHECK_FALSE(parse_sessions("[1]"));
  CHECK_FALSE(parse_health("[{}]"));
  CHECK_FALSE(parse_checks("null"));
  CHECK_FALSE(parse_names("[null]"));
  CHECK_FALSE(parse_transaction("\xFF"));
  CHECK(parse_keys("[]") == std::vector<key_view>{});
}

} // namespace praetor::sim
