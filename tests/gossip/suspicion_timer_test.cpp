// Goal: the suspicion timeout follows the reference curve and its invariants.
// Method: one table of expected values, taken from memberlist's own test
// (suspicion_test.go), then every small configuration for the invariants.

#include "actors/gossip/core/suspicion_timer.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace praetor;
using namespace std::chrono_literals;

using praetor::gossip::key_of;
using praetor::gossip::member_key;
using praetor::gossip::suspicion_timer;

namespace {

constexpr auto start = time_point{} + 1h;

duration timeout_of(const suspicion_timer& timer) {
  return timer.deadline() - start;
}

member_key member(int number) {
  return key_of("node-" + std::to_string(number));
}

} // namespace

TEST_CASE("suspicion_timer: confirmations shorten the timeout",
          "[gossip][core]") {
  struct row {
    const char* name;
    int wanted;
    std::vector<const char*> confirm;
    int confirmations;
    duration timeout;
  };

  const std::vector<row> rows = {
    // clang-format off
    // name                           wanted  confirm by              n  timeout
    {"no confirmation",               3,      {},                     0, 30s},
    {"one",                           3,      {"a"},                  1, 16s},
    {"two",                           3,      {"a", "b"},             2, 7810ms},
    {"all that are wanted",           3,      {"a", "b", "c"},        3, 2s},
    {"more than wanted",              3,      {"a", "b", "c", "d"},   3, 2s},
    {"the same one twice",            3,      {"a", "a"},             1, 16s},
    {"the accuser does not count",    3,      {"accuser"},            0, 30s},
    {"nobody else can confirm",       0,      {},                     0, 2s},
    {"nobody is asked to confirm",    0,      {"a"},                  0, 2s},
    // clang-format on
  };

  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      suspicion_timer timer{key_of("accuser"), {row.wanted, 2s, 30s}, start};
      for (const auto* from : row.confirm)
        timer.confirm(key_of(from));
      CHECK(timer.confirmations() == row.confirmations);
      CHECK(timeout_of(timer) == row.timeout);
    }
  }
}

TEST_CASE("suspicion_timer: only news is reported as news", "[gossip][core]") {
  suspicion_timer timer{key_of("accuser"), {2, 2s, 30s}, start};
  CHECK_FALSE(timer.confirm(key_of("accuser")));
  CHECK(timer.confirm(key_of("a")));
  CHECK_FALSE(timer.confirm(key_of("a")));
  CHECK(timer.confirm(key_of("b")));
  CHECK_FALSE(
    timer.confirm(key_of("c"))); // the deadline cannot move any closer
}

TEST_CASE("suspicion_timer: invariants hold for all small inputs",
          "[gossip][core]") {
  for (int wanted = 0; wanted <= 8; ++wanted) {
    for (const auto timeout_max : {2s, 3s, 30s, 600s}) {
      suspicion_timer timer{
        key_of("accuser"), {wanted, 2s, timeout_max}, start};
      auto before = timeout_of(timer);
      for (int from = 0; from <= wanted; ++from) {
        timer.confirm(member(from));
        const auto after = timeout_of(timer);
        REQUIRE(after <= before);
        REQUIRE(after >= 2s);
        REQUIRE(after <= timeout_max);
        before = after;
      }
      REQUIRE(timeout_of(timer) == 2s);
    }
  }
}
