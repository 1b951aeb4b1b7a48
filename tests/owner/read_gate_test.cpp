// Goal: no read is answered without the proof that its consistency needs.
// Method: each rule as a short story of permits, leases and applied indexes.

#include "actors/owner/core/read_gate.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace std::chrono_literals;

namespace {

using gate = owner::read_gate<int>;

constexpr time_point t0{};
constexpr auto by_lease = consistency::leader_default;

} // namespace

TEST_CASE("read gate: default reads need a permit once, then the lease serves",
          "[owner][core]") {
  gate g;
  CHECK(!g.open(by_lease, t0));
  REQUIRE(g.park(by_lease, 1));
  CHECK(g.next_question() == true);
  g.set_applied(5);
  g.permit(5, t0 + 800ms);
  CHECK(g.take_ready(t0) == std::vector{1});
  CHECK(g.open(by_lease, t0 + 799ms));
  CHECK(!g.open(by_lease, t0 + 800ms));
}

TEST_CASE("read gate: reads wait until the permit's index is applied",
          "[owner][core]") {
  gate g;
  REQUIRE(g.park(by_lease, 1));
  REQUIRE(g.next_question());
  g.permit(7, t0 + 1s);
  CHECK(g.take_ready(t0).empty());
  CHECK(!g.open(by_lease, t0));
  g.set_applied(6);
  CHECK(g.take_ready(t0).empty());
  g.set_applied(7);
  CHECK(g.take_ready(t0) == std::vector{1});
}

TEST_CASE("read gate: consistent reads never use the lease", "[owner][core]") {
  gate g;
  g.permit(0, t0 + 1h);
  CHECK(g.take_ready(t0).empty());
  CHECK(g.open(by_lease, t0));
  CHECK(!g.open(consistency::consistent, t0));
  REQUIRE(g.park(consistency::consistent, 1));
  CHECK(g.next_question() == false);
}

TEST_CASE("read gate: a permit serves only reads that came before the question",
          "[owner][core]") {
  gate g;
  REQUIRE(g.park(consistency::consistent, 1));
  REQUIRE(g.next_question());
  REQUIRE(g.park(consistency::consistent, 2));
  CHECK(!g.next_question());
  g.permit(0, t0);
  CHECK(g.take_ready(t0) == std::vector{1});
  CHECK(g.next_question() == false);
  g.permit(0, t0);
  CHECK(g.take_ready(t0) == std::vector{2});
}

TEST_CASE("read gate: refused reads come back to the asker", "[owner][core]") {
  gate g;
  REQUIRE(g.park(by_lease, 1));
  REQUIRE(g.next_question());
  REQUIRE(g.park(by_lease, 2));
  CHECK(g.refuse() == std::vector{1});
  CHECK(g.next_question().has_value());
}

TEST_CASE("read gate: a hold stops reads of all modes", "[owner][core]") {
  gate g;
  g.permit(0, t0 + 1h);
  CHECK(g.take_ready(t0).empty());
  g.hold(3);
  CHECK(!g.open(by_lease, t0));
  CHECK(!g.open(consistency::stale, t0));
  REQUIRE(g.park(consistency::stale, 1));
  CHECK(!g.next_question());
  CHECK(g.take_ready(t0).empty());
  g.set_applied(3);
  CHECK(g.take_ready(t0) == std::vector{1});
}

TEST_CASE("read gate: stale reads need nothing", "[owner][core]") {
  gate g;
  CHECK(g.open(consistency::stale, t0));
}

TEST_CASE("read gate: the queue has a limit", "[owner][core]") {
  gate g;
  for (std::size_t i = 0; i < gate::waiting_max; ++i)
    REQUIRE(g.park(by_lease, 0));
  CHECK(!g.park(by_lease, 0));
}
