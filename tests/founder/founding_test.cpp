// Goal: servers that see different others never found two clusters with a
// common server, and nobody founds one where a cluster exists.
// Method: the parts by tables; then all ways in which three servers can see
// each other, with rivals that coordinate at the same time.

#include "actors/founder/core/founding.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::founder;

namespace {

praetor::founder::server seen_as(const std::string& id,
                                 std::size_t expect = 3) {
  return {{id}, "10.0.0." + id, expect, {}};
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

} // namespace

TEST_CASE("founding: the first of those who expect each other begin",
          "[founder][core]") {
  auto stranger = seen_as("0");
  stranger.cluster_id = "c";
  struct row {
    const char* name;
    std::vector<praetor::founder::server> seen;
    const char* expected;
  };
  const std::vector<row> rows{
    {"enough", {seen_as("3"), seen_as("1"), seen_as("2")}, "123"},
    {"more than enough",
     {seen_as("4"), seen_as("2"), seen_as("3"), seen_as("1")},
     "123"},
    {"too few", {seen_as("1"), seen_as("2")}, ""},
    {"nobody expects anything", {seen_as("1", 0), seen_as("2", 0)}, ""},
    {"who waits to be invited does not count",
     {seen_as("0", 0), seen_as("1"), seen_as("2"), seen_as("3")},
     "123"},
    {"who waits does not fill up",
     {seen_as("0", 0), seen_as("1"), seen_as("2")},
     ""},
    {"different numbers", {seen_as("1"), seen_as("2"), seen_as("3", 2)}, ""},
    {"a cluster exists",
     {stranger, seen_as("1"), seen_as("2"), seen_as("3")},
     ""},
    {"alone", {seen_as("7", 1)}, "7"},
    {"one id twice", {seen_as("1"), seen_as("1"), seen_as("2")}, ""},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      CHECK(names(choose_founders(x.seen)) == x.expected);
    }
  }
}

TEST_CASE("founding: a server promises once", "[founder][core]") {
  promise_keeper one{{"1"}, false, {}};
  CHECK(one.ask(of("a", "123")) == promise_answer::promised);
  CHECK(one.ask(of("a", "123")) == promise_answer::promised); // repeated
  CHECK(one.ask(of("b", "123")) == promise_answer::taken);
  CHECK(one.ask(of("a", "124")) == promise_answer::taken);
  promise_keeper restarted{{"1"}, false, one.kept()};
  CHECK(restarted.ask(of("b", "123")) == promise_answer::taken);
  restarted.found_cluster();
  CHECK(restarted.ask(of("b", "123")) == promise_answer::has_cluster);
  CHECK(restarted.ask(of("a", "123")) == promise_answer::promised);
  restarted.release();
  CHECK(restarted.ask(of("a", "123")) == promise_answer::has_cluster);
}

TEST_CASE("founding: nonsense is not promised", "[founder][core]") {
  promise_keeper one{{"1"}, false, {}};
  CHECK(one.ask(of("", "123")) == promise_answer::invalid);
  CHECK(one.ask(of("a", "")) == promise_answer::invalid);
  CHECK(one.ask(of("a", "234")) == promise_answer::invalid);
  CHECK(one.ask(of("a", "11")) == promise_answer::invalid);
  CHECK(!one.kept());
}

TEST_CASE("founding: all have to promise", "[founder][core]") {
  using outcome = founding_round::outcome;
  founding_round round{of("a", "123")};
  CHECK(round.missing().size() == 3);
  round.answered({"1"}, promise_answer::promised);
  round.answered({"2"}, promise_answer::promised);
  round.answered({"2"}, promise_answer::promised);
  round.answered({"9"}, promise_answer::promised); // not asked
  CHECK(round.state() == outcome::pending);
  CHECK(round.missing() == std::vector<peer_id>{{"3"}});
  SECTION("the last one comes") {
    round.answered({"3"}, promise_answer::promised);
    CHECK(round.state() == outcome::founded);
  }
  SECTION("the last one belongs to a cluster") {
    round.answered({"3"}, promise_answer::has_cluster);
    CHECK(round.state() == outcome::refused);
    round.answered({"3"}, promise_answer::promised);
    CHECK(round.state() == outcome::refused);
  }
}

TEST_CASE("founding: of rivals with a common server one succeeds at most",
          "[founder][core]") {
  // Two coordinators ask the servers that they see, in every order.
  const std::vector<std::string> groups{"12", "13", "23", "123"};
  for (const auto& a : groups)
    for (const auto& b : groups)
      for (unsigned order = 0; order < 64; ++order) {
        std::map<std::string, promise_keeper> servers;
        for (const auto* id : {"1", "2", "3"})
          servers.emplace(id, promise_keeper{{id}, false, {}});
        founding_round first{of("a", a)};
        founding_round second{of("b", b)};
        for (auto bit = 0U; bit < 6; ++bit) {
          auto& round = (order >> bit & 1U) != 0 ? first : second;
          if (const auto next = round.missing(); !next.empty())
            round.answered(
              next.front(),
              servers.at(next.front().value).ask(round.proposal()));
        }
        CHECK_FALSE((first.state() == founding_round::outcome::founded
                     && second.state() == founding_round::outcome::founded));
      }
}
