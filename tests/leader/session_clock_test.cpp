// Goal: a session ends after twice its TTL without renewal, and never before
// its TTL.
// Method: stories with explicit times.

#include "actors/leader/core/session_clock.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace std::chrono_literals;
using leader::session_clock;

namespace {

constexpr time_point t0{};

using ids = std::vector<std::string>;

} // namespace

TEST_CASE("session clock: a session ends after twice its TTL",
          "[leader][core]") {
  session_clock c;
  c.follow({{"a", 10s}}, t0);
  CHECK(c.next_deadline() == t0 + 20s);
  CHECK(c.expire(t0 + 19999ms).empty());
  CHECK(c.expire(t0 + 20s) == ids{"a"});
}

TEST_CASE("session clock: renewal starts the clock anew", "[leader][core]") {
  session_clock c;
  c.follow({{"a", 10s}}, t0);
  CHECK(c.renew("a", t0 + 15s));
  CHECK(c.expire(t0 + 34s).empty());
  CHECK(c.expire(t0 + 35s) == ids{"a"});
  CHECK(!c.renew("b", t0));
}

TEST_CASE("session clock: following the list keeps running clocks",
          "[leader][core]") {
  session_clock c;
  c.follow({{"a", 10s}, {"b", 10s}}, t0);
  c.follow({{"a", 10s}, {"c", 30s}}, t0 + 5s);
  CHECK(c.expire(t0 + 20s) == ids{"a"});
  c.follow({{"c", 30s}}, t0 + 21s);
  CHECK(c.next_deadline() == t0 + 65s);
}

TEST_CASE("session clock: an end that was not written is tried again",
          "[leader][core]") {
  session_clock c;
  c.follow({{"a", 10s}}, t0);
  CHECK(c.expire(t0 + 20s) == ids{"a"});
  CHECK(c.expire(t0 + 20s).empty());
  CHECK(c.expire(t0 + 20s + session_clock::retry_after) == ids{"a"});
  c.follow({}, t0 + 26s);
  CHECK(!c.next_deadline());
}

TEST_CASE("session clock: a session that is ending cannot be renewed",
          "[leader][core]") {
  session_clock c;
  c.follow({{"a", 10s}}, t0);
  CHECK(!c.ending("a"));
  CHECK(c.expire(t0 + 20s) == ids{"a"});
  CHECK(c.ending("a"));
  CHECK(!c.renew("a", t0 + 21s));
  CHECK(c.next_deadline() == t0 + 20s + session_clock::retry_after);
  c.follow({}, t0 + 22s);
  CHECK(!c.ending("a"));
}
