// Goal: the shell elects a single server, groups proposals into one write,
// hands over what is committed in order and within its credit, and lets
// clients wait for a leader. The rules of Raft are tested on the core.
// Method: the real actor under virtual time; sinks stand in for storage, state
// and those who want to know the leader. The test decides when the disk is
// done.

#include "actors/raft/raft_actor.hpp"

#include "tests/support/actor_fixture.hpp"

#include <caf/detail/test_actor_clock.hpp>
#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::raft;
using namespace std::chrono_literals;

namespace {

struct seen {
  std::vector<disk::persist> writes;
  std::vector<disk::read_entries> reads;
  std::vector<committed> batches;
  std::vector<install_state> installs;
  std::vector<disk::begin_state> begun;
  std::vector<disk::drop_state> dropped;
  std::vector<disk::store_state> parts;
  std::vector<message> sent;
  std::vector<leadership> news;
};

log_sink_actor::behavior_type storage(std::shared_ptr<seen> out) {
  return {
    [out](const disk::persist& x) { out->writes.push_back(x); },
    [out](const disk::read_entries& x) { out->reads.push_back(x); },
  };
}

committed_sink_actor::behavior_type state(std::shared_ptr<seen> out) {
  return {
    [out](const committed& x) { out->batches.push_back(x); },
    [out](const install_state& x) { out->installs.push_back(x); },
  };
}

/// Stands in for the storage of tables; gives none away.
table_store_actor::behavior_type table_store(std::shared_ptr<seen> out) {
  return {
    [](const disk::open_state&) {},
    [](const disk::read_state&) {},
    [](const disk::close_state&) {},
    [out](const disk::begin_state& x) { out->begun.push_back(x); },
    [out](const disk::store_state& x) { out->parts.push_back(x); },
    [out](const disk::drop_state& x) { out->dropped.push_back(x); },
  };
}

peer_sink_actor::behavior_type wire(std::shared_ptr<seen> out) {
  return {[out](const peer_message& x) { out->sent.push_back(x.content); }};
}

leadership_sink_actor::behavior_type listener(std::shared_ptr<seen> out) {
  return {[out](const leadership& x) { out->news.push_back(x); }};
}

membership only(const char* id) {
  return {{{{id}, std::string{"127.0.0.1:830"} + id, true}}};
}

struct fixture : praetor::test::actor_fixture {
  /// Outlives whatever may hold a reply.
  std::vector<std::string> answers;

  std::shared_ptr<seen> out = std::make_shared<seen>();
  log_sink_actor disk = sys.spawn(storage, out);
  committed_sink_actor tables = sys.spawn(state, out);
  leadership_sink_actor ears = sys.spawn(listener, out);
  table_store_actor rows = sys.spawn(table_store, out);
  peer_sink_actor peers = sys.spawn(wire, out);
  raft_actor raft;

  fixture() { spawn(only("1")); }

  ~fixture() {
    for (auto victim :
         {caf::actor_cast<caf::actor>(raft), caf::actor_cast<caf::actor>(disk),
          caf::actor_cast<caf::actor>(tables),
          caf::actor_cast<caf::actor>(rows), caf::actor_cast<caf::actor>(peers),
          caf::actor_cast<caf::actor>(ears)})
      caf::anon_send_exit(victim, caf::exit_reason::kill);
    settle();
  }

  void spawn(const membership& members) {
    if (raft)
      caf::anon_send_exit(raft, caf::exit_reason::kill);
    raft_options opts;
    opts.core.self = {"1"};
    opts.core.election_base = std::chrono::seconds{1};
    opts.wall_clock = [] { return cluster_time{1000}; };
    auto from = restore({}, {}, members);
    REQUIRE(from);
    raft = spawn_raft(sys, opts, *from, {});
    caf::anon_send(raft, attach{disk, tables, {ears}, peers, rows});
    settle();
  }

  /// The disk finishes what it was asked.
  void sync() {
    while (synced_ < out->writes.size()) {
      caf::anon_send(raft, disk::persisted{out->writes[synced_++].token, {}});
      settle();
    }
  }

  void propose(const std::string& payload) {
    auto* log = &answers;
    caf::anon_send(
      raft,
      raft::propose{
        payload,
        {},
        {},
        reply<command_result>{[log, payload](const result<command_result>& x) {
          log->push_back(payload + ": "
                         + (x ? x->body
                              : std::string{to_string(x.error().code)} + " "
                                  + x.error().context));
        }}});
  }

  void read(bool use_lease) {
    auto* log = &answers;
    auto clock = [this] { return sys.clock().now(); };
    caf::anon_send(
      raft,
      confirm_read{
        use_lease,
        reply<read_permit>{[log, clock](const result<read_permit>& x) {
          if (!x)
            return log->push_back(std::string{"read: "} + x.error().context);
          const auto lease =
            x->lease_until > clock() ? (x->lease_until - clock()) / 1ms : 0;
          log->push_back("read: index " + std::to_string(x->index) + " lease "
                         + std::to_string(lease) + "ms");
        }}});
    settle();
  }

  raft_status status() {
    raft_status x;
    caf::anon_send(raft, get_status{reply<raft_status>{
                           [&x](const result<raft_status>& y) { x = *y; }}});
    settle();
    return x;
  }

  void apply(log_index upto) {
    caf::anon_send(raft, applied_upto{upto});
    settle();
  }

  std::size_t synced_ = 0;
};

} // namespace

TEST_CASE_METHOD(fixture, "raft_actor: a single server elects itself at once",
                 "[raft][actor]") {
  CHECK(out->news.back().self == false);
  CHECK(out->writes.size() == 1); // term, vote and the first membership
  sync();
  CHECK(out->writes.size() == 2); // then the first entry of the term
  CHECK(out->news.back().self);
  CHECK(out->news.back().leader == peer_id{"1"});
  CHECK(out->news.back().leader_address == "127.0.0.1:8301");
  CHECK(out->news.back().noop_index == 2);
  const auto known = status();
  CHECK(known.role == "Leader");
  CHECK(known.term == 2);
  CHECK(known.commit == 2);
  CHECK(known.num_peers == 0);
  CHECK(known.last_contact == duration::zero());
}

TEST_CASE_METHOD(fixture, "raft_actor: an idle single server has no timer",
                 "[raft][actor]") {
  sync();
  auto& clock = dynamic_cast<caf::detail::test_actor_clock&>(sys.clock());
  CHECK(clock.schedule().empty());
}

TEST_CASE_METHOD(fixture, "raft_actor: proposals share a write",
                 "[raft][actor]") {
  sync();
  const auto before = out->writes.size();
  propose("a"); // goes to the disk, which is free
  settle();
  propose("b");
  propose("c");
  propose("d");
  settle();
  CHECK(out->writes.size() == before + 1);
  CHECK(out->writes.back().batch.entries.size() == 1);
  sync();
  CHECK(out->writes.size() == before + 2);
  const auto& group = out->writes.back().batch.entries;
  REQUIRE(group.size() == 3);
  CHECK(group[0]->payload == "b");
  CHECK(group[2]->payload == "d");
  CHECK(group[2]->ts == 1000);
}

TEST_CASE_METHOD(fixture, "raft_actor: the state gets every entry in order",
                 "[raft][actor]") {
  sync();
  propose("a");
  settle();
  CHECK(out->batches.size() == 1);
  sync();
  std::vector<log_index> indexes;
  for (const auto& batch : out->batches)
    for (const auto& x : batch.entries)
      indexes.push_back(x.entry->index);
  CHECK(indexes == std::vector<log_index>{1, 2, 3});
  CHECK(answers.empty());
  out->batches.back().entries.back().to.complete(command_result{{}, "true", 3});
  CHECK(answers == std::vector<std::string>{"a: true"});
}

TEST_CASE_METHOD(fixture, "raft_actor: four batches are out at most",
                 "[raft][actor]") {
  sync();
  for (auto i = 0; i < 8; ++i) {
    propose("x");
    settle();
    sync();
  }
  CHECK(out->batches.size() == 4);
  apply(2);
  CHECK(out->batches.size() == 5);
  CHECK(out->batches.back().entries.size() == 5); // all that waited
  CHECK(status().applied == 2);
}

TEST_CASE_METHOD(fixture, "raft_actor: a lease answers default reads",
                 "[raft][actor]") {
  sync();
  read(true);
  read(false);
  CHECK(answers
        == std::vector<std::string>{"read: index 2 lease 800ms",
                                    "read: index 2 lease 0ms"});
}

TEST_CASE_METHOD(fixture, "raft_actor: clients wait for a leader",
                 "[raft][actor]") {
  propose("early");
  read(true);
  settle();
  CHECK(answers.empty());
  sync();
  CHECK(answers == std::vector<std::string>{"read: index 2 lease 800ms"});
  CHECK(status().last_log_index == 3); // the proposal went into the log
}

TEST_CASE_METHOD(fixture, "raft_actor: without a leader clients are told so",
                 "[raft][actor]") {
  // Two voters, one of which does not exist: nobody is ever elected.
  auto members = only("1");
  members.members.push_back({{"2"}, "127.0.0.1:8302", true});
  spawn(members);
  propose("lost");
  read(true);
  settle();
  for (auto i = 0; i < 69; ++i)
    advance(100ms);
  sync();
  CHECK(answers.empty());
  advance(200ms);
  CHECK(answers
        == std::vector<std::string>{"read: No cluster leader",
                                    "lost: no_leader No cluster leader"});
  CHECK(status().role != "Leader");
}

TEST_CASE_METHOD(fixture, "raft_actor: a checkpoint lets the log be cut",
                 "[raft][actor]") {
  // 64 MiB of log stay behind a checkpoint; these are 80.
  sync();
  const std::string payload(1U << 20U, 'x');
  for (auto i = 0; i < 80; ++i) {
    propose(payload);
    settle();
    sync();
    apply(out->batches.back().entries.back().entry->index);
  }
  checkpoint_mark mark;
  mark.index = 82;
  mark.term = 2;
  caf::anon_send(raft, checkpointed{mark});
  settle();
  const auto& cut = out->writes.back().batch.discard_upto;
  REQUIRE(cut);
  CHECK(cut->index == 19);
  CHECK(cut->term == 2);
  CHECK(status().checkpoint_index == 82);
}

TEST_CASE_METHOD(fixture, "raft_actor: tables go on behind what was there",
                 "[raft][actor]") {
  auto members = only("1");
  members.members.push_back({{"2"}, "127.0.0.1:8302", true});
  spawn(members);
  sync();
  const auto from_leader = [this](message_body body) {
    caf::anon_send(raft, peer_message{{"", {"2"}, {"1"}, 3, std::move(body)}});
    settle();
  };
  const state_offer offer{7, {50, 3, encode(members), 1, 1234}, 0};
  from_leader(offer);
  sync();
  out->sent.clear();
  out->begun.at(0).to.complete(5);
  settle();
  REQUIRE(out->sent.size() == 1);
  CHECK(std::get<state_reply>(out->sent[0].body).next == 5);
  from_leader(state_chunk{7, 5, false, 11, "sixth", 0});
  REQUIRE(out->parts.size() == 1);
  SECTION("which fits") {
    out->parts[0].to.complete(disk::stored_state{true, {}});
    settle();
    from_leader(state_chunk{7, 6, false, 12, "seventh", 0});
    REQUIRE(out->parts.size() == 2);
    out->parts[1].to.complete(disk::stored_state{false, {}});
    settle();
    CHECK(out->dropped.empty()); // it is sent again
  }
  SECTION("which does not fit: all begins anew") {
    out->parts[0].to.complete(disk::stored_state{false, {}});
    settle();
    CHECK(out->dropped.size() == 1);
    from_leader(offer);
    CHECK(out->begun.size() == 2);
  }
}

TEST_CASE_METHOD(fixture, "raft_actor: another server's tables are taken over",
                 "[raft][actor]") {
  auto members = only("1");
  members.members.push_back({{"2"}, "127.0.0.1:8302", true});
  spawn(members);
  sync();
  const checkpoint_mark mark{50, 3, encode(members), 1, 1234};
  const auto from_leader = [this](message_body body) {
    caf::anon_send(raft, peer_message{{"", {"2"}, {"1"}, 3, std::move(body)}});
    settle();
  };
  from_leader(state_offer{7, mark, 0});
  REQUIRE(out->begun.size() == 1);
  CHECK(out->begun[0].origin == stream_origin{"2", 7, mark});
  sync(); // the term
  CHECK(out->sent.empty()); // storage does not know yet what is there
  out->begun[0].to.complete(0);
  settle();
  REQUIRE(out->sent.size() == 1);
  CHECK(std::get<state_reply>(out->sent[0].body).next == 0);
  from_leader(state_chunk{7, 0, false, 11, "first", 0});
  from_leader(state_chunk{7, 1, true, 12, "second", 0});
  REQUIRE(out->parts.size() == 2);
  CHECK(out->parts[1].chunk.payload == "second");
  CHECK(out->parts[1].chunk.checksum == 12);
  const auto writes = out->writes.size();
  out->parts[0].to.complete(disk::stored_state{true, {}});
  out->parts[1].to.complete(disk::stored_state{true, 4});
  settle();
  REQUIRE(out->writes.size() == writes + 1);
  CHECK(out->writes.back().batch.restart == log_start{50, 3});
  CHECK(out->writes.back().batch.state == 4);
  CHECK(out->installs.empty()); // not before the switch is durable
  out->sent.clear();
  sync();
  REQUIRE(out->installs.size() == 1);
  CHECK(out->installs[0].generation == 4);
  CHECK(out->installs[0].mark == mark);
  REQUIRE(out->sent.size() == 1);
  CHECK(std::get<state_reply>(out->sent[0].body).done);
  // What comes behind the tables goes to the state at once, in order.
  const auto next = std::make_shared<const log_entry>(
    log_entry{51, 3, entry_kind::noop, 2000, {}, {}});
  from_leader(append{1, {50, 3}, {{next}}, 51, 0});
  REQUIRE(!out->batches.empty());
  CHECK(out->batches.back().entries.front().entry->index == 51);
  apply(50);
  apply(51);
  CHECK(status().applied == 51);
  CHECK(status().checkpoint_index == 50);
}
