// Goal: servers come into Raft and go out of it when, and only when, they
// should, one step at a time, and never so that the rest could not go on.
// Method: a table of clusters with the step that is due; stories with time;
// then all fates of five servers, in which the voters left are counted.

#include "actors/leader/core/autopilot.hpp"

#include "tests/leader/pool.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace praetor;
using namespace praetor::leader;
using namespace std::chrono_literals;
using enum gossip::member_status;

namespace {

constexpr time_point t0 = time_point{} + 1h;
constexpr log_index last = 1000;
constexpr log_term term = 7;

const peer_id me{"1"};

/// A cluster in which nothing is to be done: one leader, all voters well.
struct cluster {
  server_map servers;
  raft::raft_status raft;

  explicit cluster(int size) {
    raft.role = "Leader";
    raft.term = raft.last_log_term = term;
    raft.leader = me;
    raft.commit = raft.last_log_index = last;
    raft.members_index = 1;
    raft.heartbeat_period = 100ms;
    for (auto i = 1; i <= size; ++i) {
      add_server(i);
      add_peer(i, true);
    }
  }

  static peer_id id(int i) { return {std::to_string(i)}; }
  static std::string address(int i) {
    return "10.0.0." + std::to_string(i) + ":8300";
  }

  server& add_server(int i) {
    return servers[id(i)] = {"s" + std::to_string(i), address(i), alive, false,
                             "1.8.7"};
  }

  void add_peer(int i, bool voter) {
    raft.members.push_back({id(i), address(i), voter});
    if (id(i) != me)
      raft.peers.push_back({id(i), last, term, 100ms});
  }

  raft::peer_status& peer(int i) {
    return *std::find_if(raft.peers.begin(), raft.peers.end(),
                         [i](const auto& x) { return x.id == id(i); });
  }

  void fail(int i) {
    servers[id(i)].status = failed;
    peer(i).last_contact = 1h;
  }

  /// What was decided is done.
  void take(const decision& x) {
    if (const auto* change = std::get_if<membership_change>(&x)) {
      raft.members = change->next.members;
      raft.members_index = ++raft.last_log_index;
      raft.commit = raft.last_log_index;
    }
  }

  std::size_t voters() const {
    return static_cast<std::size_t>(
      std::count_if(raft.members.begin(), raft.members.end(),
                    [](const auto& x) { return x.voter; }));
  }
};

/// A decision in words: "promoting server to voter 4", or "".
std::string words(const decision& x) {
  if (std::holds_alternative<hand_over>(x))
    return "hand over";
  if (const auto* change = std::get_if<membership_change>(&x))
    return change->what + (" " + change->whom.value);
  return "";
}

/// What is decided at once, and `wait` later if nothing else happens.
std::pair<std::string, std::string>
decide(const cluster& x, autopilot::config config = {}, duration wait = 10s) {
  autopilot pilot{me};
  pilot.configure(std::move(config));
  pilot.observe(x.servers, x.raft, t0);
  const auto first = words(pilot.next());
  pilot.observe(x.servers, x.raft, t0 + wait);
  return {first, words(pilot.next())};
}

struct row {
  const char* name;
  int size;
  void (*change)(cluster&);
  std::string at_once;
  std::string later;
};

const row rows[] = {
  {"nothing is wrong", 3, [](cluster&) {}, "", ""},
  {"alone", 1, [](cluster&) {}, "", ""},
  {"a server is new", 3, [](cluster& x) { x.add_server(4); },
   "adding server as a learner 4", "adding server as a learner 4"},
  {"a server is new, and failed already", 3,
   [](cluster& x) { x.add_server(4).status = failed; }, "", ""},
  {"a learner is healthy", 3,
   [](cluster& x) {
     x.add_server(4);
     x.add_peer(4, false);
   },
   "", "promoting server to voter 4"},
  {"a learner must never vote", 3,
   [](cluster& x) {
     x.add_server(4).non_voter = true;
     x.add_peer(4, false);
   },
   "", ""},
  {"a learner lags as far as is allowed", 3,
   [](cluster& x) {
     x.add_server(4);
     x.add_peer(4, false);
     x.peer(4).match = last - 250;
   },
   "", "promoting server to voter 4"},
  {"a learner lags too far", 3,
   [](cluster& x) {
     x.add_server(4);
     x.add_peer(4, false);
     x.peer(4).match = last - 251;
   },
   "", ""},
  {"a learner's entries are of an old term", 3,
   [](cluster& x) {
     x.add_server(4);
     x.add_peer(4, false);
     x.peer(4).match_term = term - 1;
   },
   "", ""},
  {"a learner missed two heartbeats", 3,
   [](cluster& x) {
     x.add_server(4);
     x.add_peer(4, false);
     x.peer(4).last_contact = 201ms;
   },
   "", ""},
  {"a learner missed no heartbeat of a patient leader", 3,
   [](cluster& x) {
     x.add_server(4);
     x.add_peer(4, false);
     x.peer(4).last_contact = 900ms;
     x.raft.heartbeat_period = 500ms;
   },
   "", "promoting server to voter 4"},
  {"a learner was never heard", 3,
   [](cluster& x) {
     x.add_server(4);
     x.add_peer(4, false);
     x.peer(4).last_contact.reset();
   },
   "", ""},
  {"a learner failed", 3,
   [](cluster& x) {
     x.add_server(4);
     x.add_peer(4, false);
     x.fail(4);
   },
   "", "removing dead server 4"},
  {"a voter failed", 3, [](cluster& x) { x.fail(2); }, "",
   "removing dead server 2"},
  {"a voter is unknown to gossip", 3,
   [](cluster& x) { x.servers.erase(cluster::id(2)); }, "",
   "removing dead server 2"},
  {"one of two failed", 2, [](cluster& x) { x.fail(2); }, "", ""},
  {"one of four failed", 4, [](cluster& x) { x.fail(2); }, "",
   "removing dead server 2"},
  {"two of four failed", 4,
   [](cluster& x) {
     x.fail(2);
     x.fail(3);
   },
   "", ""},
  {"two of five failed", 5,
   [](cluster& x) {
     x.fail(2);
     x.fail(3);
   },
   "", "removing dead server 2"},
  {"one failed and another is not well", 3,
   [](cluster& x) {
     x.fail(2);
     x.peer(3).match = 0;
   },
   "", ""},
  {"a voter left", 3,
   [](cluster& x) { x.servers[cluster::id(2)].status = left; },
   "removing server that left 2", "removing server that left 2"},
  {"one of two left", 2,
   [](cluster& x) { x.servers[cluster::id(2)].status = left; },
   "removing server that left 2", "removing server that left 2"},
  {"a voter is leaving", 3,
   [](cluster& x) { x.servers[cluster::id(2)].status = leaving; }, "",
   "removing dead server 2"},
  {"this server is leaving", 3,
   [](cluster& x) { x.servers[me].status = leaving; }, "hand over",
   "hand over"},
  {"this server is leaving and there is no heir", 2,
   [](cluster& x) {
     x.servers[me].status = leaving;
     x.fail(2);
   },
   "", ""},
  {"a member has another address", 3,
   [](cluster& x) { x.servers[cluster::id(2)].address = "10.9.9.9:8300"; },
   "following the address of server 2", "following the address of server 2"},
  {"two members have swapped their addresses", 3,
   [](cluster& x) {
     std::swap(x.servers[cluster::id(2)].address,
               x.servers[cluster::id(3)].address);
   },
   "following the address of server 3", "following the address of server 3"},
  {"a member has the address that another one had", 3,
   [](cluster& x) {
     x.fail(2);
     x.servers[cluster::id(3)].address = cluster::address(2);
   },
   "", "removing dead server 2"},
  {"a new server has the address of one that failed", 3,
   [](cluster& x) {
     x.fail(2);
     x.add_server(4).address = cluster::address(2);
   },
   "removing server whose address another one has 2",
   "removing server whose address another one has 2"},
  {"a new server has the address of one that lives", 3,
   [](cluster& x) { x.add_server(4).address = cluster::address(2); }, "", ""},
  {"the last change is under way", 3,
   [](cluster& x) {
     x.add_server(4);
     x.raft.members_index = x.raft.commit + 1;
   },
   "", ""},
  {"another server leads", 3,
   [](cluster& x) {
     x.add_server(4);
     x.raft.leader = cluster::id(2);
   },
   "", ""},
};

} // namespace

TEST_CASE("autopilot: what is due at once and after a while",
          "[leader][core]") {
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      cluster c{x.size};
      x.change(c);
      const auto [at_once, later] = decide(c);
      CHECK(at_once == x.at_once);
      CHECK(later == x.later);
      CHECK(decide(c, {}, 9999ms).second == x.at_once);
    }
  }
}

TEST_CASE("autopilot: the settings count", "[leader][core]") {
  cluster failed_one{3};
  failed_one.fail(2);
  CHECK(decide(failed_one, {.cleanup_dead_servers = false}).second.empty());
  CHECK(decide(failed_one, {.min_quorum = 3}).second.empty());
  CHECK(decide(failed_one, {.min_quorum = 2}).second
        == "removing dead server 2");
  CHECK(decide(failed_one, {.server_stabilization_time = 1s}, 1s).second
        == "removing dead server 2");
  cluster learner{3};
  learner.add_server(4);
  learner.add_peer(4, false);
  learner.peer(4).match = last - 10;
  CHECK(decide(learner, {.max_trailing_logs = 9}).second.empty());
  CHECK(decide(learner, {.server_stabilization_time = 11s}).second.empty());
  learner.peer(4).last_contact = 5s;
  CHECK(decide(learner, {.last_contact_threshold = 5s}).second
        == "promoting server to voter 4");
}

TEST_CASE("autopilot: a learner that was ill begins anew", "[leader][core]") {
  cluster c{1};
  c.add_server(2);
  c.add_peer(2, false);
  autopilot pilot{me};
  pilot.observe(c.servers, c.raft, t0);
  c.peer(2).match = 0;
  pilot.observe(c.servers, c.raft, t0 + 9s);
  c.peer(2).match = last;
  pilot.observe(c.servers, c.raft, t0 + 10s);
  CHECK(words(pilot.next()).empty());
  CHECK(pilot.waiting());
  pilot.observe(c.servers, c.raft, t0 + 19s);
  CHECK(words(pilot.next()).empty());
  pilot.observe(c.servers, c.raft, t0 + 20s);
  CHECK(words(pilot.next()) == "promoting server to voter 2");
  c.take(pilot.next());
  pilot.observe(c.servers, c.raft, t0 + 20s);
  CHECK(words(pilot.next()).empty());
  CHECK(!pilot.waiting());
}

TEST_CASE("autopilot: a server that gossip forgets has left",
          "[leader][core]") {
  cluster c{2};
  autopilot pilot{me};
  pilot.observe(c.servers, c.raft, t0);
  c.servers.erase(cluster::id(2));
  pilot.observe(c.servers, c.raft, t0 + 1s);
  CHECK(words(pilot.next()) == "removing server that left 2");
  c.add_server(2);
  pilot.observe(c.servers, c.raft, t0 + 2s);
  CHECK(words(pilot.next()).empty());
}

TEST_CASE("autopilot: who was removed alive comes back after a minute",
          "[leader][core]") {
  cluster c{3};
  autopilot pilot{me};
  pilot.observe(c.servers, c.raft, t0);
  c.raft.members.pop_back();
  pilot.observe(c.servers, c.raft, t0 + 1s);
  CHECK(words(pilot.next()).empty());
  pilot.observe(c.servers, c.raft, t0 + 60s);
  CHECK(words(pilot.next()).empty());
  pilot.observe(c.servers, c.raft, t0 + 61s);
  CHECK(words(pilot.next()) == "adding server as a learner 3");
}

TEST_CASE("autopilot: who was removed dead comes back at once",
          "[leader][core]") {
  cluster c{3};
  autopilot pilot{me};
  c.fail(3);
  pilot.observe(c.servers, c.raft, t0);
  c.raft.members.pop_back();
  c.add_server(3);
  pilot.observe(c.servers, c.raft, t0 + 1s);
  CHECK(words(pilot.next()) == "adding server as a learner 3");
}

TEST_CASE("autopilot: servers that fail one after another leave a majority of "
          "those there were",
          "[leader][core]") {
  struct size_row {
    int size;
    std::size_t left;
  };
  for (const auto& [size, expected] :
       {size_row{1, 1}, {2, 2}, {3, 2}, {4, 3}, {5, 3}, {7, 4}, {9, 5}}) {
    cluster c{size};
    autopilot pilot{me};
    auto now = t0;
    for (auto i = size; i > 1; --i) {
      c.fail(i);
      for (auto tick = 0; tick < 3; ++tick) {
        pilot.observe(c.servers, c.raft, now += 10s);
        c.take(pilot.next());
      }
    }
    CHECK(c.voters() == expected);
  }
}

TEST_CASE("autopilot: whatever happens to five servers, those who stay can go "
          "on",
          "[leader][core]") {
  // Fates of servers 2 to 5: well, failed, left, unknown, sick, restarting.
  constexpr auto fates = 6;
  for (auto code = 0; code < fates * fates * fates * fates; ++code) {
    INFO("fates " << code);
    cluster c{5};
    auto rest = code;
    std::size_t able = 1;
    std::size_t departed = 0;
    for (auto i = 2; i <= 5; ++i, rest /= fates) {
      switch (rest % fates) {
        case 0: ++able; break;
        case 1: c.fail(i); break;
        case 2:
          c.servers[cluster::id(i)].status = left;
          ++departed;
          break;
        case 3: c.servers.erase(cluster::id(i)); break;
        case 4: c.peer(i).match = 0; break;
        case 5: c.servers[cluster::id(i)].status = leaving; break;
      }
    }
    autopilot pilot{me};
    auto now = t0;
    auto steps = 0;
    for (; steps < 20; ++steps) {
      pilot.observe(c.servers, c.raft, now += 10s);
      const auto before = c.voters();
      const auto step = pilot.next();
      c.take(step);
      CHECK(before - c.voters() <= 1);
      CHECK(c.voters() >= 1);
      if (words(step).find("dead") != std::string::npos)
        CHECK(able >= before / 2 + 1);
      if (steps > 2 && words(step).empty())
        break;
    }
    CHECK(steps < 20);
    CHECK(c.voters() + departed >= 3);
  }
}

TEST_CASE("autopilot: the report says who is well", "[leader][core]") {
  cluster c{3};
  c.add_server(4);
  c.add_peer(4, false);
  autopilot pilot{me};
  pilot.observe(c.servers, c.raft, t0);
  auto report = pilot.report();
  CHECK(report.healthy);
  CHECK(report.failure_tolerance == 1);
  REQUIRE(report.servers.size() == 4);
  CHECK(report.servers[0].leader);
  CHECK(report.servers[0].last_contact == duration::zero());
  CHECK(report.servers[0].last_index == last);
  CHECK(report.servers[1].last_contact == 100ms);
  CHECK(report.servers[1].known->name == "s2");
  CHECK(!report.servers[3].voter);
  c.fail(2);
  c.servers.erase(cluster::id(3));
  pilot.observe(c.servers, c.raft, t0 + 5s);
  report = pilot.report();
  CHECK(!report.healthy);
  CHECK(report.failure_tolerance == 0);
  CHECK(!report.servers[1].healthy);
  CHECK(report.servers[1].stable_for == duration::zero());
  CHECK(!report.servers[2].known);
  CHECK(report.servers[3].stable_for == 5s);
}

TEST_CASE("autopilot: servers are members with the role and a port",
          "[leader][core]") {
  using namespace praetor::leader::test;
  const auto found = servers_of(
    {client("c"), test::server("s"),
     changed(test::server("new", alive, "10.0.0.2"),
             [](auto& x) { x.node_id = "id"; }),
     changed(test::server("old", failed), [](auto& x) { x.node_id = "id"; }),
     changed(test::server("odd"), [](auto& x) { x.tags["port"] = "x"; })});
  REQUIRE(found.size() == 2);
  CHECK(found.at({"id-of-s"}).address == "10.0.0.1:8300");
  CHECK(found.at({"id-of-s"}).version == "1.8.7");
  CHECK(found.at({"id"}).name == "new");
}
