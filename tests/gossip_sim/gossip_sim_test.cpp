// Goal: the simulation of pools is deterministic, and a pool survives it.
// Method: some seeds, twice. Many more: `build/gossip-sim -seeds 1..300`; that
// it finds bugs: `tools/gossip-mutants`.

#include "tests/gossip_sim/large_pool.hpp"
#include "tests/gossip_sim/simulation.hpp"

#include <catch2/catch.hpp>

#include <cstdint>

using namespace praetor;

TEST_CASE("gossip simulation: the same seed does the same", "[gossip][sim]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto one = gossip_sim::run_seed(seed);
    const auto two = gossip_sim::run_seed(seed);
    INFO("seed " << seed);
    for (const auto& line : one.story)
      UNSCOPED_INFO(line);
    CHECK_FALSE(one.broken);
    CHECK(one.hash == two.hash);
    CHECK(one.hash != 0);
  }
}

TEST_CASE("gossip simulation: a hundred members are as fast as expected",
          "[gossip][sim]") {
  for (const auto& x : gossip_sim::measure_large_pool(100, 3)) {
    INFO(x.what);
    CHECK(x.seconds <= x.limit);
  }
}
