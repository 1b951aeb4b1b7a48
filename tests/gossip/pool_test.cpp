// Goal: a pool of nodes finds out who is there, and is right about it.
// Method: whole pools of cores on a simulated network with virtual time, some
// seeds each. Bounds are twice the medians that a simulation of the protocol's
// rules gave (10 nodes: all know news after 0.3 s, a crash after 6.3 s; 30: 0.6
// and 8 s), or two periods of comparing where that heals.

#include "tests/gossip/pool.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <string>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;

using praetor::gossip::test::facts_of;
using praetor::gossip::test::pool;

namespace {

using kind = member_event::kind;

/// A pool of `count` nodes that know each other.
void settle(pool& p, std::size_t count) {
  p.grow(count);
  REQUIRE(p.run_until([&] { return p.converged(); }, 35s));
  p.run(5s);
}

void no_violations(const pool& p) {
  CHECK(p.violations == std::vector<std::string>{});
}

} // namespace

TEST_CASE("pool: nodes that join one know all soon", "[gossip][core]") {
  for (const auto count : {2U, 3U, 10U, 30U}) {
    DYNAMIC_SECTION(count) {
      pool p{count};
      p.grow(count);
      CHECK(p.run_until([&] { return p.converged(); }, 3s));
      for (const auto& [name, x] : p.nodes) {
        CHECK(x.joins.size() == (name == "n1" ? 0U : 1U));
        for (const auto& j : x.joins)
          CHECK(j.joined == 1);
      }
      p.run(60s);
      CHECK(p.converged());
      CHECK(p.reports(kind::joined) == count * count);
      no_violations(p);
    }
  }
}

TEST_CASE("pool: without faults nobody is accused", "[gossip][core]") {
  for (const auto seed : {1U, 2U, 3U}) {
    pool p{seed};
    settle(p, 12);
    p.run(120s);
    CHECK(p.reports(kind::failed) == 0);
    for (const auto& [name, x] : p.nodes) {
      CHECK(x.core->counters().probes_failed == 0);
      CHECK(x.core->counters().refutations == 0);
      CHECK(x.core->incarnation() == 1);
    }
    no_violations(p);
  }
}

TEST_CASE("pool: lost packets do not kill", "[gossip][core]") {
  for (const auto seed : {1U, 2U, 3U}) {
    pool p{seed};
    settle(p, 15);
    p.loss_percent = 15;
    p.run(180s);
    CHECK(p.reports(kind::failed) == 0);
    p.loss_percent = 0;
    p.run(20s);
    CHECK(p.converged());
    no_violations(p);
  }
}

TEST_CASE("pool: packets do not come through, streams do", "[gossip][core]") {
  pool p{4};
  settle(p, 5);
  for (const auto* other : {"n1", "n2", "n3", "n4"}) {
    p.no_packets.insert({other, "n5"});
    p.no_packets.insert({"n5", other});
  }
  p.run(60s);
  CHECK(p.reports(kind::failed) == 0);
  CHECK(p.nodes.at("n5").core->counters().only_streams > 0);
  no_violations(p);
}

TEST_CASE("pool: who cannot reach one member asks others", "[gossip][core]") {
  pool p{5};
  settle(p, 6);
  p.no_packets.insert({"n1", "n2"});
  p.no_packets.insert({"n2", "n1"});
  p.run(60s);
  CHECK(p.reports(kind::failed) == 0);
  for (const auto& [name, x] : p.nodes)
    CHECK(x.core->counters().only_streams == 0);
  no_violations(p);
}

TEST_CASE("pool: a crash is known everywhere in time", "[gossip][core]") {
  struct row {
    std::size_t nodes;
    duration bound;
  };
  for (const auto& row : {row{3, 20s}, row{10, 13s}, row{30, 17s}}) {
    for (const auto seed : {1U, 2U, 3U}) {
      DYNAMIC_SECTION(row.nodes << " nodes, seed " << seed) {
        pool p{seed * 100 + row.nodes};
        settle(p, row.nodes);
        p.crash("n2");
        CHECK(p.run_until(
          [&] { return p.all_think("n2", member_status::failed); },
          row.bound + 12s)); // six suspicion periods, if nobody confirms
        CHECK(p.reports(kind::failed) == row.nodes - 1);
        no_violations(p);
      }
    }
  }
}

TEST_CASE("pool: a restarted node is back at once", "[gossip][core]") {
  pool p{6};
  settle(p, 8);
  SECTION("before anybody noticed") {
    p.crash("n3");
    p.boot("n3");
    CHECK(p.run_until([&] { return p.converged(); }, 3s));
    p.run(10s);
    CHECK(p.reports(kind::failed) == 0);
  }
  SECTION("after it was given up") {
    p.crash("n3");
    REQUIRE(p.run_until(
      [&] { return p.all_think("n3", member_status::failed); }, 40s));
    p.boot("n3");
    CHECK(p.run_until([&] { return p.converged(); }, 3s));
  }
  CHECK(p.nodes.at("n3").core->incarnation() >= 2);
  REQUIRE(!p.nodes.at("n3").joins.empty());
  CHECK(p.nodes.at("n3").joins.back().id == 0);
  no_violations(p);
}

TEST_CASE("pool: a node whose disk was lost is back, too", "[gossip][core]") {
  pool p{7};
  settle(p, 5);
  p.crash("n3");
  REQUIRE(
    p.run_until([&] { return p.all_think("n3", member_status::failed); }, 40s));
  p.nodes.at("n3").disk.reset();
  p.nodes.at("n3").incarnation = 0;
  p.violations.clear();
  p.boot("n3");
  p.join("n3", "n1");
  CHECK(p.run_until([&] { return p.converged(); }, 5s));
  no_violations(p);
}

TEST_CASE("pool: after a partition all are one again", "[gossip][core]") {
  struct row {
    std::size_t nodes;
    std::size_t cut;
  };
  for (const auto& row : {row{2, 1}, row{6, 3}, row{10, 1}, row{15, 5}}) {
    DYNAMIC_SECTION(row.cut << " of " << row.nodes) {
      pool p{row.nodes};
      settle(p, row.nodes);
      for (std::size_t i = 1; i <= row.cut; ++i)
        p.nodes.at("n" + std::to_string(i)).group = 1;
      p.run(90s);
      const auto last = "n" + std::to_string(row.nodes);
      CHECK(p.status("n1", last) == member_status::failed);
      CHECK(p.status(last, "n1") == member_status::failed);
      for (auto& [name, x] : p.nodes)
        x.group = 0;
      // The failed are called every 30 s.
      CHECK(p.run_until([&] { return p.converged(); }, 60s));
      no_violations(p);
    }
  }
}

TEST_CASE("pool: after a power cut all find each other", "[gossip][core]") {
  pool p{8};
  settle(p, 9);
  p.crash("n1");
  REQUIRE(
    p.run_until([&] { return p.all_think("n1", member_status::failed); }, 40s));
  for (std::size_t i = 2; i <= 9; ++i)
    p.crash("n" + std::to_string(i));
  p.run(10s);
  for (const auto& [name, x] : p.nodes)
    p.boot(name);
  CHECK(p.run_until([&] { return p.converged(); }, 60s));
  no_violations(p);
}

TEST_CASE("pool: who leaves has left, everywhere", "[gossip][core]") {
  pool p{9};
  settle(p, 10);
  p.step("n4", leave_request{});
  CHECK(p.run_until([&] { return p.nodes.at("n4").left; }, 7s));
  p.crash("n4");
  p.run(2s);
  CHECK(p.all_think("n4", member_status::left));
  CHECK(p.reports(kind::failed) == 0);
  p.run(60s);
  CHECK(p.all_think("n4", member_status::left));

  SECTION("and does not come back by itself") {
    p.boot("n4");
    p.run(40s);
    CHECK(p.all_think("n4", member_status::left));
    p.join("n4", "n1");
    CHECK(p.run_until([&] { return p.converged(); }, 3s));
  }
  SECTION("and comes back if it is told to") {
    p.nodes.at("n4").opts.rejoin_after_leave = true;
    p.boot("n4");
    CHECK(p.run_until([&] { return p.converged(); }, 3s));
  }
  no_violations(p);
}

TEST_CASE("pool: the last one may leave", "[gossip][core]") {
  pool p{10};
  p.grow(1);
  p.step("n1", leave_request{});
  CHECK(p.nodes.at("n1").left);
}

TEST_CASE("pool: the dead and the left are forgotten", "[gossip][core]") {
  pool p{11};
  for (const auto* name : {"n1", "n2", "n3", "n4"}) {
    core_options opts;
    opts.self = facts_of(name);
    opts.tombstone_timeout = 60s;
    opts.reconnect_timeout = 120s;
    p.add(opts);
    if (name != std::string{"n1"})
      p.join(name, "n1");
  }
  p.run(5s);
  p.step("n2", leave_request{});
  p.run(8s);
  p.crash("n2");
  p.crash("n3");
  p.run(80s);
  CHECK(p.all_think("n2", std::nullopt));
  CHECK(p.all_think("n3", member_status::failed));
  p.run(120s);
  CHECK(p.all_think("n3", std::nullopt));
  CHECK(p.nodes.at("n1").core->members().size() == 2);
  no_violations(p);
}

TEST_CASE("pool: an operator says that a failed node has left",
          "[gossip][core]") {
  pool p{12};
  settle(p, 6);
  p.crash("n2");
  REQUIRE(
    p.run_until([&] { return p.all_think("n2", member_status::failed); }, 40s));
  SECTION("it is shown as left") {
    p.step("n1", force_leave_request{"n2", false});
    p.run(2s);
    CHECK(p.all_think("n2", member_status::left));
  }
  SECTION("it is forgotten") {
    p.step("n1", force_leave_request{"n2", true});
    p.run(2s);
    CHECK(p.all_think("n2", std::nullopt));
    p.run(70s);
    CHECK(p.all_think("n2", std::nullopt));
  }
  SECTION("two at a time do not go round for ever") {
    p.step("n1", force_leave_request{"n2", false});
    p.step("n3", force_leave_request{"n2", false});
    p.step("n4", force_leave_request{"n2", false});
    p.run(5s);
    for (const auto& [name, x] : p.nodes)
      if (x.core)
        CHECK(x.core->queue().empty());
  }
  no_violations(p);
}

TEST_CASE("pool: who lives cannot be made to leave", "[gossip][core]") {
  pool p{13};
  settle(p, 6);
  p.step("n1", force_leave_request{"n2", false});
  CHECK(p.status("n1", "n2") == member_status::leaving);
  p.run(3s);
  CHECK(p.converged());
  CHECK(p.all_think("n2", member_status::alive));
  p.crash("n2");
  p.run(40s);
  CHECK(p.all_think("n2", member_status::failed));
  no_violations(p);
}

TEST_CASE("pool: user events reach each member once", "[gossip][core]") {
  pool p{14};
  settle(p, 20);
  for (int i = 0; i < 20; ++i)
    p.step("n" + std::to_string(1 + i),
           fire_request{"deploy", std::to_string(i)});
  p.run(3s);
  for (const auto& [name, x] : p.nodes)
    CHECK(x.events.size() == 20);
  p.run(60s);
  for (const auto& [name, x] : p.nodes)
    CHECK(x.events.size() == 20);
  p.add("late");
  p.join("late", "n3");
  p.run(40s);
  CHECK(p.nodes.at("late").events.empty());
  p.step("n1", fire_request{"deploy", "v2"});
  p.run(3s);
  CHECK(p.nodes.at("late").events.size() == 1);
  no_violations(p);
}

TEST_CASE("pool: changed tags are known everywhere", "[gossip][core]") {
  pool p{15};
  settle(p, 10);
  p.step("n1", update_request{"cluster", {{"role", "consul"}}});
  p.run(2s);
  for (const auto& [name, x] : p.nodes)
    CHECK(x.core->members().find(key_of("n1"))->facts->tags.at("role")
          == "consul");
  CHECK(p.reports(kind::updated) == 10);
  no_violations(p);
}

TEST_CASE("pool: clusters do not mix", "[gossip][core]") {
  pool p{16};
  settle(p, 3);
  core_options opts;
  opts.self = facts_of("stranger");
  struct row {
    const char* name;
    std::function<void(member_facts&)> make;
    const char* why;
  };
  const std::vector<row> rows = {
    {"cluster", [](member_facts& x) { x.cluster_id = "other"; },
     "it belongs to another cluster"},
    {"datacenter", [](member_facts& x) { x.datacenter = "dc2"; },
     "part of wrong datacenter"},
    {"node id", [](member_facts& x) { x.node_id = "id-of-n1"; },
     "has conflicting node ID 'id-of-n1' with this agent's ID"},
    {"protocol",
     [](member_facts& x) {
       x.protocol = {2, 3, 2};
     },
     "speaks another version"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      row.make(opts.self);
      p.add(opts);
      p.join("stranger", "n1");
      p.run(5s);
      const auto& joins = p.nodes.at("stranger").joins;
      REQUIRE(joins.size() == 1);
      CHECK(joins[0].joined == 0);
      REQUIRE(joins[0].failures.size() == 1);
      CHECK_THAT(joins[0].failures[0].second, Catch::Contains(row.why));
      CHECK(p.status("n1", "stranger") == std::nullopt);
      CHECK(p.nodes.at("stranger").core->members().size() == 1);
    }
  }
}

TEST_CASE("pool: of two nodes with one name the newcomer stops",
          "[gossip][core]") {
  pool p{17};
  settle(p, 6);
  core_options opts;
  opts.self = facts_of("n2");
  opts.self.node_id = "another";
  opts.self.at = {"elsewhere", 8301};
  // Known to the pool of the test by another name.
  auto& twin = p.add_as("twin", opts);
  p.join("twin", "n1");
  p.run(10s);
  CHECK(twin.name_lost);
  CHECK_FALSE(p.nodes.at("n2").name_lost);
  CHECK(p.reports(kind::conflict) > 0);
  CHECK(p.nodes.at("n1").core->members().find(key_of("n2"))->facts->at
        == facts_of("n2").at);
}

TEST_CASE("pool: crashes, loss and partitions at random end well",
          "[gossip][core]") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    DYNAMIC_SECTION("seed " << seed) {
      pool p{seed};
      rng random{seed};
      const auto count = 3 + random.below(12);
      settle(p, count);
      for (int i = 0; i < 15; ++i) {
        const auto name = "n" + std::to_string(1 + random.below(count));
        auto& x = p.nodes.at(name);
        switch (random.below(5)) {
          case 0: x.core ? p.crash(name) : p.boot(name); break;
          case 1: x.group = 1 - x.group; break;
          case 2: p.loss_percent = random.below(30); break;
          case 3: p.step(name, fire_request{"e", std::to_string(i)}); break;
          default: p.step("n1", force_leave_request{name, false});
        }
        p.run(duration{std::chrono::milliseconds{random.below(15000)}});
      }
      p.loss_percent = 0;
      for (auto& [name, x] : p.nodes) {
        x.group = 0;
        if (!x.core)
          p.boot(name);
      }
      // Who was made to leave while it was away is not called, so it calls.
      for (const auto& [name, x] : p.nodes)
        if (name != "n1")
          p.join(name, "n1");
      CHECK(p.run_until([&] { return p.converged(); }, 90s));
      no_violations(p);
    }
  }
}

TEST_CASE("pool: a thousand nodes", "[.big]") {
  // Prints: how long until news reach all, and until a crash is known.
  pool p{1};
  p.check_interval = 60s;
  p.grow(1000);
  const auto joined = p.run_until([&] { return p.converged(); }, 120s);
  std::printf("1000 nodes: joined=%d after %.1f s\n", joined,
              std::chrono::duration<double>(p.now - test::start).count());
  p.run(3s);
  const auto told = p.now;
  p.step("n7", fire_request{"news", ""});
  const auto heard = [&](double part) {
    std::size_t n = 0;
    for (const auto& [name, x] : p.nodes)
      n += x.events.empty() ? 0 : 1;
    return static_cast<double>(n) >= part * 1000;
  };
  for (const auto part : {0.5, 0.99, 1.0}) {
    CHECK(p.run_until([&] { return heard(part); }, 10s));
    std::printf("news at %.0f %%: %.2f s\n", part * 100,
                std::chrono::duration<double>(p.now - told).count());
  }
  p.crash("n8");
  const auto crashed = p.now;
  CHECK(
    p.run_until([&] { return p.all_think("n8", member_status::failed); }, 60s));
  std::printf("a crash is known everywhere after %.1f s\n",
              std::chrono::duration<double>(p.now - crashed).count());
  no_violations(p);
}
