// What a leader sends, what it makes of the answers, and what is committed.

#include "actors/raft/core/raft_core.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

// -- proposals ----------------------------------------------------------------

status raft_core::may_propose(const proposal& x) const {
  if (role_ != role::leader)
    return error{errc::not_leader, leader_.value};
  if (x.origin_term && *x.origin_term != hard_.term)
    return error{errc::not_leader, "the term of this duty is over"};
  if (buggify("raft.overloaded"))
    return error{errc::overloaded, "too many commands wait"};
  if (transfer_)
    return error{errc::overloaded, "the leadership is being handed over"};
  if (x.payload.size() > opts_.entry_bytes_max)
    return error{errc::invalid_argument, "the command is too large"};
  if (uncommitted_bytes_ + x.payload.size() > opts_.uncommitted_bytes_max)
    return error{errc::overloaded, "too many commands wait to be committed"};
  if (commit_ - applied_ > opts_.apply_lag_max)
    return error{errc::overloaded, "too many commands wait to be applied"};
  return ok;
}

void raft_core::on(const proposals& x) {
  wall_ = std::max(wall_, x.wall);
  for (const auto& item : x.batch) {
    if (const auto allowed = may_propose(item); !allowed) {
      out_.proposed.emplace_back(allowed.error());
      continue;
    }
    append_entry({.index = log_.last() + 1,
                  .term = hard_.term,
                  .kind = entry_kind::command,
                  .ts = std::max(log_.last_ts(), wall_),
                  .origin = item.origin,
                  .payload = item.payload});
    uncommitted_bytes_ += item.payload.size();
    out_.proposed.emplace_back(log_.last());
  }
  // Own disk and peers work at the same time.
  if (role_ == role::leader && !buggify("raft.send_later"))
    send_appends_to_all();
}

// -- commit -------------------------------------------------------------------

log_index raft_core::match_of(const peer_id& voter) const {
  if (is_self(voter)) {
    if (mutant("M08"))
      return log_.last();
    // Only what is durable, and nothing that this step is about to write.
    const auto durable = disk_.durable(log_.last());
    return write_from_ ? std::min(durable, *write_from_ - 1) : durable;
  }
  const auto* known = peer(voter);
  return known == nullptr ? 0 : known->match();
}

void raft_core::advance_commit() {
  std::vector<log_index> matches;
  for (const auto& x : members_.latest().members)
    if (x.voter || mutant("M24"))
      matches.push_back(match_of(x.id));
  if (mutant("M25") && !members_.latest().is_voter(opts_.self))
    matches.push_back(match_of(opts_.self));
  if (matches.empty())
    return;
  const auto reached = reached_by_majority(std::move(matches));
  // Entries of older terms are committed only by what comes on top of them:
  // a majority that has them may still elect a leader without them.
  if (reached <= commit_
      || (log_.term(reached) != hard_.term && !mutant("M05")))
    return;
  sometimes("raft.committed_before_own_disk",
            simulated && match_of(opts_.self) < reached);
  sometimes("raft.older_term_committed",
            simulated && log_.term(commit_ + 1) != hard_.term);
  const auto before = std::exchange(commit_, reached);
  commit_advanced(before);
}

void raft_core::commit_advanced(log_index before) {
  for (auto i = before + 1; i <= commit_; ++i) {
    const auto bytes = log_.at(i)->payload.size();
    uncommitted_bytes_ -= std::min<std::uint64_t>(uncommitted_bytes_, bytes);
  }
  if (before < noop_index_ && commit_ >= noop_index_)
    begin_waiting_reads();
  const auto members_index = members_.latest_index();
  if (members_index > before && members_index <= commit_) {
    members_committed_at_ = now_;
    if (!members_.latest().is_voter(opts_.self)) {
      sometimes("raft.leader_removed_itself");
      // Removed, or made a learner. Tell the others what is committed first.
      broadcast_heartbeat();
      return become_follower(hard_.term, {});
    }
  }
  send_appends_to_all();
}

// -- sending ------------------------------------------------------------------

void raft_core::send_appends_to_all() {
  for (auto& [id, p] : peers_)
    send_appends(id, p);
}

/// Sends what the peer's window allows; the commit index alone if there is
/// nothing else and nothing under way that will carry it.
void raft_core::send_appends(const peer_id& to, progress& p) {
  while (!p.paused() && p.next() <= log_.last()) {
    if (!p.idle() && buggify("raft.tiny_window"))
      return;
    if (!send_append(to, p, !buggify("raft.empty_append")))
      return;
  }
  if (buggify("raft.commit_told_late"))
    return;
  if (!p.paused() && p.mode() == replication_mode::replicate && p.idle()
      && p.commit_sent < std::min(commit_, p.match()))
    send_append(to, p, false);
  else if (!p.paused() && !p.reading && p.mode() == replication_mode::probe)
    send_append(to, p, false);
}

/// Sends one append. Returns whether more could be sent.
bool raft_core::send_append(const peer_id& to, progress& p, bool with_entries) {
  const auto eager = p.mode() == replication_mode::probe
                     && p.next() <= checkpoint_ && !senders_.contains(to)
                     && buggify("raft.tables_instead_of_log");
  if (p.next() <= log_.start().index || eager) {
    p.need_snapshot();
    begin_transfer(to);
    return false;
  }
  if (!with_entries || p.next() > log_.last()) {
    transmit(to, p, {});
    return false;
  }
  if (!log_.in_memory(p.next())) {
    if (!p.reading)
      out_.entries.push_back(
        {to, p.next(),
         std::min(log_.last(), p.next() + opts_.append_max.entries - 1),
         opts_.append_max.bytes});
    p.reading = true;
    return false;
  }
  auto limit = opts_.append_max;
  if (buggify("raft.one_entry_appends"))
    limit.entries = 1;
  transmit(to, p, log_.slice(p.next(), limit));
  return true;
}

void raft_core::transmit(const peer_id& to, progress& p,
                         std::vector<entry_ptr> entries) {
  const auto previous = p.next() - 1;
  std::uint64_t bytes = 0;
  for (const auto& x : entries)
    bytes += weight(*x);
  append body;
  body.send_id = ++send_ids_;
  body.previous = {previous, *log_.term(previous)};
  body.commit = commit_;
  body.probe_ts = now_.time_since_epoch().count();
  p.commit_sent = std::min(commit_, previous + entries.size());
  p.sent(body.send_id, previous + entries.size(), bytes, now_);
  body.entries.items = std::move(entries);
  send(to, std::move(body));
}

void raft_core::on(const entries_read& x) {
  const auto found = peers_.find(x.peer);
  if (found == peers_.end() || !found->second.reading)
    return;
  auto& p = found->second;
  p.reading = false;
  if (x.entries.empty() || p.paused() || x.entries.front()->index != p.next())
    return; // the next heartbeat's answer tries again
  // The log may have been cut and written again while the disk was reading.
  for (const auto& entry : x.entries)
    if (log_.term(entry->index) != entry->term)
      return;
  transmit(x.peer, p, x.entries);
  send_appends(x.peer, p);
}

// -- heartbeats ---------------------------------------------------------------

void raft_core::broadcast_heartbeat() {
  read_round_ = read_seq_;
  for (auto& [id, p] : peers_)
    send(id, heartbeat{mutant("M12") ? commit_ : std::min(p.match(), commit_),
                       now_.time_since_epoch().count(), read_seq_});
}

void raft_core::tick_leader() {
  if (transfer_ && now_ >= transfer_->deadline)
    abort_transfer();
  if (now_ < heartbeat_at_ || peers_.empty())
    return;
  const auto period = opts_.heartbeat_period();
  const auto jitter =
    rng_.below(static_cast<std::uint64_t>(period.count()) / 5);
  heartbeat_at_ =
    now_ + period - period / 10 + duration{static_cast<std::int64_t>(jitter)};
  if (buggify("raft.slow_heartbeat"))
    heartbeat_at_ += period;
  // Asked twice: otherwise nothing else would happen in such a run.
  if (buggify("raft.spurious_step_down") && buggify("raft.spurious_step_down"))
    return become_follower(hard_.term, {});
  if (!transfer_ && buggify("raft.spurious_transfer")
      && buggify("raft.spurious_transfer")) {
    on(transfer_request{});
    out_.transfer.reset();
  }
  retire_peers();
  broadcast_heartbeat();
  tick_transfers();
  check_quorum();
  if (role_ == role::leader)
    check_own_disk();
  if (role_ == role::leader)
    check_own_state();
}

/// Heartbeats do not need the disk; so a leader whose disk hangs would rule for
/// ever and get nothing done (hashicorp/raft issue 503).
void raft_core::check_own_disk() {
  const auto oldest = disk_.oldest();
  if (!oldest || sole_voter())
    return;
  if (mutant("M40"))
    return;
  const auto age = now_ - *oldest;
  const auto hurry = age > opts_.election_min() && buggify("raft.early_sick");
  if (age > 3 * opts_.election_min() || hurry) {
    sometimes("raft.disk_sick");
    disk_sick_ = true;
    out_.alarm = "The disk hangs, giving up the leadership";
    become_follower(hard_.term, {});
  } else if (age > opts_.election_min() && !transfer_ && !lease_disabled_) {
    on(transfer_request{});
    out_.transfer.reset();
  }
}

/// Likewise a leader whose tables hang, if another's do not.
void raft_core::check_own_state() {
  if (now_ - std::max(applied_at_, elected_at_) <= opts_.apply_stall_max
      || transfer_ || lease_disabled_)
    return;
  const auto heir = best_heir();
  if (!heir || peer(*heir)->health.applied <= applied_)
    return;
  on(transfer_request{heir});
  out_.transfer.reset();
  sometimes("raft.state_stalled");
  out_.alarm = "The state applies nothing, handing over the leadership";
}

// -- answers ------------------------------------------------------------------

void raft_core::note_contact(progress& p, std::int64_t probe_ts,
                             const peer_health& h) {
  const time_point asked{duration{probe_ts}};
  if (asked >= elected_at_ && asked <= now_)
    p.echoed = std::max(p.echoed.value_or(asked), asked);
  p.health = h;
}

void raft_core::receive(const message& m, const append_reply& x) {
  const auto found = peers_.find(m.from);
  if (found == peers_.end())
    return;
  auto& p = found->second;
  note_contact(p, x.probe_ts, x.health);
  if (x.ok && x.match <= log_.last()) {
    const auto full = p.paused() && p.mode() == replication_mode::replicate;
    p.acknowledged(x.send_id, x.match);
    sometimes("raft.window_free_again", full && !p.paused());
    if (buggify("raft.probe_again"))
      p.unreachable();
    if (p.mode() == replication_mode::snapshot
        && p.match() >= log_.start().index) {
      p.snapshot_ended(p.match());
      end_transfer(m.from);
    }
    send_appends(m.from, p);
  } else if (!x.ok) {
    const auto agree = log_.last_not_above(x.hint.index, x.hint.term);
    sometimes("raft.leader_skips_terms",
              simulated && log_.term(agree).value_or(0) + 2 <= x.hint.term);
    if (p.refused(x.rejected, agree))
      send_appends(m.from, p);
  }
}

void raft_core::receive(const message& m, const heartbeat_reply& x) {
  const auto found = peers_.find(m.from);
  if (found == peers_.end())
    return;
  auto& p = found->second;
  note_contact(p, x.probe_ts, x.health);
  p.read_seq = std::max(p.read_seq, std::min(x.read_seq, read_seq_));
  if (x.lost_behind && p.lost(*x.lost_behind))
    return send_appends(m.from, p);
  if (mutant("M39"))
    return;
  const auto waited = p.paused();
  sometimes("raft.window_full",
            waited && p.mode() == replication_mode::replicate);
  p.heard(time_point{duration{x.probe_ts}});
  if (buggify("raft.probe_after_heartbeat"))
    p.unreachable();
  // If the answers to all that is under way are lost, one empty append finds
  // out what the peer has.
  if (p.mode() == replication_mode::replicate
      && (waited || (p.match() < log_.last() && !p.idle())))
    send_append(m.from, p, false);
  else
    send_appends(m.from, p);
}

} // namespace praetor::raft
