// Goal: ticks do not multiply. A server whose deadline moved back and forth
// once had one more tick under way with each heartbeat. Method: a clock by
// hand, and an actor that only remembers what is under way.

#include "actors/tick_timer.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace praetor;
using namespace std::chrono_literals;

namespace {

/// Takes the place of an actor.
struct sender {
  std::multiset<time_point> under_way;

  void scheduled_send(sender*, time_point at, caf::tick_atom) {
    under_way.insert(at);
  }
};

} // namespace

TEST_CASE("tick timer: an earlier tick replaces a later one", "[owner][core]") {
  sender self;
  tick_timer timer;
  const time_point t{};
  timer.set(&self, t + 5s);
  timer.set(&self, t + 9s);
  CHECK(self.under_way == std::multiset<time_point>{t + 5s});
  timer.set(&self, t + 3s);
  CHECK(timer.ring(t + 3s));
  timer.set(&self, t + 8s);
  CHECK_FALSE(timer.ring(t + 5s)); // the one that was replaced
  CHECK(timer.ring(t + 8s));
  CHECK_FALSE(timer.ring(t + 9s));
}

TEST_CASE("tick timer: deadlines that move leave one tick", "[owner][core]") {
  sender self;
  tick_timer timer;
  time_point now{};
  for (int i = 0; i < 1000; ++i) {
    // The deadline: later each time, by very different amounts.
    timer.set(&self, now + (i % 2 == 0 ? 200ms : 100ms));
    now += 30ms;
    while (!self.under_way.empty() && *self.under_way.begin() <= now) {
      self.under_way.erase(self.under_way.begin());
      if (timer.ring(now))
        timer.set(&self, now + (i % 3 == 0 ? 150ms : 100ms));
    }
    CHECK(self.under_way.size() <= 3);
  }
}
