// Goal: the parts that the gossip machine is made of do what they say.
// Method: tables of expected values from the protocol's papers and reference
// implementations; invariants under random use; for coordinates a grid of nodes
// with known distances.

#include "actors/gossip/core/awareness.hpp"
#include "actors/gossip/core/broadcast_queue.hpp"
#include "actors/gossip/core/coordinate.hpp"
#include "actors/gossip/core/event_buffer.hpp"
#include "actors/gossip/core/lamport_clock.hpp"
#include "actors/gossip/core/member_table.hpp"
#include "actors/gossip/core/options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;

namespace {

using kind = broadcast_queue::kind;

constexpr auto now = time_point{} + 1h;

std::string name(std::size_t i) {
  return "n" + std::to_string(i);
}

broadcast_queue::subject claim(const char* about) {
  return {kind::claim, key_of(about)};
}

member someone(member_state state) {
  return {
    std::make_shared<const member_facts>(), 1, state, now, false, false, 0};
}

std::vector<std::string> all_of(broadcast_queue& queue, int limit = 100) {
  return queue.take(1'000'000, 0, limit);
}

} // namespace

TEST_CASE("options: limits follow from the size of the pool",
          "[gossip][core]") {
  struct row {
    std::size_t members;
    int retransmissions;
    duration suspicion_min;
    int confirmations;
    duration sync;
  };
  const std::vector<row> rows = {
    {1, 4, 4s, 0, 30s},      {2, 4, 4s, 0, 30s},      {3, 4, 4s, 0, 30s},
    {4, 4, 4s, 2, 30s},      {9, 4, 4s, 2, 30s},      {10, 8, 4s, 2, 30s},
    {32, 8, 6020ms, 2, 30s}, {33, 8, 6074ms, 2, 60s}, {64, 8, 7224ms, 2, 60s},
    {65, 8, 7251ms, 2, 90s}, {100, 12, 8s, 2, 90s},   {1000, 16, 12s, 2, 180s},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.members) {
      const core_options opts;
      CHECK(retransmit_limit(opts, row.members) == row.retransmissions);
      const auto x = suspicion_options(opts, row.members);
      CHECK(std::chrono::floor<std::chrono::milliseconds>(x.timeout_min)
            == row.suspicion_min);
      CHECK(x.timeout_max == 6 * x.timeout_min);
      CHECK(x.confirmations_wanted == row.confirmations);
      CHECK(sync_period(opts, row.members) == row.sync);
    }
  }
  CHECK(suspicion_options(wan_options(), 10).timeout_min == 30s);
  CHECK(suspicion_options(wan_options(), 10).confirmations_wanted == 4);
}

TEST_CASE("awareness: stays within its bounds", "[gossip][core]") {
  awareness x{8};
  CHECK(x.scale(1s) == 1s);
  x.change(-1);
  CHECK(x.score() == 0);
  x.change(+3);
  CHECK(x.scale(1s) == 4s);
  x.change(+100);
  CHECK(x.score() == 7);
  x.change(-1);
  CHECK(x.score() == 6);
}

TEST_CASE("lamport_clock: never goes back, and never far ahead",
          "[gossip][core]") {
  lamport_clock x{10};
  CHECK(x.increment() == 11);
  x.witness(5);
  CHECK(x.time() == 11);
  x.witness(11);
  CHECK(x.time() == 12);
  CHECK(x.plausible(12 + lamport_clock::jump_max));
  CHECK_FALSE(x.plausible(13 + lamport_clock::jump_max));
  CHECK(x.plausible(0));
}

TEST_CASE("broadcast_queue: the order of what is sent", "[gossip][core]") {
  broadcast_queue queue;
  queue.push(urgency::event, {kind::event, {}}, "event");
  queue.push(urgency::intent, {kind::intent, key_of("a")}, "intent");
  queue.push(urgency::claim, claim("a"), "small");
  queue.push(urgency::claim, claim("b"), "the larger one");
  queue.push(urgency::claim, claim("c"), "equal");
  queue.push(urgency::own_claim, claim("self"), "self");
  CHECK(all_of(queue)
        == std::vector<std::string>{"self", "the larger one", "equal", "small",
                                    "intent", "event"});
  // What was sent before comes after what was not.
  queue.push(urgency::claim, claim("d"), "new");
  const auto again = all_of(queue);
  CHECK(again[1] == "new");
  CHECK(again.size() == 7);
}

TEST_CASE("broadcast_queue: news replaces old news of a subject",
          "[gossip][core]") {
  broadcast_queue queue;
  queue.push(urgency::claim, claim("a"), "old");
  queue.push(urgency::claim, claim("a"), "new");
  queue.push(urgency::intent, {kind::intent, key_of("a")}, "intent");
  queue.push(urgency::event, {kind::event, {}}, "one");
  queue.push(urgency::event, {kind::event, {}}, "two");
  CHECK(all_of(queue)
        == std::vector<std::string>{"new", "intent", "two", "one"});
  CHECK(queue.contains(claim("a")));
  CHECK_FALSE(queue.contains(claim("b")));
}

TEST_CASE("broadcast_queue: all is sent so often and no more",
          "[gossip][core]") {
  broadcast_queue queue;
  queue.push(urgency::claim, claim("a"), "a");
  queue.push(urgency::event, {kind::event, {}}, "e");
  for (int i = 0; i < 3; ++i) {
    CHECK(queue.contains(claim("a")));
    CHECK(all_of(queue, 3).size() == 2);
  }
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
  CHECK(all_of(queue, 3).empty());
}

TEST_CASE("broadcast_queue: fills the room it is given", "[gossip][core]") {
  broadcast_queue queue;
  queue.push(urgency::claim, claim("a"), std::string(50, 'a'));
  queue.push(urgency::claim, claim("b"), std::string(40, 'b'));
  queue.push(urgency::claim, claim("c"), std::string(10, 'c'));
  CHECK(queue.take(9, 2, 9).empty());
  const auto taken = queue.take(64, 2, 9);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].front() == 'a');
  CHECK(taken[1].front() == 'c');
  CHECK(queue.take(64, 2, 9).front().front() == 'b');
}

TEST_CASE("broadcast_queue: is bounded, losing what was sent most",
          "[gossip][core]") {
  broadcast_queue queue;
  queue.push(urgency::event, {kind::event, {}}, "sent");
  CHECK(all_of(queue).size() == 1);
  queue.push(urgency::claim, claim("a"), "claim");
  for (std::size_t i = 0; i < broadcast_queue::class_min; ++i)
    queue.push(urgency::event, {kind::event, {}}, "e");
  queue.prune(10);
  CHECK(queue.size(urgency::event) == broadcast_queue::class_min);
  CHECK(queue.size(urgency::claim) == 1);
  const auto rest = all_of(queue);
  CHECK(std::count(rest.begin(), rest.end(), "sent") == 0);
}

TEST_CASE("member_table: each round visits each member once",
          "[gossip][core]") {
  member_table table;
  rng random{1};
  for (std::size_t i = 0; i < 20; ++i)
    table.add(key_of(name(i)), someone(member_state::alive), random);
  const auto any = [](member_key, const member&) { return true; };
  while (table.next(any, random) && random.below(7) != 0)
    ;
  // Wherever it is: among 40 steps each member has its turn.
  std::set<member_key> seen;
  for (int i = 0; i < 40; ++i)
    seen.insert(*table.next(any, random));
  CHECK(seen.size() == 20);
  CHECK_FALSE(
    table.next([](member_key, const member&) { return false; }, random));
}

TEST_CASE("member_table: chooses different members, and all in time",
          "[gossip][core]") {
  member_table table;
  rng random{2};
  for (std::size_t i = 0; i < 50; ++i)
    table.add(key_of(name(i)),
              someone(i < 5 ? member_state::alive : member_state::dead),
              random);
  const auto lives = [](member_key, const member& m) {
    return m.state == member_state::alive;
  };
  std::set<member_key> seen;
  for (int i = 0; i < 100; ++i) {
    const auto chosen = table.choose(3, lives, random);
    CHECK(std::set(chosen.begin(), chosen.end()).size() == 3);
    seen.insert(chosen.begin(), chosen.end());
  }
  CHECK(seen.size() == 5);
  CHECK(table.choose(9, lives, random).size() == 5);
  CHECK(member_table{}.choose(3, lives, random).empty());
}

TEST_CASE("member_table: keeps its invariants", "[gossip][core]") {
  member_table table;
  rng random{3};
  const auto any = [](member_key, const member&) { return true; };
  for (int i = 0; i < 2000; ++i) {
    const auto key = key_of(name(random.below(30)));
    auto* m = table.find(key);
    if (m == nullptr)
      table.add(key, someone(static_cast<member_state>(random.below(4))),
                random);
    else if (random.below(3) == 0)
      table.erase(key);
    else
      table.change_state(*m, static_cast<member_state>(random.below(4)), now);
    static_cast<void>(table.next(any, random));
    table.check_invariants();
  }
}

TEST_CASE("event_buffer: takes each event once", "[gossip][core]") {
  event_buffer x{0};
  CHECK(x.accept({5, "e", "p"}));
  CHECK_FALSE(x.accept({5, "e", "p"}));
  CHECK(x.accept({5, "e", "q"}));
  CHECK(x.accept({5, "f", "p"}));
  CHECK(x.accept({3, "e", "p"}));
  CHECK(x.clock().time() == 6);
  CHECK(x.fire("e", "p").ltime == 7);
  CHECK_FALSE(x.accept({7, "e", "p"}));
  CHECK(x.recent().size() == 5);
}

TEST_CASE("event_buffer: what is old or absurd is dropped", "[gossip][core]") {
  event_buffer x{1000};
  CHECK_FALSE(x.accept({400, "e", ""}));
  CHECK(x.accept({600, "e", ""}));
  CHECK_FALSE(x.accept({2000 + lamport_clock::jump_max, "e", ""}));
  CHECK(x.clock().time() == 1000);
  x.ignore_upto(1500);
  CHECK_FALSE(x.accept({1500, "e", ""}));
  CHECK(x.accept({1501, "e", ""}));
  std::size_t taken = 0;
  for (int i = 0; i < 300; ++i)
    taken += x.accept({1600, "e", std::to_string(i)}) ? 1 : 0;
  CHECK(taken == event_buffer::at_once_max);
}

TEST_CASE("event_buffer: equal contents have an equal hash", "[gossip][core]") {
  event_buffer a{0};
  event_buffer b{0};
  for (std::uint64_t i = 1; i < 1500; ++i) {
    a.accept({i, "e", ""});
    CHECK(a.hash() != b.hash());
    b.accept({i, "e", ""});
    CHECK(a.hash() == b.hash());
  }
  b.accept({1490, "late", ""});
  a.accept({1500, "e", ""});
  a.accept({1490, "late", ""});
  b.accept({1500, "e", ""});
  CHECK(a.hash() == b.hash());
}

TEST_CASE("coordinate: what cannot be is not believed", "[gossip][core]") {
  coordinate_client x;
  rng random{1};
  const auto peer = key_of("peer");
  CHECK_FALSE(x.observe(peer, {}, -1ns, random));
  CHECK_FALSE(x.observe(peer, {}, 10001ms, random));
  coordinate broken;
  broken.at[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(x.observe(peer, broken, 1ms, random));
  broken.at[3] = std::numeric_limits<double>::infinity();
  CHECK_FALSE(x.observe(peer, broken, 1ms, random));
  CHECK(x.own() == coordinate{});
  // Numbers that overflow start it anew.
  broken.at[3] = 1e200;
  broken.height = 1e300;
  for (int i = 0; i < 50; ++i)
    x.observe(peer, broken, 1ms, random);
  CHECK(well_formed(x.own()));
  CHECK(x.resets() > 0);
}

TEST_CASE("coordinate: the distance never is negative", "[gossip][core]") {
  coordinate a;
  coordinate b;
  b.at[0] = 3;
  b.at[1] = 4;
  CHECK(distance(a, b) == Approx(5 + 20e-6));
  a.adjustment = 1;
  CHECK(distance(a, b) == Approx(6 + 20e-6));
  a.adjustment = -7;
  CHECK(distance(a, b) == Approx(5 + 20e-6));
}

TEST_CASE("coordinate: nodes of a grid find their places", "[gossip][core]") {
  // 10 x 10 nodes, 10 ms apart; each measures all others 30 times.
  constexpr std::size_t count = 100;
  const auto rtt = [](std::size_t i, std::size_t j) {
    const auto dx = static_cast<double>(i % 10) - static_cast<double>(j % 10);
    const auto dy = static_cast<double>(i / 10) - static_cast<double>(j / 10);
    return 0.010 * std::sqrt(dx * dx + dy * dy);
  };
  std::vector<coordinate_client> nodes(count);
  rng random{1};
  for (int round = 0; round < 30; ++round)
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t k = 0; k < count; ++k) {
        const auto j = random.below(count);
        if (i != j)
          nodes[i].observe(key_of(name(j)), nodes[j].own(),
                           std::chrono::duration_cast<duration>(
                             std::chrono::duration<double>{rtt(i, j)}),
                           random);
      }
  std::vector<double> errors;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < i; ++j)
      errors.push_back(
        std::abs(distance(nodes[i].own(), nodes[j].own()) - rtt(i, j))
        / rtt(i, j));
  std::sort(errors.begin(), errors.end());
  CHECK(errors[errors.size() / 2] < 0.1);
}
