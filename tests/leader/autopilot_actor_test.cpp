// Goal: servers that come and go do so in Raft, one change at a time; nothing
// is asked when there is nothing to look after; health is told to who asks.
// Method: the real actor in virtual time with a Raft that the test plays.

#include "actors/leader/autopilot_actor.hpp"

#include "tests/leader/pool.hpp"
#include "tests/support/actor_fixture.hpp"

#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>

using namespace praetor;
using namespace praetor::leader;
using namespace praetor::leader::test;
using namespace std::chrono_literals;
using enum gossip::member_status;

namespace {

/// Raft as the test wants it.
struct fake_raft {
  raft::raft_status status;
  int questions = 0;
  int transfers = 0;
  /// Changes in words: "1 2- " are voter 1 and learner 2.
  std::vector<std::string> changes;
  std::optional<error> refuse;
  /// Keep questions until told.
  bool slow = false;
  std::vector<reply<raft::raft_status>> waiting;
  std::vector<reply<log_index>> uncommitted;

  void add(const std::string& id, const std::string& address, bool voter) {
    status.members.push_back({{id}, address, voter});
    if (id != "id-of-s1")
      status.peers.push_back({{id}, status.last_log_index, 1, 0ms});
  }

  void on_change(const raft::change_members& x) {
    if (refuse)
      return x.to.complete(*refuse);
    CHECK(x.expected == status.members_index);
    std::string words;
    status.members.clear();
    status.peers.clear();
    for (const auto& y : x.next.members) {
      words += y.id.value + (y.voter ? " " : "- ");
      add(y.id.value, y.address, y.voter);
    }
    changes.push_back(words);
    ++status.members_index;
    if (slow)
      uncommitted.push_back(x.to);
    else
      commit(x.to);
  }

  void commit(const reply<log_index>& to) {
    status.commit = status.last_log_index = status.members_index;
    for (auto& x : status.peers)
      x.match = status.last_log_index;
    to.complete(status.members_index);
  }
};

using raft_ptr = std::shared_ptr<fake_raft>;

raft_control_actor::behavior_type play(raft_ptr it) {
  return {
    [it](const raft::get_status& x) {
      ++it->questions;
      if (it->refuse)
        x.to.complete(*it->refuse);
      else
        x.to.complete(it->status);
    },
    [it](const raft::change_members& x) { it->on_change(x); },
    [it](const raft::transfer_leadership& x) {
      ++it->transfers;
      x.to.complete(std::monostate{});
    },
  };
}

struct fixture : praetor::test::actor_fixture {
  raft_ptr it = std::make_shared<fake_raft>();
  raft_control_actor raft = sys.spawn(play, it);
  autopilot_actor pilot = spawn_autopilot(sys, {raft, {"id-of-s1"}, {}});

  fixture() {
    it->status.role = "Leader";
    it->status.leader = peer_id{"id-of-s1"};
    it->status.last_log_term = 1;
    it->status.members_index = it->status.commit = 1;
    it->status.last_log_index = 1;
    it->status.heartbeat_period = 100ms;
    it->add("id-of-s1", "10.0.0.1:8300", true);
  }

  ~fixture() {
    self->send_exit(pilot, caf::exit_reason::user_shutdown);
    self->send_exit(raft, caf::exit_reason::user_shutdown);
    settle();
  }

  void pool(std::vector<pool_member> members) {
    self->send(pilot, gossip::members_changed{
                        gossip::pool_kind::lan,
                        std::make_shared<const std::vector<pool_member>>(
                          std::move(members))});
    settle();
  }

  std::optional<result<health_report>> health() {
    auto out = std::make_shared<std::optional<result<health_report>>>();
    self->send(pilot, get_health{reply<health_report>{
                        [out](result<health_report> x) { *out = x; }}});
    settle();
    return *out;
  }
};

pool_member s(int i, gossip::member_status status = alive) {
  return leader::test::server("s" + std::to_string(i), status,
                              "10.0.0." + std::to_string(i));
}

using list = std::vector<std::string>;

} // namespace

TEST_CASE("autopilot actor: a server comes in as a learner and becomes a voter",
          "[leader][actor]") {
  fixture f;
  f.pool({s(1), s(2)});
  CHECK(f.it->changes == list{"id-of-s1 id-of-s2- "});
  f.advance(9s);
  CHECK(f.it->changes.size() == 1);
  for (auto i = 0; i < 3; ++i)
    f.advance(1s);
  REQUIRE(f.it->changes.size() == 2);
  CHECK(f.it->changes[1] == "id-of-s1 id-of-s2 ");
}

TEST_CASE("autopilot actor: alone it asks for nothing", "[leader][actor]") {
  fixture f;
  f.advance(1h);
  CHECK(f.it->questions == 0);
  f.pool({s(1)});
  CHECK(f.it->questions == 1);
  f.advance(1h);
  CHECK(f.it->questions == 1);
}

TEST_CASE("autopilot actor: it looks often while something is due, seldom "
          "otherwise",
          "[leader][actor]") {
  fixture f;
  f.it->add("id-of-s2", "10.0.0.2:8300", true);
  f.pool({s(1), s(2)});
  const auto asked_in = [&f](duration span) {
    const auto before = f.it->questions;
    for (auto i = 0s; i < span; i += 1s)
      f.advance(1s);
    return f.it->questions - before;
  };
  CHECK(asked_in(60s) == 6);
  f.pool({s(1), s(2, failed)});
  CHECK(asked_in(60s) >= 59);
  CHECK(f.it->changes.empty()); // one of two is too many
}

TEST_CASE("autopilot actor: one change at a time", "[leader][actor]") {
  fixture f;
  f.it->slow = true;
  f.pool({s(1), s(2), s(3)});
  f.pool({s(1), s(2), s(3), s(4)});
  f.advance(5s);
  CHECK(f.it->changes.size() == 1);
  f.it->slow = false;
  f.it->commit(f.it->uncommitted.at(0));
  f.settle();
  CHECK(f.it->changes.size() == 3);
}

TEST_CASE("autopilot actor: a refused change is tried again in a second",
          "[leader][actor]") {
  fixture f;
  f.it->refuse = error{errc::conflict, "the Raft configuration has changed"};
  f.pool({s(1), s(2)});
  f.it->refuse.reset();
  f.settle();
  CHECK(f.it->changes.empty());
  f.advance(10s);
  CHECK(f.it->changes.size() == 1);
}

TEST_CASE("autopilot actor: a server that leaves lets another one lead",
          "[leader][actor]") {
  fixture f;
  f.it->add("id-of-s2", "10.0.0.2:8300", true);
  f.pool({s(1, leaving), s(2)});
  CHECK(f.it->transfers == 1);
  CHECK(f.it->changes.empty());
}

TEST_CASE("autopilot actor: it says how the servers are", "[leader][actor]") {
  fixture f;
  f.it->add("id-of-s2", "10.0.0.2:8300", true);
  f.it->status.peers[0].last_contact = 5s;
  f.pool({s(1), s(2)});
  const auto x = f.health();
  REQUIRE(x);
  REQUIRE(*x);
  CHECK(!(*x)->healthy);
  CHECK((*x)->servers.at(1).known->name == "s2");
  f.it->refuse = error{errc::canceled, ""};
  CHECK(!f.health()); // as long as Raft does not say
  f.it->refuse.reset();
  CHECK(f.health());
}
