// Giving the tables to a peer that the log does not reach back to, and getting
// them from a leader.
//
// The leader's storage opens its newest checkpoint; its rows travel in chunks
// that the peer's storage writes to a fresh place. When all are there and
// durable, one write to the log database makes them the tables in force and
// restarts the log behind them: whenever the power fails, the server finds the
// old log with the old tables, or the new with the new. Only then the tables in
// memory are replaced, and the leader is told.
//
// As long as a transfer runs, the leader keeps the log behind its checkpoint: a
// slow peer would find it gone again when it is done (braft issue 423).

#include "actors/raft/core/raft_core.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

// -- the leader ---------------------------------------------------------------

void raft_core::begin_transfer(const peer_id& to) {
  if (senders_.contains(to))
    return;
  const auto transfer = ++transfers_;
  senders_.emplace(to,
                   state_sender{transfer, checkpoint_, opts_.transfers, now_});
  out_.state_opens.push_back({to, transfer});
}

void raft_core::end_transfer(const peer_id& to) {
  const auto found = senders_.find(to);
  if (found == senders_.end())
    return;
  out_.state_closes.push_back(found->second.transfer());
  senders_.erase(found);
}

void raft_core::end_all_transfers() {
  while (!senders_.empty())
    end_transfer(peer_id{senders_.begin()->first});
}

/// The log in front of this index may go.
log_index raft_core::pinned() const {
  auto out = log_.last();
  for (const auto& [id, x] : senders_)
    out = std::min(out, x.pinned());
  return out;
}

/// Whether a transfer has kept the log from being cut for too long.
bool raft_core::pin_expired(const state_sender& x) const {
  return x.mark() && x.mark()->index < checkpoint_
         && (now_ - x.began() > opts_.transfers.pinned_time_max
             || log_.bytes() > opts_.transfers.pinned_bytes_max);
}

void raft_core::tick_transfers() {
  std::vector<peer_id> expired;
  for (auto& [to, x] : senders_) {
    if (pin_expired(x) || (x.mark() && buggify("raft.restart_transfer"))) {
      expired.push_back(to);
      continue;
    }
    switch (x.due(now_)) {
      case state_sender::step::none: break;
      case state_sender::step::open:
        out_.state_opens.push_back({to, x.transfer()});
        break;
      case state_sender::step::offer:
        send(to, state_offer{x.transfer(), *x.mark(),
                             now_.time_since_epoch().count()});
    }
  }
  for (const auto& to : expired) {
    end_transfer(to);
    begin_transfer(to);
  }
}

void raft_core::on(const state_opened& x) {
  const auto found = senders_.find(x.peer);
  if (found == senders_.end() || found->second.transfer() != x.transfer)
    return;
  if (!x.mark || x.mark->index < log_.start().index)
    return state_unreadable(x.peer);
  found->second.opened(*x.mark, now_);
  send(x.peer,
       state_offer{x.transfer, *x.mark, now_.time_since_epoch().count()});
}

/// A leader that cannot help its peers must not rule on in silence
/// (hashicorp/raft issue 522).
void raft_core::state_unreadable(const peer_id& peer) {
  out_.alarm = "The tables for another server cannot be read";
  senders_.at(peer).failed(now_);
  if (transfer_)
    return;
  on(transfer_request{});
  out_.transfer.reset();
}

void raft_core::on(const state_part_read& x) {
  const auto found = senders_.find(x.peer);
  if (found == senders_.end())
    return;
  if (!x.chunk)
    return state_unreadable(x.peer);
  if (found->second.transfer() != x.chunk->transfer)
    return;
  if (x.chunk->last)
    found->second.ends_with(x.chunk->number);
  auto body = *x.chunk;
  body.probe_ts = now_.time_since_epoch().count();
  if (!buggify("raft.lose_chunk"))
    send(x.peer, std::move(body));
}

void raft_core::push_chunks(const peer_id& to, state_sender& x) {
  while (const auto number = x.next_chunk())
    out_.state_reads.push_back({to, x.transfer(), *number});
}

void raft_core::receive(const message& m, const state_reply& x) {
  const auto known = peers_.find(m.from);
  if (known == peers_.end())
    return;
  auto& p = known->second;
  note_contact(p, x.probe_ts, x.health);
  const auto found = senders_.find(m.from);
  if (found == senders_.end() || found->second.transfer() != x.transfer)
    return;
  if (x.done) {
    sometimes("raft.state_sent");
    end_transfer(m.from);
    p.snapshot_ended(std::min(x.match, log_.last()));
    return send_appends(m.from, p);
  }
  sometimes("raft.state_resumed", x.next > 0);
  if (found->second.heard(x.next, now_))
    push_chunks(m.from, found->second);
}

// -- the peer -----------------------------------------------------------------

/// Whether our log, or what was applied of it, is as good as these tables.
bool raft_core::has_state_of(const checkpoint_mark& x) const {
  return x.index <= commit_ || log_.term(x.index) == x.term;
}

void raft_core::receive(const message& m, const state_offer& x) {
  follow(m.from);
  if (has_state_of(x.mark)) {
    // What the tables hold is committed, so its copy in our log is as well.
    follower_commit(x.mark.index);
    return answer_offer(x.transfer, x.probe_ts, true);
  }
  if (installing_)
    return; // the leader repeats itself
  const auto from_same = receiving_ && receiving_->from == m.from;
  if (from_same && x.transfer < receiving_->transfer)
    return; // an old message
  if (!from_same || x.transfer != receiving_->transfer
      || buggify("raft.receive_anew"))
    receive_anew(m, x);
  if (receiving_->begun)
    answer_offer(x.transfer, x.probe_ts, false);
}

void raft_core::receive_anew(const message& m, const state_offer& x) {
  sometimes("raft.state_superseded", receiving_.has_value());
  receiving_ = reception{++receptions_, x.transfer, m.from, x.mark, 0, 0,
                         x.probe_ts,    false,      false};
  out_.state_begin = {receptions_, m.from, x.transfer, x.mark};
}

void raft_core::on(const state_begun& x) {
  if (!receiving_ || receiving_->number != x.reception)
    return;
  auto& r = *receiving_;
  sometimes("raft.state_resumed_after_a_crash", x.next > 0);
  r.begun = true;
  r.unproven = x.next > 0;
  r.expected = r.stored = x.next;
  if (leader_ == r.from)
    answer_offer(r.transfer, r.probe_ts, false);
}

/// Tells the leader how much is here.
void raft_core::answer_offer(std::uint64_t transfer, std::int64_t probe_ts,
                             bool done) {
  state_reply answer;
  answer.transfer = transfer;
  answer.next = done ? 0 : receiving_->stored;
  answer.done = done;
  answer.match = done ? commit_ : 0;
  answer.probe_ts = probe_ts;
  answer.health = health();
  if (done)
    send_when_durable(leader_, answer);
  else
    send_when_term_durable(leader_, answer);
}

void raft_core::receive(const message& m, const state_chunk& x) {
  follow(m.from);
  if (!receiving_ || !receiving_->begun || receiving_->from != m.from
      || receiving_->transfer != x.transfer)
    return; // it will be offered again
  auto& r = *receiving_;
  r.probe_ts = std::max(r.probe_ts, x.probe_ts);
  if (x.number != r.expected)
    return answer_offer(x.transfer, x.probe_ts, false);
  ++r.expected;
  out_.state_parts.push_back({r.number, x});
}

void raft_core::on(const state_part_stored& x) {
  if (!receiving_ || receiving_->number != x.reception)
    return;
  if (buggify("raft.give_up_reception"))
    return drop_reception();
  auto& r = *receiving_;
  if (!x.good && r.unproven)
    return drop_reception();
  if (!x.good) {
    // The leader sends it again when it hears no progress.
    r.expected = std::min(r.expected, x.number);
    return;
  }
  r.unproven = false;
  r.stored = std::max(r.stored, x.number + 1);
  if (x.generation)
    return install(*x.generation);
  if (leader_ == r.from)
    answer_offer(r.transfer, r.probe_ts, false);
}

void raft_core::drop_reception() {
  if (receiving_)
    out_.state_drop = receiving_->number;
  receiving_.reset();
}

/// Everything is there: forgets the log and goes on behind the tables.
void raft_core::install(std::uint64_t generation) {
  const auto r = *receiving_;
  const auto needed = !has_state_of(r.mark);
  if (needed) {
    receiving_.reset();
    restart_behind(r.mark);
    generation_ = generation;
    installing_ = installation{{generation, r.mark}, 0, false};
  } else {
    drop_reception();
    follower_commit(r.mark.index);
  }
  if (leader_ == r.from)
    answer_offer(r.transfer, r.probe_ts, true);
}

/// Nothing that was acknowledged is lost: what we hold at this index is not the
/// leader's, so none of what lies behind it can have been.
void raft_core::restart_behind(const checkpoint_mark& x) {
  sometimes("raft.installed_over_tail", log_.last() > commit_);
  std::vector<entry_ptr> tail;
  if (mutant("M28") && log_.last() > x.index && log_.in_memory(x.index + 1))
    tail = log_.slice(x.index + 1, {UINT64_MAX, UINT64_MAX});
  if (log_.last() > commit_)
    out_.truncated_from = commit_ + 1;
  const log_start start{x.index, x.term};
  log_.restart(start, x.ts);
  restart_ = start;
  truncate_from_.reset();
  write_from_.reset();
  discard_upto_.reset();
  members_ =
    membership_history{x.membership_index, *decode<membership>(x.membership)};
  commit_ = x.index;
  checkpoint_ = x.index;
  for (auto& entry : tail)
    append_shared(std::move(entry));
}

} // namespace praetor::raft
