// Goal: joins end with what happened to each address; failed joins of the
// configuration are tried again when Consul does, and sooner at first.
// Method: the pure parts; texts were recorded from Consul 1.8.7.

#include "actors/gossip/core/join_attempts.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;

namespace {

constexpr time_point start = time_point{} + 1h;

} // namespace

TEST_CASE("join_attempts: errors are listed as Go's multierror does",
          "[gossip][core]") {
  CHECK(list_errors({}).empty());
  CHECK(list_errors({"a"}) == "1 error occurred:\n\t* a\n\n");
  CHECK(list_errors({"a", "b"}) == "2 errors occurred:\n\t* a\n\t* b\n\n");
}

TEST_CASE("join_attempts: the core is asked when all names are resolved",
          "[gossip][core]") {
  join_attempts all;
  const auto id = all.start(3);
  const auto other = all.start(1);
  CHECK(id != other);
  CHECK(!all.resolved(id, "a", std::vector<endpoint>{{"10.0.0.1", 1}}));
  CHECK(!all.resolved(id, "b", error{errc::io_error, "lookup b: no"}));
  CHECK(all.resolved(other, "x", error{errc::io_error, "no"}));
  const auto ready = all.resolved(
    id, "c", std::vector<endpoint>{{"10.0.0.2", 2}, {"10.0.0.3", 3}});
  REQUIRE(ready);
  CHECK(ready->id == id);
  CHECK(ready->seeds.size() == 3);
  // Neither again nor of one that is unknown.
  CHECK(!all.resolved(id, "c", std::vector<endpoint>{}));
  CHECK(!all.resolved(99, "c", std::vector<endpoint>{}));
  const auto ended = all.finish({id, 2, {{{"10.0.0.3", 3}, "EOF"}}});
  CHECK(ended.joined == 2);
  CHECK(ended.errors
        == "2 errors occurred:\n\t* Failed to resolve b: lookup b: no\n"
           "\t* Failed to join 10.0.0.3: EOF\n\n");
}

TEST_CASE("retry_plan: tries soon at first, then each interval",
          "[gossip][core]") {
  retry_plan plan{30s, 0};
  auto now = start;
  REQUIRE(plan.counts(now));
  auto next = plan.failed(true, now);
  std::vector<duration> pauses;
  while (next && *next < start + 30s) {
    CHECK(!plan.counts(*next));
    pauses.push_back(*next - now);
    now = *next;
    next = plan.failed(false, now);
  }
  CHECK(pauses
        == std::vector<duration>{100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms,
                                 6400ms, 12800ms});
  for (auto i = 1; i < 5; ++i) {
    CHECK(*next == start + i * 30s);
    CHECK(plan.counts(*next));
    next = plan.failed(true, *next);
  }
}

TEST_CASE("retry_plan: gives up when the failures are one too many",
          "[gossip][core]") {
  retry_plan plan{2s, 2};
  auto now = start;
  auto counted = 0;
  for (;;) {
    const auto counts = plan.counts(now);
    counted += counts ? 1 : 0;
    const auto next = plan.failed(counts, now);
    if (!next)
      break;
    now = *next;
  }
  CHECK(counted == 3);
  CHECK(now == start + 4s);
}
