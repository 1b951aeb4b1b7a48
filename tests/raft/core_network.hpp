// A cluster of Raft cores with a network and disks under control of a test:
// nothing moves unless the test says so. Clocks show the same time everywhere.
//
// The network checks after each step what must hold between servers:
// - one leader for each term, remembered over crashes
// - a committed entry is the same everywhere, and never changes
// - a leader holds every entry that a leader of an older term committed
// - an acknowledgement of entries, or a vote, leaves only when it is durable
// - while a lease is granted, no other leader of a newer term exists
// - a confirmed read covers all that was committed when it was asked
// - tables of a leader are used only when they and the log's new start are
//   durable

#pragma once

#include "actors/raft/core/raft_core.hpp"
#include "runtime/base/assert.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::raft::test {

/// One server: its core, if it runs, and its disk.
struct server {
  core_options opts;
  restored disk;
  std::unique_ptr<raft_core> core;
  std::deque<persist_request> writes;
  std::deque<entries_wanted> disk_reads;
  /// What storage was asked about tables.
  std::deque<std::variant<state_open, state_read, state_reception, state_part>>
    table_work;
  /// Tables that are open for peers, and tables that come from a leader. They
  /// consist of three chunks.
  std::map<std::uint64_t, checkpoint_mark> opened;
  std::optional<state_reception> receiving;
  std::uint64_t chunks = 0;
  /// What a crash has left of it, with the chunks that are there.
  std::optional<std::pair<state_reception, std::uint64_t>> left_over;
  std::uint64_t generation = 0;
  std::map<std::uint64_t, checkpoint_mark> received;
  log_index applied = 0;
  std::optional<time_point> timer;
};

class core_network {
public:
  struct observer {
    std::function<void(const peer_id&, const effects&)> stepped =
      [](const auto&, const auto&) {};
    std::function<void(const std::string&)> violated = [](const auto&) {};
  };

  explicit core_network(observer watch) : watch_{std::move(watch)} {}

  time_point now = time_point{} + std::chrono::hours{1};
  std::map<peer_id, server> servers;
  std::deque<message> network;
  /// Servers that nobody can reach and that reach nobody.
  std::set<peer_id> isolated;
  /// Servers whose writes do not end.
  std::set<peer_id> hung;
  /// Whether committed entries are applied at once, and where they are not.
  bool auto_apply = true;
  std::set<peer_id> stalled;

  /// Whether making room for tables is a task like the others with them, or
  /// done at once.
  bool late_begins = false;

  /// Adds a server that finds `from` on its disk, and starts it.
  void add(core_options opts, restored from) {
    const auto id = opts.self;
    auto& x = servers[id];
    x.opts = std::move(opts);
    x.disk = std::move(from);
    start(id);
  }

  void start(const peer_id& id) {
    auto& x = servers.at(id);
    PRAETOR_ASSERT(!x.core);
    if (const auto good = check(x.disk); !good)
      watch_.violated("the disk does not check: " + good.error().context);
    ++x.opts.seed;
    ++x.opts.boot;
    x.core = std::make_unique<raft_core>(x.opts, x.disk, now);
    x.applied = x.disk.checkpoint.index;
    step(id, begin{});
  }

  /// Loses what is not durable.
  void crash(const peer_id& id) {
    auto& x = servers.at(id);
    x.core.reset();
    x.writes.clear();
    x.disk_reads.clear();
    x.table_work.clear();
    x.opened.clear();
    if (x.receiving && x.chunks > 0)
      x.left_over = {*x.receiving, x.chunks};
    x.receiving.reset();
    x.received.clear();
    x.timer.reset();
    installing_.erase(id);
    std::erase_if(leases_, [&](const auto& l) { return l.holder == id; });
    std::erase_if(reads_, [&](const auto& r) { return r.first.first == id; });
  }

  void step(const peer_id& id, const input& in) {
    auto& x = servers.at(id);
    if (!x.core)
      return;
    if (const auto* read = std::get_if<read_request>(&in))
      reads_[{id, read->id}] =
        committed_.empty() ? 0 : committed_.rbegin()->first;
    auto out = x.core->step(in, now);
    perform(id, x, out);
    check_cluster(id, *x.core);
    watch_.stepped(id, out);
    if (out.state_begin && !late_begins)
      begin_reception(id, x, *out.state_begin);
    if (auto_apply && !stalled.contains(id))
      apply(id);
  }

  /// Applies what is committed.
  void apply(const peer_id& id) {
    auto& x = servers.at(id);
    if (!x.core || x.applied >= x.core->commit())
      return;
    if (x.core->entries().start().index > x.applied
        && !installing_.contains(id))
      return; // tables are on their way
    installing_.erase(id);
    x.applied = x.core->commit();
    step(id, applied_index{x.applied});
  }

  /// The oldest write becomes durable. Returns false if there is none.
  bool persist(const peer_id& id) {
    auto& x = servers.at(id);
    if (!x.core || x.writes.empty() || hung.contains(id))
      return false;
    const auto request = x.writes.front();
    x.writes.pop_front();
    write(x, request.batch);
    step(id, storage_done{request.token});
    return true;
  }

  /// The oldest read of the disk is answered.
  bool read_disk(const peer_id& id) {
    auto& x = servers.at(id);
    if (!x.core || x.disk_reads.empty())
      return false;
    const auto wanted = x.disk_reads.front();
    x.disk_reads.pop_front();
    entries_read answer{wanted.peer, {}};
    for (const auto& e : x.disk.entries)
      if (e->index >= wanted.from && e->index <= wanted.to)
        answer.entries.push_back(e);
    step(id, answer);
    return true;
  }

  /// What `id` applied is in a durable checkpoint.
  void checkpoint(const peer_id& id) {
    auto& x = servers.at(id);
    const auto term = x.core ? x.core->entries().term(x.applied) : std::nullopt;
    if (!term)
      return;
    const auto [index, members] = x.core->memberships().at(x.applied);
    set_checkpoint(x, {x.applied, *term, encode(*members), index, 0});
    step(id, checkpoint_taken{x.applied});
  }

  /// The oldest question about tables is answered.
  bool work_on_tables(const peer_id& id) {
    auto& x = servers.at(id);
    if (!x.core || x.table_work.empty())
      return false;
    const auto work = x.table_work.front();
    x.table_work.pop_front();
    if (const auto* open = std::get_if<state_open>(&work)) {
      const checkpoint_mark mark{x.disk.checkpoint.index,
                                 x.disk.checkpoint.term, encode(x.disk.members),
                                 x.disk.members_index, x.disk.checkpoint_ts};
      x.opened[open->transfer] = mark;
      step(id, state_opened{open->peer, open->transfer, mark});
    } else if (const auto* read = std::get_if<state_read>(&work)) {
      if (read->number >= chunks_of_tables)
        return true; // nobody knew that there are no more
      state_part_read answer{read->peer, {}};
      if (const auto found = x.opened.find(read->transfer);
          found != x.opened.end())
        answer.chunk = state_chunk{read->transfer,
                                   read->number,
                                   read->number + 1 == chunks_of_tables,
                                   0,
                                   std::to_string(found->second.index),
                                   0};
      step(id, answer);
    } else if (const auto* begun = std::get_if<state_reception>(&work)) {
      begin_reception(id, x, *begun);
    } else {
      store_part(id, x, std::get<state_part>(work));
    }
    return true;
  }

  void deliver(const message& m) {
    if (isolated.contains(m.from) || isolated.contains(m.to)
        || !servers.contains(m.to))
      return;
    step(m.to, m);
  }

  /// Delivers and persists until nothing moves. Time stands still.
  void stabilize() {
    for (auto moved = true; moved;) {
      moved = false;
      while (!network.empty()) {
        const auto m = network.front();
        network.pop_front();
        deliver(m);
        moved = true;
      }
      for (const auto& [id, x] : servers)
        moved = persist(id) || read_disk(id) || work_on_tables(id) || moved;
    }
  }

  /// Ticks everybody whose time has come, then stabilizes, for `span`.
  void run(duration span) {
    const auto end = now + span;
    stabilize();
    while (const auto next = next_timer()) {
      if (next->second > end)
        break;
      now = std::max(now, next->second);
      step(next->first, tick{});
      stabilize();
    }
    now = end;
  }

  std::optional<std::pair<peer_id, time_point>> next_timer() const {
    std::optional<std::pair<peer_id, time_point>> result;
    for (const auto& [id, x] : servers)
      if (x.core && x.timer && (!result || *x.timer < result->second))
        result = {id, *x.timer};
    return result;
  }

  /// What is known to be committed: (index, term).
  const std::map<log_index, log_term>& committed() const { return committed_; }

private:
  struct granted_lease {
    peer_id holder;
    log_term term = 0;
    time_point until;
  };

  void perform(const peer_id& id, server& x, const effects& out) {
    for (const auto& m : out.messages)
      check_durable(x, m);
    network.insert(network.end(), out.messages.begin(), out.messages.end());
    if (out.write)
      x.writes.push_back(*out.write);
    x.disk_reads.insert(x.disk_reads.end(), out.entries.begin(),
                        out.entries.end());
    perform_tables(x, out);
    x.timer = out.next_timer;
    for (const auto& r : out.reads)
      check_read(id, r);
  }

  static constexpr std::uint64_t chunks_of_tables = 3;

  void perform_tables(server& x, const effects& out) {
    if (out.state_drop && x.receiving
        && x.receiving->reception == *out.state_drop)
      x.receiving.reset();
    for (const auto transfer : out.state_closes)
      x.opened.erase(transfer);
    if (out.state_begin && late_begins)
      x.table_work.emplace_back(*out.state_begin);
    x.table_work.insert(x.table_work.end(), out.state_opens.begin(),
                        out.state_opens.end());
    x.table_work.insert(x.table_work.end(), out.state_reads.begin(),
                        out.state_reads.end());
    x.table_work.insert(x.table_work.end(), out.state_parts.begin(),
                        out.state_parts.end());
    if (out.install) {
      if (x.applied > out.install->mark.index)
        watch_.violated("tables went back");
      if (x.disk.checkpoint.index != out.install->mark.index)
        watch_.violated("tables were installed before they were durable");
      installing_.insert(x.opts.self);
    }
  }

  /// As `disk::state_traffic::begin` does.
  void begin_reception(const peer_id& id, server& x,
                       const state_reception& what) {
    const auto left = std::exchange(x.left_over, {});
    const auto same = left && left->first.from == what.from
                      && left->first.transfer == what.transfer
                      && left->first.mark == what.mark;
    x.receiving = what;
    x.chunks = same ? left->second : 0;
    step(id, state_begun{what.reception, x.chunks});
  }

  void store_part(const peer_id& id, server& x, const state_part& part) {
    if (!x.receiving || x.receiving->reception != part.reception)
      return;
    state_part_stored answer{part.reception, part.chunk.number, false, {}};
    if (part.chunk.number == x.chunks) {
      if (part.chunk.payload != std::to_string(x.receiving->mark.index))
        watch_.violated("a chunk of other tables was accepted");
      ++x.chunks;
      answer.good = true;
      if (part.chunk.last) {
        answer.generation = ++x.generation;
        x.received[x.generation] = x.receiving->mark;
        x.receiving.reset();
      }
    }
    step(id, answer);
  }

  static void set_checkpoint(server& x, const checkpoint_mark& mark) {
    x.disk.checkpoint = {mark.index, mark.term};
    x.disk.checkpoint_ts = mark.ts;
    x.disk.members = *decode<membership>(mark.membership);
    x.disk.members_index = mark.membership_index;
  }

  void write(server& x, const log_batch& batch) {
    auto& disk = x.disk;
    if (batch.state) {
      if (!x.received.contains(*batch.state) || !batch.restart
          || x.received.at(*batch.state).index != batch.restart->index)
        return watch_.violated("the log restarts behind other tables");
      set_checkpoint(x, x.received.at(*batch.state));
    }
    if (batch.hard)
      disk.hard = *batch.hard;
    if (batch.restart) {
      disk.entries.clear();
      disk.start = *batch.restart;
    }
    if (batch.truncate_from)
      std::erase_if(disk.entries, [&](const entry_ptr& e) {
        return e->index >= *batch.truncate_from;
      });
    disk.entries.insert(disk.entries.end(), batch.entries.begin(),
                        batch.entries.end());
    if (batch.discard_upto) {
      std::erase_if(disk.entries, [&](const entry_ptr& e) {
        return e->index <= batch.discard_upto->index;
      });
      disk.start = *batch.discard_upto;
    }
  }

  // -- checks -----------------------------------------------------------------

  void check_durable(const server& x, const message& m) {
    const auto last = x.disk.start.index + x.disk.entries.size();
    if (const auto* body = std::get_if<append_reply>(&m.body)) {
      if (x.disk.hard.term < m.term || (body->ok && last < body->match))
        watch_.violated("an append was acknowledged before it was durable");
    } else if (const auto* ballot = std::get_if<vote_reply>(&m.body)) {
      if (ballot->granted
          && (x.disk.hard.term != m.term || x.disk.hard.voted_for != m.to))
        watch_.violated("a vote was granted before it was durable");
      auto& voted = votes_[{m.from, m.term}];
      if (ballot->granted && !voted.value.empty() && voted != m.to)
        watch_.violated("a server voted twice in a term");
      if (ballot->granted)
        voted = m.to;
    }
  }

  void check_read(const peer_id& id, const read_outcome& r) {
    const auto asked = reads_.find({id, r.id});
    if (asked == reads_.end() || !r.permit) {
      return;
    }
    if (r.permit->index < asked->second)
      watch_.violated("a read missed what was committed before it");
    reads_.erase(asked);
    if (r.permit->lease_until > now)
      leases_.push_back({id, r.permit->term, r.permit->lease_until});
  }

  void check_cluster(const peer_id& id, const raft_core& core) {
    if (core.role() == role::leader) {
      auto& leader = leaders_[core.term()];
      if (leader.value.empty()) {
        leader = id;
        check_complete(core);
        check_leases(id, core);
      }
      if (leader != id)
        watch_.violated("two leaders in one term");
    }
    auto& seen = seen_commit_[id];
    seen = std::min(seen, core.commit()); // falls at a restart
    while (seen < core.commit()) {
      ++seen;
      const auto term = core.entries().term(seen);
      if (!term)
        continue; // a checkpoint covers it
      const auto [known, is_new] = committed_.emplace(seen, *term);
      if (known->second != *term)
        watch_.violated("two entries were committed at one index");
      if (is_new)
        committed_in_.emplace(seen, core.term());
    }
  }

  void check_complete(const raft_core& core) {
    for (const auto& [index, term] : committed_)
      if (committed_in_.at(index) < core.term()
          && index >= core.entries().start().index
          && core.entries().term(index) != term)
        watch_.violated("a leader lacks a committed entry");
  }

  void check_leases(const peer_id& id, const raft_core& core) {
    std::erase_if(leases_, [&](const auto& l) { return l.until <= now; });
    for (const auto& l : leases_)
      if (l.holder != id && l.term < core.term())
        watch_.violated("a leader was elected during another's lease");
  }

  observer watch_;
  /// Servers whose received tables are durable and in use.
  std::set<peer_id> installing_;
  std::map<log_term, peer_id> leaders_;
  std::map<std::pair<peer_id, log_term>, peer_id> votes_;
  std::map<log_index, log_term> committed_;
  std::map<log_index, log_term> committed_in_;
  std::map<peer_id, log_index> seen_commit_;
  std::vector<granted_lease> leases_;
  std::map<std::pair<peer_id, std::uint64_t>, log_index> reads_;
};

/// Returns the disk of a server that was told of `members` and nothing else.
inline restored first_disk(const membership& members) {
  restored disk;
  disk.hard.term = 1;
  disk.entries.push_back(std::make_shared<const log_entry>(
    log_entry{1, 1, entry_kind::config, 0, {}, encode(members)}));
  return disk;
}

} // namespace praetor::raft::test
