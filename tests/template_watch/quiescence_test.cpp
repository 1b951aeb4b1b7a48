// Goal: rendering waits until data is quiet, but never too long.
// Method: changes at given times, then every deadline is compared. The times
// of "1s:3s" are those observed with consul-template.

#include "actors/template/watch/quiescence.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::templates;
using namespace std::chrono_literals;

namespace {

const time_point start{1h};

/// The deadline after changes at these times.
duration deadline_after(wait_range range, std::initializer_list<duration> at,
                        std::uint64_t seed = 1) {
  rng random{seed};
  quiescence x{range};
  for (const auto t : at)
    x.tick(start + t, random);
  REQUIRE(x.deadline());
  return *x.deadline() - start;
}

} // namespace

TEST_CASE("quiescence: nothing is due before a change", "[template][core]") {
  const quiescence x{{1s, 3s}};
  CHECK_FALSE(x.deadline());
  CHECK_FALSE(x.due(start + 100h));
}

TEST_CASE("quiescence: a change every half second renders after max",
          "[template][core]") {
  CHECK(deadline_after({1s, 3s}, {0s, 500ms, 1s, 1500ms, 2s, 2500ms}) == 3s);
}

TEST_CASE("quiescence: it waits for min after the last change, plus jitter",
          "[template][core]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto one = deadline_after({1s, 10s}, {0s}, seed);
    CHECK(one >= 1s);
    CHECK(one < 1s + 1000ms / quiescence::jitter_part);
    const auto two = deadline_after({1s, 10s}, {0s, 700ms}, seed);
    CHECK(two >= 1700ms);
    CHECK(two < 1700ms + 1000ms / quiescence::jitter_part);
  }
}

TEST_CASE("quiescence: jitter differs between processes", "[template][core]") {
  CHECK(deadline_after({1s, 10s}, {0s}, 1)
        != deadline_after({1s, 10s}, {0s}, 2));
}

TEST_CASE("quiescence: jitter does not pass max", "[template][core]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    CHECK(deadline_after({1s, 1s}, {0s}, seed) == 1s);
}

TEST_CASE("quiescence: after a reset the next change is the first",
          "[template][core]") {
  rng random{1};
  quiescence x{{1s, 2s}};
  x.tick(start, random);
  CHECK(x.due(start + 2s));
  x.reset();
  CHECK_FALSE(x.due(start + 2s));
  x.tick(start + 10s, random);
  CHECK_FALSE(x.due(start + 10s + 999ms));
  CHECK(x.due(start + 12s));
}
