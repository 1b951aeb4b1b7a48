// The small language of tests/raft/testdata/*.txt. A line that starts with "> "
// is a command; what follows until the next one is what it printed.
//
//   servers 1 2 3 [learners 4]   start servers that know this membership
//           [only 1]             (only these)
//   empty 1                      start one that knows nothing
//   fresh 1                      start one that bootstraps itself
//   pass 500ms                   time passes, nobody notices
//   tick 1 [500ms]               time passes, and 1 looks at the clock
//   campaign 1                   time passes until 1 stands for election
//   deliver 1->2 [n]             the oldest n (all) messages from 1 to 2 arrive
//   drop 1->2 | drop all         messages get lost
//   again 1->2                   the oldest arrives, and will once more
//   keep 1->2 [n] | release      the oldest n (all) are late | come now
//   persist 1 [n]                the oldest n (all) writes of 1 become durable
//   stabilize                    all arrive and are written, until it is quiet
//   elect 1                      campaign, then stabilize
//   run 2s                       everything works for that long
//   cut 1 | heal                 nobody reaches 1 | the network works
//   crash 1 | restart 1          loses what is not durable
//   fail_disk 1                  a write of 1 fails
//   hang_disk 1 | free_disk 1    writes of 1 do not end | do
//   copy_tables 1 3              3 (crashed) finds the checkpoint of 1
//   propose 1 a b                commands in one batch
//   duty 1 term command          a command of a leader's duty in that term
//   read 1 lease|quorum          asks for a linearizable read
//   change 1 +4 -3 ~2            add or promote 4, remove 3, demote 2
//   transfer 1 [2]               1 hands the leadership over
//   hold_apply [1] | apply 1     tables apply nothing by themselves | catch up
//   checkpoint 1                 what 1 applied is in a checkpoint
//   read_disk 1                  the oldest read of 1's log finishes
//   tables 1 [n]                 1 does the oldest n (all) tasks with tables
//   lose_tables 1                open tables of 1 cannot be read any more
//   lose_log 1 index             1 (crashed) loses its log from there on
//   log 1 | status | network     show
//   option name value            for servers that start later

#pragma once

#include "tests/raft/core_network.hpp"

#include <sstream>
#include <string>
#include <vector>

namespace praetor::raft::test {

// -- how things are written ---------------------------------------------------

inline std::string text(role x) {
  switch (x) {
    case role::follower: return "follower";
    case role::pre_candidate: return "pre-candidate";
    case role::candidate: return "candidate";
    case role::leader: return "leader";
  }
  return "?";
}

inline std::string text(log_position x) {
  return std::to_string(x.index) + "/" + std::to_string(x.term);
}

inline std::string text(const membership& x) {
  std::string out = "{";
  for (const auto& m : x.members)
    out += (out.size() > 1 ? " " : "") + m.id.value + (m.voter ? "" : "?");
  return out + "}";
}

inline std::string text(const log_entry& x) {
  auto out = text(log_position{x.index, x.term});
  switch (x.kind) {
    case entry_kind::noop: return out;
    case entry_kind::command: return out + ":" + x.payload;
    case entry_kind::config:
      return out + ":" + text(*decode<membership>(x.payload));
  }
  return out;
}

inline std::string text(const std::vector<entry_ptr>& xs) {
  std::string out;
  for (const auto& x : xs)
    out += (out.empty() ? "" : " ") + text(*x);
  return "[" + out + "]";
}

struct describe_body {
  std::string operator()(const pre_vote& x) const {
    return "pre_vote for=" + std::to_string(x.next_term)
           + " last=" + text(x.last);
  }
  std::string operator()(const pre_vote_reply& x) const {
    return std::string{"pre_vote_reply "} + (x.granted ? "yes" : "no")
           + " voter_term=" + std::to_string(x.voter_term);
  }
  std::string operator()(const vote& x) const {
    return "vote last=" + text(x.last) + (x.transfer ? " transfer" : "");
  }
  std::string operator()(const vote_reply& x) const {
    return std::string{"vote_reply "} + (x.granted ? "yes" : "no");
  }
  std::string operator()(const append& x) const {
    return "append after=" + text(x.previous) + " " + text(x.entries.items)
           + " commit=" + std::to_string(x.commit);
  }
  std::string operator()(const append_reply& x) const {
    return x.ok ? "append_reply match=" + std::to_string(x.match)
                : "append_reply rejected=" + std::to_string(x.rejected)
                    + " hint=" + text(x.hint);
  }
  std::string operator()(const heartbeat& x) const {
    return "heartbeat commit=" + std::to_string(x.commit) + read(x.read_seq);
  }
  std::string operator()(const heartbeat_reply& x) const {
    return "heartbeat_reply" + read(x.read_seq)
           + (x.lost_behind ? " lost behind " + number(*x.lost_behind) : "");
  }
  std::string operator()(const timeout_now& x) const {
    return "timeout_now last=" + std::to_string(x.leader_last);
  }
  std::string operator()(const read_index_request& x) const {
    return "read_index_request #" + number(x.request);
  }
  std::string operator()(const state_offer& x) const {
    return "state_offer #" + number(x.transfer) + " of "
           + text(log_position{x.mark.index, x.mark.term}) + " "
           + text(*decode<membership>(x.mark.membership));
  }
  std::string operator()(const state_chunk& x) const {
    return "state_chunk #" + number(x.transfer) + " " + std::to_string(x.number)
           + (x.last ? " last" : "");
  }
  std::string operator()(const state_reply& x) const {
    return "state_reply #" + number(x.transfer)
           + (x.done ? " done match=" + std::to_string(x.match)
                     : " next=" + std::to_string(x.next));
  }
  std::string operator()(const read_index_reply& x) const {
    return "read_index_reply #" + number(x.request)
           + (x.ok ? " index=" + std::to_string(x.index) : " refused");
  }

  static std::string read(std::uint64_t seq) {
    return number(seq) == "0" ? "" : " read=" + number(seq);
  }

  /// Without the part that tells one start of the process from another.
  static std::string number(std::uint64_t x) {
    return std::to_string(x & 0xFFFFFFFFU);
  }
};

inline std::string text(const message& m) {
  return m.from.value + "->" + m.to.value + " t" + std::to_string(m.term) + " "
         + std::visit(describe_body{}, m.body);
}

inline std::string text(const log_batch& x) {
  std::string out;
  if (x.hard)
    out += " term=" + std::to_string(x.hard->term) + " vote="
           + (x.hard->voted_for.value.empty() ? "-" : x.hard->voted_for.value);
  if (x.restart)
    out += " restart=" + std::to_string(x.restart->index);
  if (x.state)
    out += " tables=" + std::to_string(*x.state);
  if (x.truncate_from)
    out += " truncate=" + std::to_string(*x.truncate_from);
  if (!x.entries.empty())
    out += " " + text(x.entries);
  if (x.discard_upto)
    out += " discard=" + std::to_string(x.discard_upto->index);
  return out;
}

inline duration parse_duration(const std::string& x) {
  const auto n = std::stoll(x);
  return x.ends_with("ms") ? duration{std::chrono::milliseconds{n}}
                           : duration{std::chrono::seconds{n}};
}

// -- the environment ----------------------------------------------------------

class transcript_env {
public:
  transcript_env()
    : net_{{[this](const auto& id, const auto& out) { report(id, out); },
            [this](const auto& what) { say("VIOLATED: " + what); }}} {
    // Transcripts speak of seconds.
    opts_.election_base = std::chrono::seconds{1};
    opts_.seed = 1;
  }

  /// Runs a command and returns what it printed.
  std::string run(const std::string& line) {
    out_.clear();
    std::istringstream in{line};
    std::vector<std::string> words;
    for (std::string word; in >> word;)
      words.push_back(word);
    const auto verb = words.front();
    words.erase(words.begin());
    if (!(start_stop(verb, words) || time_and_network(verb, words)
          || client(verb, words) || disk(verb, words) || show(verb, words)))
      say("no such command: " + verb);
    return out_.empty() ? "ok\n" : out_;
  }

private:
  using args = std::vector<std::string>;

  void say(const std::string& what) { out_ += what + "\n"; }

  raft_core* core(const std::string& id) {
    return net_.servers.at({id}).core.get();
  }

  static member make_member(const std::string& id, bool voter) {
    return {{id}, "10.0.0." + id, voter};
  }

  // -- what a step did
  // ----------------------------------------------------------

  void report(const peer_id& id, const effects& out) {
    report_changes(id);
    if (out.truncated_from)
      say(id.value + ": gives up entries from "
          + std::to_string(*out.truncated_from));
    if (out.write && verbose_)
      say(id.value + ": writes #" + std::to_string(out.write->token)
          + text(out.write->batch));
    for (const auto& x : out.proposed)
      say(id.value + ": "
          + (x ? "index " + std::to_string(*x) : text(x.error())));
    if (out.changed)
      say(id.value + ": "
          + (*out.changed ? "change at index " + std::to_string(**out.changed)
                          : text(out.changed->error())));
    if (out.transfer && !*out.transfer)
      say(id.value + ": " + text(out.transfer->error()));
    for (const auto& x : out.reads)
      report_read(id, x);
    for (const auto& x : out.entries)
      say(id.value + ": needs entries from " + std::to_string(x.from)
          + " of its disk for " + x.peer.value);
    report_tables(id, out);
    if (!out.alarm.empty())
      say(id.value + ": ALARM " + std::string{out.alarm});
    if (verbose_)
      for (const auto& m : out.messages)
        say("  " + text(m));
  }

  void report_tables(const peer_id& id, const effects& out) {
    for (const auto& x : out.state_opens)
      say(id.value + ": has to send its tables to " + x.peer.value);
    for (const auto& x : out.state_reads)
      if (verbose_)
        say(id.value + ": reads chunk " + std::to_string(x.number) + " for "
            + x.peer.value);
    for (const auto transfer : out.state_closes)
      say(id.value + ": ends transfer #" + describe_body::number(transfer));
    if (out.state_begin)
      say(id.value + ": makes room for tables of "
          + test::text(log_position{out.state_begin->mark.index,
                                    out.state_begin->mark.term}));
    if (out.state_drop)
      say(id.value + ": gives up the tables it was getting");
    if (out.install)
      say(id.value + ": takes over tables of "
          + test::text(
            log_position{out.install->mark.index, out.install->mark.term}));
  }

  static std::string text(const error& x) {
    return std::string{to_string(x.code)}
           + (x.context.empty() ? "" : " (" + x.context + ")");
  }
  static std::string text(const message& m) { return test::text(m); }
  static std::string text(const log_batch& x) { return test::text(x); }

  void report_read(const peer_id& id, const read_outcome& x) {
    auto line = id.value + ": read " + std::to_string(x.id) + " ";
    if (!x.permit)
      return say(line + text(x.permit.error()));
    line += "at index " + std::to_string(x.permit->index);
    if (x.permit->lease_until > net_.now)
      line += ", lease for "
              + std::to_string((x.permit->lease_until - net_.now)
                               / std::chrono::milliseconds{1})
              + "ms";
    say(line);
  }

  void report_changes(const peer_id& id) {
    const auto& now = *net_.servers.at(id).core;
    auto& before = before_[id];
    const summary after{now.role(), now.term(), now.commit(), now.leader(),
                        now.memberships().latest()};
    if (before == after)
      return;
    auto line = id.value + ":";
    if (before.what != after.what || before.term != after.term)
      line +=
        " " + test::text(after.what) + " of term " + std::to_string(after.term);
    if (before.leader != after.leader && after.what == role::follower)
      line += after.leader.value.empty() ? " without leader"
                                         : " following " + after.leader.value;
    if (before.commit != after.commit)
      line += " commit " + std::to_string(after.commit);
    if (!(before.members == after.members))
      line += " members " + test::text(after.members);
    before = after;
    say(line);
  }

  // -- commands
  // -----------------------------------------------------------------

  bool start_stop(const std::string& verb, const args& x) {
    if (verb == "servers") {
      membership members;
      auto voter = true;
      args started;
      for (const auto& word : x) {
        if (word == "learners")
          voter = false;
        else if (word == "only" || !started.empty())
          started.push_back(word);
        else
          members.members.push_back(make_member(word, voter));
      }
      for (const auto& m : members.members)
        if (started.empty()
            || std::find(started.begin(), started.end(), m.id.value)
                 != started.end())
          add(m.id, first_disk(members));
    } else if (verb == "fresh") {
      restored disk;
      disk.bootstrap = membership{{make_member(x[0], true)}};
      add({x[0]}, disk);
    } else if (verb == "empty") {
      add({x[0]}, {});
    } else if (verb == "crash") {
      net_.crash({x[0]});
      before_[{x[0]}] = {};
    } else if (verb == "restart") {
      net_.servers.at({x[0]}).opts.raft_multiplier = opts_.raft_multiplier;
      net_.start({x[0]});
    } else if (verb == "option") {
      set_option(x[0], std::stoull(x[1]));
    } else {
      return false;
    }
    return true;
  }

  void set_option(const std::string& name, std::uint64_t value) {
    if (name == "append_entries")
      opts_.append_max.entries = value;
    else if (name == "inflight")
      opts_.inflight_max.entries = value;
    else if (name == "cache")
      opts_.cache_max.entries = value;
    else if (name == "trailing")
      opts_.trailing.entries = value;
    else if (name == "uncommitted_bytes")
      opts_.uncommitted_bytes_max = value;
    else if (name == "apply_lag")
      opts_.apply_lag_max = value;
    else if (name == "multiplier")
      opts_.raft_multiplier = static_cast<std::uint32_t>(value);
    else
      say("no such option: " + name);
  }

  void add(const peer_id& id, const restored& disk) {
    opts_.self = id;
    opts_.seed += 17;
    net_.add(opts_, disk);
  }

  bool time_and_network(const std::string& verb, const args& x) {
    if (verb == "pass") {
      net_.now += parse_duration(x[0]);
    } else if (verb == "tick") {
      if (x.size() > 1)
        net_.now += parse_duration(x[1]);
      net_.step({x[0]}, tick{});
    } else if (verb == "campaign") {
      campaign(x[0]);
    } else if (verb == "elect") {
      campaign(x[0]);
      quietly([this] { net_.stabilize(); });
    } else if (verb == "stabilize") {
      quietly([this] { net_.stabilize(); });
    } else if (verb == "run") {
      quietly([this, &x] { net_.run(parse_duration(x[0])); });
    } else if (verb == "cut") {
      net_.isolated.insert({x[0]});
    } else if (verb == "heal") {
      net_.isolated.clear();
    } else if (verb == "release") {
      net_.network.insert(net_.network.begin(), kept_.begin(), kept_.end());
      kept_.clear();
    } else if (verb == "deliver" || verb == "drop" || verb == "again"
               || verb == "keep") {
      move_messages(verb, x);
    } else {
      return false;
    }
    return true;
  }

  template <class F>
  void quietly(F&& f) {
    verbose_ = false;
    f();
    verbose_ = true;
  }

  void campaign(const std::string& id) {
    net_.now = std::max(net_.now, *net_.servers.at({id}).timer);
    net_.step({id}, tick{});
  }

  void move_messages(const std::string& verb, const args& x) {
    auto left = x.size() > 1 ? std::stoull(x[1]) : UINT64_MAX;
    // What is sent meanwhile waits for the next command.
    auto pending = std::exchange(net_.network, {});
    std::deque<message> rest;
    for (auto& m : pending) {
      const auto chosen =
        left > 0 && (x[0] == "all" || x[0] == m.from.value + "->" + m.to.value);
      if (!chosen || verb == "again")
        rest.push_back(m);
      if (chosen)
        --left;
      if (chosen && verb == "keep")
        kept_.push_back(m);
      else if (chosen && verb != "drop")
        net_.deliver(m);
    }
    net_.network.insert(net_.network.begin(), rest.begin(), rest.end());
  }

  bool client(const std::string& verb, const args& x) {
    if (verb == "propose") {
      proposals batch;
      for (std::size_t i = 1; i < x.size(); ++i)
        batch.batch.push_back({x[i], {}, {}});
      net_.step({x[0]}, batch);
    } else if (verb == "duty") {
      net_.step({x[0]}, proposals{{{x[2], {}, std::stoull(x[1])}}, 0});
    } else if (verb == "read") {
      net_.step({x[0]}, read_request{++reads_, x[1] == "lease"});
    } else if (verb == "transfer") {
      transfer_request ask;
      if (x.size() > 1)
        ask.target = peer_id{x[1]};
      net_.step({x[0]}, ask);
    } else if (verb == "change") {
      change(x);
    } else {
      return false;
    }
    return true;
  }

  void change(const args& x) {
    auto next = core(x[0])->memberships().latest();
    for (std::size_t i = 1; i < x.size(); ++i) {
      const auto id = x[i].substr(1);
      std::erase_if(next.members,
                    [&](const member& m) { return m.id.value == id; });
      if (x[i].front() != '-')
        next.members.push_back(make_member(id, x[i].front() == '+'));
    }
    net_.step({x[0]}, change_membership{next, {}});
  }

  bool disk(const std::string& verb, const args& x) {
    if (verb == "persist") {
      for (auto n = x.size() > 1 ? std::stoull(x[1])
                                 : net_.servers.at({x[0]}).writes.size();
           n > 0; --n)
        net_.persist({x[0]});
    } else if (verb == "read_disk") {
      net_.read_disk({x[0]});
    } else if (verb == "fail_disk") {
      net_.step({x[0]}, storage_failed{});
    } else if (verb == "hold_apply") {
      if (x.empty())
        net_.auto_apply = false;
      else
        net_.stalled.insert({x[0]});
    } else if (verb == "apply") {
      net_.apply({x[0]});
    } else if (verb == "checkpoint") {
      net_.checkpoint({x[0]});
    } else if (verb == "tables") {
      for (auto n = x.size() > 1 ? std::stoull(x[1])
                                 : net_.servers.at({x[0]}).table_work.size();
           n > 0; --n)
        net_.work_on_tables({x[0]});
    } else if (verb == "lose_tables") {
      net_.servers.at({x[0]}).opened.clear();
    } else if (verb == "hang_disk") {
      net_.hung.insert({x[0]});
    } else if (verb == "free_disk") {
      net_.hung.erase({x[0]});
    } else if (verb == "copy_tables") {
      auto& to = net_.servers.at({x[1]}).disk;
      to.checkpoint = net_.servers.at({x[0]}).disk.checkpoint;
      to.start = to.checkpoint;
      to.entries.clear();
    } else if (verb == "lose_log") {
      std::erase_if(
        net_.servers.at({x[0]}).disk.entries,
        [&](const entry_ptr& e) { return e->index >= std::stoull(x[1]); });
    } else {
      return false;
    }
    return true;
  }

  bool show(const std::string& verb, const args& x) {
    if (verb == "network") {
      for (const auto& m : net_.network)
        say(text(m));
    } else if (verb == "log") {
      const auto& entries = core(x[0])->entries();
      std::string line =
        x[0] + ": from "
        + test::text(log_position{entries.start().index, entries.start().term});
      for (auto i = entries.start().index + 1; i <= entries.last(); ++i)
        line += entries.in_memory(i) ? " " + test::text(*entries.at(i))
                                     : " (" + std::to_string(i) + ")";
      say(line);
    } else if (verb == "status") {
      for (const auto& [id, server] : net_.servers)
        status(id, server);
    } else {
      return false;
    }
    return true;
  }

  void status(const peer_id& id, const server& x) {
    if (!x.core)
      return say(id.value + ": down");
    auto line = id.value + ": " + test::text(x.core->role()) + " of term "
                + std::to_string(x.core->term()) + " commit "
                + std::to_string(x.core->commit()) + " last "
                + std::to_string(x.core->entries().last());
    if (x.core->role() == role::leader)
      for (const auto& [other, ignored] : net_.servers)
        if (const auto* p = x.core->peer(other))
          line += "; " + other.value + " "
                  + (p->mode() == replication_mode::probe       ? "probe"
                     : p->mode() == replication_mode::replicate ? "replicate"
                                                                : "snapshot")
                  + (p->paused() ? " paused" : "") + " match "
                  + std::to_string(p->match()) + " next "
                  + std::to_string(p->next());
    say(line);
  }

  struct summary {
    role what = role::follower;
    log_term term = 0;
    log_index commit = 0;
    peer_id leader;
    membership members;
    friend bool operator==(const summary&, const summary&) = default;
  };

  core_network net_;
  std::deque<message> kept_;
  core_options opts_;
  std::map<peer_id, summary> before_;
  std::string out_;
  std::uint64_t reads_ = 0;
  bool verbose_ = true;
};

} // namespace praetor::raft::test
