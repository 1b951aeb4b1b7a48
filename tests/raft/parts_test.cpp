// Goal: the parts of Raft's core do what their headers say.
// Method: tables whose expected values are worked out by hand from the Raft
// paper, then small exhaustive checks against the definition.

#include "actors/raft/core/log.hpp"
#include "actors/raft/core/membership.hpp"
#include "actors/raft/core/persist_queue.hpp"
#include "actors/raft/core/progress.hpp"
#include "actors/raft/core/quorum.hpp"
#include "actors/raft/core/raft_core.hpp"
#include "actors/raft/core/types.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::raft;
using namespace std::chrono_literals;

namespace {

entry_ptr entry(log_index index, log_term term) {
  return std::make_shared<const log_entry>(
    log_entry{index, term, entry_kind::command, 0, {}, "x"});
}

/// A log with these terms from index 1 on.
raft_log log_of(const std::vector<log_term>& terms) {
  raft_log x{{}};
  for (auto term : terms)
    x.append(entry(x.last() + 1, term));
  return x;
}

std::vector<peer_id> ids(const std::string& letters) {
  std::vector<peer_id> out;
  for (auto c : letters)
    out.push_back({std::string{c}});
  return out;
}

} // namespace

TEST_CASE("quorum: the value that a majority has reached", "[raft][core]") {
  struct row {
    std::vector<log_index> values;
    log_index expected;
  };
  const std::vector<row> rows{
    {{7}, 7},          {{7, 5}, 5},          {{9, 5, 1}, 5},
    {{4, 4, 9}, 4},    {{9, 8, 2, 1}, 2},    {{9, 8, 7, 2, 1}, 7},
    {{0, 0, 5, 5}, 0}, {{0, 0, 5, 5, 5}, 5},
  };
  for (const auto& x : rows)
    CHECK(reached_by_majority(x.values) == x.expected);
}

TEST_CASE("quorum: votes of voters decide", "[raft][core]") {
  struct row {
    std::string voters, yes, no;
    vote_state expected;
  };
  const std::vector<row> rows{
    {"", "a", "", vote_state::lost},
    {"a", "a", "", vote_state::won},
    {"ab", "a", "", vote_state::pending},
    {"ab", "a", "b", vote_state::lost},
    {"abc", "a", "", vote_state::pending},
    {"abc", "ab", "", vote_state::won},
    {"abc", "a", "bc", vote_state::lost},
    {"abc", "axyz", "", vote_state::pending}, // strangers
    {"abcd", "ab", "", vote_state::pending},
    {"abcd", "ab", "cd", vote_state::lost},
    {"abcde", "abc", "de", vote_state::won},
  };
  for (const auto& x : rows) {
    std::map<peer_id, bool> votes;
    for (const auto& id : ids(x.yes))
      votes[id] = true;
    for (const auto& id : ids(x.no))
      votes[id] = false;
    INFO(x.voters << " yes=" << x.yes << " no=" << x.no);
    CHECK(count_votes(ids(x.voters), votes) == x.expected);
  }
}

TEST_CASE("log: finds terms and the place where logs may agree",
          "[raft][core]") {
  const auto x = log_of({1, 1, 4, 4, 4, 6});
  CHECK(x.term(0) == log_term{0});
  CHECK(x.term(2) == log_term{1});
  CHECK(x.term(6) == log_term{6});
  CHECK_FALSE(x.term(7));
  CHECK(x.last_not_above(6, 6) == 6);
  CHECK(x.last_not_above(99, 5) == 5);
  CHECK(x.last_not_above(6, 3) == 2);
  CHECK(x.last_not_above(4, 4) == 4);
  CHECK(x.last_not_above(6, 0) == 0);
}

TEST_CASE("log: term decides before length", "[raft][core]") {
  const auto x = log_of({1, 2, 2});
  CHECK(x.up_to_date({3, 2}));
  CHECK(x.up_to_date({4, 2}));
  CHECK(x.up_to_date({1, 3}));
  CHECK_FALSE(x.up_to_date({2, 2}));
  CHECK_FALSE(x.up_to_date({9, 1}));
}

TEST_CASE("log: nothing of a truncated suffix survives", "[raft][core]") {
  // cockroach issue 63302: a cache kept it.
  auto x = log_of({1, 2, 2, 3});
  x.trim(4, {1, 0});
  CHECK(x.in_memory(4));
  CHECK_FALSE(x.in_memory(3));
  x.truncate(3);
  CHECK(x.last() == 2);
  CHECK(x.last_term() == 2);
  x.append(entry(3, 5));
  CHECK(x.term(3) == log_term{5});
  CHECK(x.at(3)->term == 5);
  CHECK_FALSE(x.in_memory(2));
}

TEST_CASE("log: the front can go, and the log may start anywhere",
          "[raft][core]") {
  auto x = log_of({1, 1, 2, 2, 3});
  CHECK(x.discardable(5, {2, UINT64_MAX}) == 3);
  CHECK(x.discardable(3, {9, UINT64_MAX}) == 0);
  CHECK(x.discardable(4, {9, 0}) == 4);
  x.discard(3);
  CHECK(x.start() == log_start{3, 2});
  CHECK(x.term(3) == log_term{2});
  CHECK_FALSE(x.term(2));
  CHECK(x.at(4)->index == 4);
  x.discard(5); // trailing none: an empty log that starts behind 5 is legal
  CHECK(x.last() == 5);
  CHECK(x.last_term() == 3);
  x.append(entry(6, 3));
  CHECK(x.last() == 6);
}

TEST_CASE("log: a slice has at least one entry", "[raft][core]") {
  const auto x = log_of({1, 1, 1});
  CHECK(x.slice(1, {9, 0}).size() == 1);
  CHECK(x.slice(1, {2, 9999}).size() == 2);
  CHECK(x.slice(2, {9, 9999}).size() == 2);
  CHECK(x.slice(4, {9, 9999}).empty());
}

TEST_CASE("progress: a guess is never a match", "[raft][core]") {
  const time_point now{std::chrono::seconds{1}};
  const auto later = now + std::chrono::milliseconds{1};
  progress p{10, {64, 1000}};
  p.sent(1, 12, 0, now);
  CHECK(p.match() == 0);
  CHECK(p.paused());
  SECTION("the answer to the probe opens the window") {
    p.acknowledged(1, 12);
    CHECK(p.mode() == replication_mode::replicate);
    CHECK(p.match() == 12);
    CHECK(p.next() == 13);
    p.acknowledged(1, 5); // late
    CHECK(p.match() == 12);
  }
  SECTION("the answer to another probe does not") {
    p.acknowledged(7, 4);
    CHECK(p.mode() == replication_mode::probe);
    CHECK(p.match() == 4);
    CHECK(p.paused());
  }
  SECTION("a refusal moves the guess back, once") {
    CHECK(p.refused(9, 3));
    CHECK(p.next() == 4);
    CHECK_FALSE(p.refused(9, 3));
  }
  SECTION("an earlier heartbeat's answer does not end the probe") {
    p.heard(now);
    CHECK(p.paused());
    p.heard(later);
    CHECK_FALSE(p.paused());
  }
  SECTION("a refusal that teaches nothing does not spin") {
    CHECK(p.refused(9, 0));
    CHECK(p.next() == 1);
    p.sent(2, 0, 0, now);
    CHECK_FALSE(p.refused(0, 0));
    CHECK(p.paused());
    p.heard(later);
    CHECK_FALSE(p.paused());
  }
}

TEST_CASE("progress: the window fills and empties", "[raft][core]") {
  const time_point now{};
  progress p{1, {2, 1000}};
  p.sent(1, 1, 10, now);
  p.acknowledged(1, 1);
  p.sent(2, 2, 10, now);
  CHECK_FALSE(p.paused());
  p.sent(3, 3, 10, now);
  CHECK(p.paused());
  p.acknowledged(2, 2);
  CHECK_FALSE(p.paused());
  p.sent(4, 9, 2000, now); // one that is larger than the window travels, too
  CHECK(p.paused());
  p.acknowledged(4, 9);
  CHECK(p.idle());
  p.sent(5, 10, 10, now);
  CHECK_FALSE(p.refused(9, 0)); // stale: it is not above the match
  CHECK(p.refused(11, 0));
  CHECK(p.mode() == replication_mode::probe);
  CHECK(p.next() == 10);
}

TEST_CASE("persist_queue: durable is what no write under way touches",
          "[raft][core]") {
  const time_point now{};
  persist_queue q;
  CHECK(q.durable(7) == 7);
  const auto x = q.issue(5, false, now); // X at 5
  const auto y = q.issue(5, true, now);  // Y replaces it
  const auto z = q.issue(5, false, now); // X again
  CHECK(q.durable(5) == 4);
  CHECK(q.complete(x));
  CHECK(q.durable(5) == 4);
  CHECK_FALSE(q.is_durable(q.hard_token()));
  CHECK(q.complete(y));
  CHECK(q.is_durable(q.hard_token()));
  CHECK(q.durable(5) == 4);
  CHECK(q.complete(z));
  CHECK(q.durable(5) == 5);
  CHECK_FALSE(q.complete(z));
  CHECK_FALSE(q.complete(99));
}

TEST_CASE("membership: what cannot work is refused", "[raft][core]") {
  const member a{{"a"}, "1", true};
  const member b{{"b"}, "2", true};
  CHECK(check(membership{{a, b}}));
  CHECK_FALSE(check(membership{}));
  CHECK_FALSE(check(membership{{a, a}}));
  CHECK_FALSE(check(membership{{a, {{"b"}, "1", true}}}));
  CHECK_FALSE(check(membership{{{{"a"}, "1", false}}}));
  CHECK_FALSE(check(membership{{{{""}, "1", true}}}));
  CHECK(voters_changed({{a}}, {{a, b}}) == 1);
  CHECK(voters_changed({{a}}, {{b}}) == 2);
  CHECK(voters_changed({{a}}, {{a, {{"b"}, "2", false}}}) == 0);
}

TEST_CASE("membership_history: several can be truncated at once",
          "[raft][core]") {
  membership_history x{3, {{{{"a"}, "1", true}}}};
  x.append(5, {{{{"b"}, "1", true}}});
  x.append(6, {{{{"c"}, "1", true}}});
  CHECK(x.at(5).second->find({"b"}) != nullptr);
  x.truncate(4);
  CHECK(x.latest_index() == 3);
  x.append(7, {{{{"d"}, "1", true}}});
  x.discard(8);
  CHECK(x.latest_index() == 7);
  CHECK(x.at(1).first == 7);
}

TEST_CASE("message: survives the wire, and nonsense is noticed",
          "[raft][core]") {
  message m{"c", {"a"}, {"b"}, 4, append{1, {2, 3}, {{entry(3, 3)}}, 2, 9}};
  const auto back = decode<message>(encode(m));
  REQUIRE(back);
  CHECK(encode(*back) == encode(m));
  CHECK(well_formed(*back));
  const auto with = [&m](std::vector<entry_ptr> entries) {
    auto copy = m;
    std::get<append>(copy.body).entries.items = std::move(entries);
    return well_formed(copy);
  };
  CHECK(with({entry(3, 3), entry(4, 4)}));
  CHECK_FALSE(with({entry(4, 3)}));              // a gap
  CHECK_FALSE(with({entry(3, 2)}));              // an older term
  CHECK_FALSE(with({entry(3, 5)}));              // newer than the sender
  CHECK_FALSE(with({entry(3, 4), entry(4, 3)})); // terms fall
  auto bad = *entry(3, 3);
  bad.kind = entry_kind::config; // its payload is no membership
  CHECK_FALSE(with({std::make_shared<const log_entry>(bad)}));
  for (std::size_t n = 0; n < encode(m).size(); ++n)
    CHECK_FALSE(decode<message>(encode(m).substr(0, n)));
}

TEST_CASE("raft: what lies behind a message is not verified by it",
          "[raft][core]") {
  // The server has two entries of term 2 that the leader of term 3 may not
  // have; an append that ends before them neither acknowledges nor commits
  // them.
  restored disk;
  disk.hard.term = 2;
  disk.entries = {entry(1, 1), entry(2, 2), entry(3, 2), entry(4, 2)};
  core_options opts;
  opts.self = {"1"};
  opts.cluster_id = "c";
  raft_core core{opts, disk, time_point{}};
  core.step(begin{}, {});
  auto out =
    core.step(message{"c", {"2"}, {"1"}, 3, append{7, {2, 2}, {}, 4, 1}}, {});
  REQUIRE(out.write); // the term; the answer waits for it
  CHECK(out.messages.empty());
  out = core.step(storage_done{out.write->token}, {});
  REQUIRE(out.messages.size() == 1);
  CHECK(std::get<append_reply>(out.messages[0].body).match == 2);
  CHECK(core.commit() == 2);
  CHECK(core.entries().last() == 4);
}

TEST_CASE("raft: strange messages change nothing", "[raft][core]") {
  restored disk;
  disk.hard.term = 2;
  disk.entries = {entry(1, 1)};
  core_options opts;
  opts.self = {"1"};
  opts.cluster_id = "c";
  raft_core core{opts, disk, time_point{}};
  core.step(begin{}, {});
  const std::vector<message> strange{
    {"other", {"2"}, {"1"}, 9, heartbeat{}},
    {"c", {"2"}, {"3"}, 9, heartbeat{}},
    {"c", {"1"}, {"1"}, 9, heartbeat{}},
    {"c", {""}, {"1"}, 9, heartbeat{}},
    {"c", {"2"}, {"1"}, 0, heartbeat{}},
    {"c", {"2"}, {"1"}, 2, append_reply{1, true, 99, 0, {}, 0, {}}},
    {"c", {"2"}, {"1"}, 2, heartbeat_reply{}},
    {"c", {"2"}, {"1"}, 2, vote_reply{3, true}},
    {"c", {"2"}, {"1"}, 2, timeout_now{0}},
    {"c", {"2"}, {"1"}, 2, read_index_reply{1, true, 7}},
  };
  for (const auto& m : strange) {
    const auto out = core.step(m, {});
    CHECK(out.messages.empty());
    CHECK_FALSE(out.write);
    CHECK(core.term() == 2);
    CHECK(core.role() == role::follower);
  }
}

TEST_CASE("log: time never goes back, whatever is cut", "[raft][core]") {
  const auto at = [](log_index index, cluster_time ts) {
    return std::make_shared<const log_entry>(
      log_entry{index, 1, entry_kind::command, ts, {}, "x"});
  };
  raft_log x{{5, 1}, {at(6, 60), at(7, 70)}, 50};
  CHECK(x.last_ts() == 70);
  x.truncate(6);
  CHECK(x.last_ts() == 50); // of the checkpoint
  x.append(at(6, 65));
  x.append(at(7, 75));
  x.discard(7);
  x.append(at(8, 90));
  x.truncate(8);
  CHECK(x.last_ts() == 75); // of the entry that is gone
  x.restart({20, 2}, 80);
  CHECK(x.last_ts() == 80);
}

TEST_CASE("raft: founders wait for nobody", "[raft][core]") {
  // Nobody leads a new cluster, and no founder has promised anything, however
  // short ago it started.
  restored disk;
  disk.bootstrap =
    membership{{{{"1"}, "10.0.0.1", true}, {{"2"}, "10.0.0.2", true}}};
  core_options opts;
  opts.self = {"1"};
  opts.cluster_id = "c";
  raft_core core{opts, disk, time_point{}};
  auto out = core.step(begin{}, {});
  REQUIRE(out.next_timer);
  CHECK(*out.next_timer - time_point{} <= opts.election_min() / 2);
  REQUIRE(out.write);
  core.step(storage_done{out.write->token}, {});
  out = core.step(message{"c", {"2"}, {"1"}, 1, pre_vote{2, {1, 1}}}, {});
  REQUIRE(out.messages.size() == 1);
  CHECK(std::get<pre_vote_reply>(out.messages[0].body).granted);
}

TEST_CASE("log: what is cut does not count as memory", "[raft][core]") {
  auto x = log_of({1, 1, 1, 1});
  x.truncate(2);
  for (log_index i = 2; i <= 4; ++i)
    x.append(entry(i, 2));
  const auto whole = 4 * weight(*entry(1, 1));
  CHECK(x.bytes() == whole);
  x.trim(4, {100, whole});
  CHECK(x.in_memory(1));
  x.trim(4, {100, whole - 1});
  CHECK_FALSE(x.in_memory(1));
  CHECK(x.in_memory(2));
  // What left memory already is not taken off twice.
  x.discard(1);
  CHECK(x.bytes() == whole - weight(*entry(1, 1)));
  x.trim(4, {100, x.bytes()});
  CHECK(x.in_memory(2));
}

TEST_CASE("progress: the window counts the bytes that are under way",
          "[raft][core]") {
  progress x{1, {64, 100}};
  x.sent(1, 0, 0, {});
  x.acknowledged(1, 0);
  CHECK(x.mode() == replication_mode::replicate);
  for (log_index i = 1; i <= 3; ++i) {
    CHECK_FALSE(x.paused());
    x.sent(1 + i, i, 60, {});
    CHECK_FALSE(x.paused());
    x.acknowledged(1 + i, i);
  }
  x.sent(5, 4, 60, {});
  x.sent(6, 5, 40, {});
  CHECK(x.paused());
}

TEST_CASE("raft: who learns its cluster begins with its founders",
          "[raft][core]") {
  core_options opts;
  opts.self = {"1"};
  const membership founders{{{{"1"}, "a", true}, {{"2"}, "b", true}}};
  raft_core x{opts, {}, time_point{1s}};
  CHECK_FALSE(x.step(begin{}, time_point{1s}).write);
  const auto out = x.step(belong{"c", founders}, time_point{2s});
  REQUIRE(out.write);
  REQUIRE(out.write->batch.entries.size() == 1);
  CHECK(out.write->batch.entries[0]->kind == entry_kind::config);
  CHECK(x.memberships().latest() == founders);
  // A second time there is a log.
  CHECK_FALSE(x.step(belong{"c", founders}, time_point{2s}).write);
}
