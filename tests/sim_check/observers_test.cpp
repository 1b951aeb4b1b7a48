// Goal: each observer accepts what is right at its limits, and names what is
// wrong one step behind them.
// Method: short stories with explicit times.

#include "tests/sim/check/observers.hpp"

#include "tests/sim/check/watches.hpp"

#include <catch2/catch.hpp>

namespace praetor::sim {
namespace {

using namespace std::chrono_literals;

kv::session_row session(const std::string& id, duration ttl,
                        duration lock_delay = 0s) {
  kv::session_row x;
  x.id = id;
  x.ttl = ttl;
  x.lock_delay = lock_delay;
  return x;
}

/// A finished read of key "a".
operation read(moment invoked, moment returned, log_index index,
               owner::read_options options = {}) {
  operation op;
  op.server = "s1";
  op.what = key_read{{kv::query_kind::key, "a", {}, {}}, options};
  op.invoked = invoked;
  op.arrived = invoked;
  op.returned = returned;
  op.out.kind = outcome_kind::ok;
  op.out.answer.data = {index, true, share("[]")};
  return op;
}

owner::read_options stale() {
  owner::read_options x;
  x.mode = consistency::stale;
  return x;
}

owner::read_options above(log_index index, duration wait) {
  owner::read_options x;
  x.min_index = index;
  x.wait = wait;
  return x;
}

} // namespace

TEST_CASE("I13: one holder, alive, and not within a lock-delay",
          "[sim_check]") {
  struct row {
    const char* name;
    void (*story)(lock_observer&);
    std::size_t findings;
  };
  const row rows[] = {
    {"taken, released, taken by another",
     [](lock_observer& o) {
       o.acquired("k", "s", 3, 100, 0s);
       o.released("k");
       o.acquired("k", "t", 5, 101, 0s);
     },
     0},
    {"taken twice by the same",
     [](lock_observer& o) {
       o.acquired("k", "s", 3, 100, 0s);
       o.acquired("k", "s", 4, 101, 0s);
     },
     0},
    {"taken by two",
     [](lock_observer& o) {
       o.acquired("k", "s", 3, 100, 0s);
       o.acquired("k", "t", 4, 101, 0s);
     },
     1},
    {"after the lock-delay",
     [](lock_observer& o) {
       o.acquired("k", "s", 3, 100, 0s);
       o.ended("s", 1000);
       o.acquired("k", "t", 5, 6000, 0s);
     },
     0},
    {"a millisecond before its end",
     [](lock_observer& o) {
       o.acquired("k", "s", 3, 100, 0s);
       o.ended("s", 1000);
       o.acquired("k", "t", 5, 5999, 0s);
     },
     1},
    {"by a session that is gone",
     [](lock_observer& o) {
       o.ended("s", 1000);
       o.acquired("k", "s", 5, 9000, 0s);
     },
     1},
    {"a key below a deleted prefix is free",
     [](lock_observer& o) {
       o.acquired("d/k", "s", 3, 100, 0s);
       o.released_below("d/");
       o.acquired("d/k", "t", 5, 101, 0s);
     },
     0},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      lock_observer o;
      o.created(session("s", 0s, 5s));
      o.created(session("t", 0s));
      x.story(o);
      CHECK(o.take().size() == x.findings);
    }
  }
}

TEST_CASE("I14: a session lives at least for its TTL", "[sim_check]") {
  struct row {
    const char* name;
    void (*story)(session_observer&);
    std::size_t findings;
  };
  const row rows[] = {
    {"ends after its TTL", [](session_observer& o) { o.destroyed("s", 11s); },
     0},
    {"ends by a leader of a young term",
     [](session_observer& o) { o.destroyed("s", 15s, 8s); }, 1},
    {"ends by a leader of an old term",
     [](session_observer& o) { o.destroyed("s", 15s, 1s); }, 0},
    {"ends before", [](session_observer& o) { o.destroyed("s", 9s); }, 1},
    {"a client asked for it",
     [](session_observer& o) {
       o.asked_to_end("s");
       o.destroyed("s", 2s);
     },
     0},
    {"its node was lost",
     [](session_observer& o) {
       o.lost("s");
       o.destroyed("s", 2s);
     },
     0},
    {"ends although it was renewed",
     [](session_observer& o) {
       o.renewed("s", 8s, 9s);
       o.destroyed("s", 17s);
     },
     1},
    {"a renewal that was not answered before does not count",
     [](session_observer& o) {
       o.renewed("s", 8s, 13s);
       o.destroyed("s", 12s);
     },
     0},
    {"is left, and was asked about",
     [](session_observer& o) {
       o.asked_to_renew("s", 100s);
       o.finish({"s"}, 50s, 150s);
     },
     0},
    {"is left for too long",
     [](session_observer& o) { o.finish({"s"}, 50s, 150s); }, 1},
    {"is gone for long", [](session_observer& o) { o.finish({}, 50s, 150s); },
     0},
    {"one without a TTL is left",
     [](session_observer& o) { o.finish({"forever"}, 50s, 1000s); }, 0},
    {"one without a TTL ends by itself",
     [](session_observer& o) { o.destroyed("forever", 900s); }, 1},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      session_observer o;
      o.created(session("s", 10s), 0s);
      o.created(session("forever", 0s), 0s);
      x.story(o);
      CHECK(o.take().size() == x.findings);
    }
  }
}

TEST_CASE("I15: indexes of one question do not go back", "[sim_check]") {
  index_observer o;
  o.answered(read(1s, 2s, 10));
  o.answered(read(1s, 3s, 9)); // they overlapped
  CHECK(o.take().empty());
  o.answered(read(4s, 5s, 9));
  CHECK(o.take().size() == 1);
  auto other = read(6s, 7s, 3);
  other.server = "s2";
  o.answered(other);
  o.answered(read(6s, 7s, 3, stale())); // another kind of question
  CHECK(o.take().empty());
  o.started("s1");
  o.answered(read(8s, 9s, 1, stale()));
  CHECK(o.take().empty());
  o.answered(read(8s, 9s, 1));
  CHECK(o.take().size() == 1);
}

TEST_CASE("I15: who waits gets a higher index, or waits", "[sim_check]") {
  index_observer o;
  o.answered(read(1s, 2s, 11, above(10, 5s)));
  o.answered(read(2s, 7s, 11, above(11, 5s)));
  CHECK(o.take().empty());
  o.answered(read(8s, 9s, 11, above(11, 5s)));
  CHECK(o.take().size() == 1);
}

TEST_CASE("staleness: the age of an answer is not made look smaller",
          "[sim_check]") {
  staleness_observer o;
  o.heard("s1", 10s);
  auto x = read(15s, 16s, 1, stale());
  x.out.answer.last_contact = 5s;
  o.answered(x);
  CHECK(o.take().empty());
  x.out.answer.last_contact = 1s;
  o.answered(x);
  CHECK(o.take().size() == 1);
  o.leads("s1", true);
  o.answered(x);
  CHECK(o.take().empty());
}

TEST_CASE("I20: catalog and members agree", "[sim_check]") {
  using statuses = std::map<std::string, std::string>;
  const std::map<std::string, bool> alive = {{"a", true}, {"b", false}};
  CHECK(
    check_members(alive, {{"a", "passing"}, {"b", "critical"}}, 0s).empty());
  CHECK(check_members(alive, {{"a", "passing"}}, 0s).empty());
  CHECK(check_members(alive, {{"a", "critical"}, {"b", "critical"}}, 0s).size()
        == 1);
  CHECK(check_members(alive, {{"a", "passing"}, {"b", "passing"}}, 0s).size()
        == 1);
  CHECK(check_members(alive, statuses{}, 0s).size() == 1);
  CHECK(
    check_members(alive, {{"a", "passing"}, {"ghost", "passing"}}, 0s).size()
    == 1);
}

namespace {

log_entry put(log_index index, const std::string& key) {
  log_entry x;
  x.index = index;
  x.term = 1;
  x.kind = entry_kind::command;
  kv::key_operation op;
  op.what = kv::verb::set;
  op.key = key;
  op.value = std::to_string(index);
  x.payload = state::encode_command(kv::command{kv::write_key{op}});
  return x;
}

/// A server applies two writes of "a", at 1 s and at 5 s; a client waits from
/// 2 s on for an index above the first one.
std::vector<finding> watch_story(moment woken, const std::string& second_key,
                                 bool restarts, bool leads,
                                 owner::read_options options) {
  model state;
  server_lives servers;
  servers.started("s1", 0s);
  servers.leads("s1", leads, 0s);
  state.apply(put(1, "a"));
  servers.applied("s1", 1, 1s);
  state.apply(put(2, second_key));
  servers.applied("s1", 2, 5s);
  if (restarts)
    servers.started("s1", 5500ms);
  history clients;
  const auto op = read(2s, woken, 2, options);
  const auto id = clients.invoke(1, "s1", op.what, 2s);
  clients.arrive(id, 2s);
  clients.complete(id, op.out, woken);
  return check_watches(clients, state, servers, 60s);
}

} // namespace

TEST_CASE("I16: a watch is woken within a second of the change",
          "[sim_check]") {
  auto at_leader = above(1, 30s);
  auto anywhere = at_leader;
  anywhere.mode = consistency::stale;
  CHECK(watch_story(5500ms, "a", false, true, at_leader).empty());
  CHECK(watch_story(7s, "a", false, true, at_leader).size() == 1);
  CHECK(watch_story(7s, "b", false, true, at_leader).empty());
  CHECK(watch_story(7s, "a", true, true, at_leader).empty());
  CHECK(watch_story(7s, "a", false, false, at_leader).empty());
  CHECK(watch_story(7s, "a", false, false, anywhere).size() == 1);
}

} // namespace praetor::sim
