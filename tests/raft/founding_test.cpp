// Goal: servers that see different others never found two clusters with a
// common server, and nobody founds one where a cluster exists.
// Method: the parts by tables; then all ways in which three servers can see
// each other, with rivals that coordinate at the same time.

#include "actors/raft/core/founding.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::raft;
using namespace std::chrono_literals;

namespace {

founder server(const std::string& id, std::size_t expect = 3) {
  return {{id}, "10.0.0." + id, expect, false};
}

std::string names(const std::optional<membership>& x) {
  std::string out;
  if (x)
    for (const auto& m : x->members)
      out += m.id.value;
  return out;
}

promise of(const std::string& cluster, const std::string& ids) {
  promise x{cluster, {}};
  for (const auto c : ids)
    x.members.members.push_back(
      {{std::string{c}}, std::string{"10.0.0."} + c, true});
  return x;
}

const auto start = time_point{} + 1h;

} // namespace

TEST_CASE("founding: the first of those who expect each other begin",
          "[raft][core]") {
  auto stranger = server("0");
  stranger.has_state = true;
  struct row {
    const char* name;
    std::vector<founder> seen;
    const char* expected;
  };
  const std::vector<row> rows{
    {"enough", {server("3"), server("1"), server("2")}, "123"},
    {"more than enough",
     {server("4"), server("2"), server("3"), server("1")},
     "123"},
    {"too few", {server("1"), server("2")}, ""},
    {"nobody expects anything", {server("1", 0), server("2", 0)}, ""},
    {"who waits to be invited does not count",
     {server("0", 0), server("1"), server("2"), server("3")},
     "123"},
    {"who waits does not fill up",
     {server("0", 0), server("1"), server("2")},
     ""},
    {"different numbers", {server("1"), server("2"), server("3", 2)}, ""},
    {"a cluster exists", {stranger, server("1"), server("2"), server("3")}, ""},
    {"alone", {server("7", 1)}, "7"},
    {"one id twice", {server("1"), server("1"), server("2")}, ""},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      CHECK(names(choose_founders(x.seen)) == x.expected);
    }
  }
}

TEST_CASE("founding: a server promises once", "[raft][core]") {
  promise_keeper one{{"1"}, false, {}};
  CHECK(one.ask(of("a", "123")) == promise_answer::promised);
  CHECK(one.ask(of("a", "123")) == promise_answer::promised); // repeated
  CHECK(one.ask(of("b", "123")) == promise_answer::taken);
  CHECK(one.ask(of("a", "124")) == promise_answer::taken);
  promise_keeper restarted{{"1"}, false, one.kept()};
  CHECK(restarted.ask(of("b", "123")) == promise_answer::taken);
  restarted.release(of("b", "123")); // not what it promised
  CHECK(restarted.ask(of("b", "123")) == promise_answer::taken);
  restarted.release(of("a", "123"));
  CHECK(restarted.ask(of("b", "123")) == promise_answer::promised);
  restarted.found_state();
  CHECK(restarted.ask(of("b", "123")) == promise_answer::has_state);
}

TEST_CASE("founding: nonsense is not promised", "[raft][core]") {
  promise_keeper one{{"1"}, false, {}};
  CHECK(one.ask(of("", "123")) == promise_answer::invalid);
  CHECK(one.ask(of("a", "")) == promise_answer::invalid);
  CHECK(one.ask(of("a", "234")) == promise_answer::invalid);
  CHECK(one.ask(of("a", "11")) == promise_answer::invalid);
  CHECK(!one.kept());
}

TEST_CASE("founding: all have to promise, in time", "[raft][core]") {
  using outcome = founding_round::outcome;
  founding_round round{of("a", "123"), start + 30s};
  CHECK(round.missing().size() == 3);
  round.answered({"1"}, promise_answer::promised);
  round.answered({"2"}, promise_answer::promised);
  round.answered({"2"}, promise_answer::promised);
  round.answered({"9"}, promise_answer::promised); // not asked
  CHECK(round.state(start) == outcome::pending);
  CHECK(round.missing() == std::vector<peer_id>{{"3"}});
  SECTION("the last one comes") {
    round.answered({"3"}, promise_answer::promised);
    CHECK(round.state(start) == outcome::founded);
    CHECK(round.state(start + 1h) == outcome::founded);
  }
  SECTION("the last one belongs to a cluster") {
    round.answered({"3"}, promise_answer::has_state);
    CHECK(round.state(start) == outcome::failed);
  }
  SECTION("the last one comes too late") {
    CHECK(round.state(start + 30s) == outcome::failed);
    round.answered({"3"}, promise_answer::promised);
    CHECK(round.state(start + 31s) == outcome::failed);
  }
}

TEST_CASE("founding: of rivals with a common server one succeeds at most",
          "[raft][core]") {
  // Two coordinators ask the servers that they see, in every order.
  const std::vector<std::string> groups{"12", "13", "23", "123"};
  for (const auto& a : groups)
    for (const auto& b : groups)
      for (unsigned order = 0; order < 64; ++order) {
        std::map<std::string, promise_keeper> servers;
        for (const auto* id : {"1", "2", "3"})
          servers.emplace(id, promise_keeper{{id}, false, {}});
        founding_round first{of("a", a), start + 30s};
        founding_round second{of("b", b), start + 30s};
        for (auto bit = 0U; bit < 6; ++bit) {
          auto& round = (order >> bit & 1U) != 0 ? first : second;
          if (const auto next = round.missing(); !next.empty())
            round.answered(
              next.front(),
              servers.at(next.front().value).ask(round.proposal()));
        }
        CHECK_FALSE(
          (first.state(start) == founding_round::outcome::founded
           && second.state(start) == founding_round::outcome::founded));
      }
}
