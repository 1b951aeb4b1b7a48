#include "actors/raft/core/raft_core.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <type_traits>

namespace praetor::raft {

namespace {

bool is_from_leader(const message& m) {
  return std::holds_alternative<append>(m.body)
         || std::holds_alternative<heartbeat>(m.body)
         || std::holds_alternative<state_offer>(m.body)
         || std::holds_alternative<state_chunk>(m.body);
}

} // namespace

status check(const restored& x) {
  if (x.checkpoint.index < x.start.index)
    return error{errc::corruption, "the log begins behind the checkpoint"};
  auto index = x.start.index;
  auto term = x.start.term;
  for (const auto& entry : x.entries) {
    if (entry->index != ++index || entry->term < term)
      return error{errc::corruption, "the log's entries are not in order"};
    term = entry->term;
    if (entry->kind == entry_kind::config
        && !decode<membership>(entry->payload))
      return error{errc::corruption, "a membership in the log does not decode"};
  }
  // Nothing of a term is committed here before this server has answered its
  // leader, and it answers when the term is durable.
  if (std::max(term, x.checkpoint.term) > x.hard.term)
    return error{errc::corruption, "the log is newer than the stored term"};
  if (x.members_index > x.checkpoint.index)
    return error{errc::corruption,
                 "the membership is newer than its checkpoint"};
  return ok;
}

raft_core::raft_core(core_options opts, restored from, time_point boot)
  : opts_{std::move(opts)},
    rng_{opts_.seed},
    now_{boot},
    boot_{boot},
    hard_{std::move(from.hard)},
    log_{from.start, from.entries, from.checkpoint_ts},
    members_{from.members_index, std::move(from.members)},
    bootstrap_{std::move(from.bootstrap)},
    commit_{from.checkpoint.index},
    applied_{from.checkpoint.index},
    applied_at_{boot},
    checkpoint_{from.checkpoint.index},
    transfers_{opts_.boot << 40U},
    read_seq_{opts_.boot << 40U} {
  PRAETOR_ASSERT(!opts_.self.value.empty());
  if (log_.term(from.checkpoint.index) != from.checkpoint.term) {
    // The tables are ahead of the disk that the log is on: it lacks what the
    // checkpoint covers, or still has entries that this replaced. Neither was
    // acknowledged. The log goes on behind the checkpoint.
    sometimes("raft.restarted_behind_the_checkpoint");
    log_.restart(from.checkpoint, from.checkpoint_ts);
    restart_ = from.checkpoint;
  } else {
    for (const auto& entry : from.entries)
      if (entry->kind == entry_kind::config
          && entry->index > members_.latest_index())
        members_.append(entry->index, *decode<membership>(entry->payload));
  }
  reset_election_deadline();
}

effects raft_core::step(const input& x, time_point now) {
  now_ = std::max(now_, now);
  out_ = {};
  std::visit([this](const auto& content) { on(content); }, x);
  settle();
  flush();
  out_.next_timer = next_timer();
  check_invariants();
  return std::exchange(out_, {});
}

const progress* raft_core::peer(const peer_id& id) const {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

std::vector<entry_ptr> raft_core::committed_after(log_index index,
                                                  log_limit limit) const {
  PRAETOR_ASSERT(index >= applied_);
  // Behind the log's start: received tables are on their way.
  if (index >= commit_ || index < log_.start().index)
    return {};
  limit.entries = std::min(limit.entries, commit_ - index);
  return log_.slice(index + 1, limit);
}

// -- inputs -------------------------------------------------------------------

void raft_core::on(const begin&) {
  found();
  if (sole_voter() && electable())
    start_pre_vote();
}

void raft_core::on(const belong& x) {
  PRAETOR_ASSERT(opts_.cluster_id.empty() || opts_.cluster_id == x.cluster_id);
  opts_.cluster_id = x.cluster_id;
  bootstrap_ = x.founders;
  found();
}

/// Writes the first entry of a new cluster, the same one on all its founders.
void raft_core::found() {
  const auto fresh =
    hard_ == hard_state{} && log_.last() == 0 && members_.latest_index() == 0;
  if (bootstrap_ && fresh) {
    adopt_term(founding_term);
    append_entry({.index = 1,
                  .term = founding_term,
                  .kind = entry_kind::config,
                  .ts = 0,
                  .origin = {},
                  .payload = encode(*bootstrap_)});
    expect_no_leader();
  }
  bootstrap_.reset();
}

void raft_core::on(const tick&) {
  expire_reads();
  if (role_ == role::leader)
    tick_leader();
  else
    tick_election();
}

void raft_core::on(const message& m) {
  if (m.cluster_id != opts_.cluster_id || !is_self(m.to) || is_self(m.from)
      || m.from.value.empty() || !well_formed(m) || disk_failed_)
    return;
  if (accept_term(m))
    std::visit([this, &m](const auto& body) { receive(m, body); }, m.body);
}

/// Deals with a term that differs from ours. Returns whether the message is to
/// be processed.
bool raft_core::accept_term(const message& m) {
  if (std::holds_alternative<pre_vote>(m.body)
      || std::holds_alternative<pre_vote_reply>(m.body))
    return true; // they never carry a term to adopt as such
  if (m.term > hard_.term) {
    const auto* body = std::get_if<vote>(&m.body);
    if (body != nullptr && !body->transfer && sticky_towards(m.from)) {
      send_when_term_durable(m.from, vote_reply{m.term, false});
      return false;
    }
    become_follower(m.term, is_from_leader(m) ? m.from : peer_id{});
    return true;
  }
  if (m.term == hard_.term)
    return true;
  // An old leader learns that its time is over; so does a node whose own term
  // ran ahead while it was cut off: its higher term comes back this way.
  if (is_from_leader(m))
    send_when_term_durable(m.from, append_reply{});
  // A refusal of our vote may come from a server that kept its older term.
  return std::holds_alternative<vote_reply>(m.body);
}

void raft_core::on(const storage_done& x) {
  const auto issued = disk_.oldest();
  if (!disk_.complete(x.token))
    return;
  if (const auto found = written_upto_.find(x.token);
      mutant("M35") && found != written_upto_.end())
    confused_upto_ = std::max(confused_upto_, found->second);
  if (disk_sick_ && issued && now_ - *issued < opts_.election_min() / 2)
    disk_sick_ = false;
  release_held();
  if (role_ == role::candidate)
    count_own_vote();
  if (installing_ && !installing_->announced
      && disk_.is_durable(installing_->token)) {
    installing_->announced = true;
    out_.install = installing_->what;
  }
}

void raft_core::on(const storage_failed&) {
  disk_failed_ = true;
  if (role_ != role::follower)
    become_follower(hard_.term, {});
  out_.alarm = "The disk failed, this server stops";
}

void raft_core::on(const applied_index& x) {
  PRAETOR_ASSERT(x.index <= commit_);
  if (x.index > applied_)
    applied_at_ = now_;
  applied_ = std::max(applied_, x.index);
  if (installing_ && applied_ >= installing_->what.mark.index)
    installing_.reset();
  trim();
}

void raft_core::on(const checkpoint_taken& x) {
  const auto covered = std::min(x.index, applied_);
  const auto keep =
    buggify("raft.discard_everything") ? log_limit{} : opts_.trailing;
  const auto upto = std::min(log_.discardable(covered, keep),
                             mutant("M42") ? log_.last() : pinned());
  checkpoint_ = std::max(checkpoint_, covered);
  if (upto <= log_.start().index || buggify("raft.discard_later"))
    return;
  log_.discard(upto);
  members_.discard(upto);
  discard_upto_ = log_.start();
}

void raft_core::on(const peer_unreachable& x) {
  const auto found = peers_.find(x.peer);
  if (found != peers_.end())
    found->second.unreachable();
}

// -- at the end of a step
// --------------------------------------------------------

void raft_core::settle() {
  if (applied_ == commit_)
    applied_at_ = now_;
  if (role_ == role::leader)
    advance_commit();
  if (role_ == role::leader) {
    settle_reads();
    release_ahead();
    push_transfer();
  }
  if (recovering_upto_ > 0 && commit_ >= recovering_upto_
      && disk_.durable(log_.last()) >= recovering_upto_)
    recovering_upto_ = 0;
  if (receiving_ && commit_ >= receiving_->mark.index)
    drop_reception(); // the log was faster
}

void raft_core::flush() {
  const auto probe = disk_sick_ && disk_.idle() && !disk_failed_;
  const auto from = restart_
                      ? 1
                      : std::min(truncate_from_.value_or(log_.last() + 1),
                                 write_from_.value_or(log_.last() + 1));
  const auto log_touched = restart_ || truncate_from_ || write_from_;
  if (hard_dirty_ || log_touched || discard_upto_ || probe) {
    log_batch batch;
    if (hard_dirty_ || probe)
      batch.hard = hard_;
    batch.restart = std::exchange(restart_, {});
    batch.state = std::exchange(generation_, {});
    batch.truncate_from = std::exchange(truncate_from_, {});
    if (write_from_)
      batch.entries = log_.slice(*write_from_, {UINT64_MAX, UINT64_MAX});
    write_from_.reset();
    batch.discard_upto = std::exchange(discard_upto_, {});
    const auto token = disk_.issue(
      log_touched ? std::optional{from} : std::nullopt, hard_dirty_, now_);
    if (mutant("M35"))
      written_upto_[token] = log_.last();
    hard_dirty_ = false;
    if (batch.state)
      installing_->token = token;
    out_.write = {token, std::move(batch)};
  }
  release_held();
}

/// Sends what is held and durable. What was made in an older term goes
/// nowhere: nobody would listen to it.
void raft_core::release_held() {
  // M35: what was written once at an index is taken for durable.
  const auto confused = [this](const message& m) {
    const auto* x = std::get_if<append_reply>(&m.body);
    return mutant("M35") && x != nullptr && x->match <= confused_upto_;
  };
  while (!held_.empty()
         && (disk_.is_durable(held_.front().token)
             || confused(held_.front().content))) {
    auto& x = held_.front();
    if (x.made_in == hard_.term && !disk_failed_)
      out_.messages.push_back(std::move(x.content));
    held_.pop_front();
  }
}

// -- messages
// ---------------------------------------------------------------------

void raft_core::send(const peer_id& to, message_body body) {
  out_.messages.push_back(
    {opts_.cluster_id, opts_.self, to, hard_.term, std::move(body)});
  if (buggify("raft.duplicate_message"))
    out_.messages.push_back(out_.messages.back());
}

/// Sends after everything asked of the disk up to and including this step.
void raft_core::send_when_durable(const peer_id& to, message_body body) {
  const auto writes = hard_dirty_ || restart_ || truncate_from_ || write_from_;
  hold(disk_.last_token() + (writes ? 1 : 0),
       {opts_.cluster_id, opts_.self, to, hard_.term, std::move(body)});
}

/// Sends after the newest hard state is durable, whatever entries wait.
void raft_core::send_when_term_durable(const peer_id& to, message_body body) {
  hold(hard_dirty_ ? disk_.last_token() + 1 : disk_.hard_token(),
       {opts_.cluster_id, opts_.self, to, hard_.term, std::move(body)});
}

void raft_core::hold(std::uint64_t token, message m) {
  const auto behind =
    std::find_if(held_.begin(), held_.end(),
                 [token](const held_message& x) { return x.token > token; });
  held_.insert(behind, {token, hard_.term, std::move(m)});
}

// -- the log and the hard state
// ----------------------------------------------------

void raft_core::adopt_term(log_term term) {
  PRAETOR_ASSERT(term > hard_.term);
  hard_ = {term, {}};
  hard_dirty_ = true;
}

void raft_core::append_entry(log_entry x) {
  append_shared(std::make_shared<const log_entry>(std::move(x)));
}

void raft_core::append_shared(entry_ptr x) {
  write_from_ = std::min(write_from_.value_or(x->index), x->index);
  if (x->kind == entry_kind::config && mutant("M23"))
    members_.truncate(x->index);
  if (x->kind == entry_kind::config)
    members_.append(x->index, *decode<membership>(x->payload));
  log_.append(std::move(x));
}

void raft_core::truncate(log_index from) {
  // Safety would be broken: a committed entry has no rival.
  PRAETOR_ASSERT(from > commit_);
  log_.truncate(from);
  if (members_.latest_index() >= from && !mutant("M23")) {
    sometimes("raft.truncated_membership");
    members_.truncate(from);
  }
  truncate_from_ = std::min(truncate_from_.value_or(from), from);
  if (write_from_ && *write_from_ >= from)
    write_from_.reset();
  out_.truncated_from = truncate_from_;
}

void raft_core::trim() {
  log_.trim(applied_,
            buggify("raft.forget_cache") ? log_limit{} : opts_.cache_max);
}

peer_health raft_core::health() const {
  const auto oldest = disk_.oldest();
  return {opts_.election_min(), applied_,
          oldest ? now_ - *oldest : duration::zero()};
}

std::optional<time_point> raft_core::next_timer() const {
  std::optional<time_point> result;
  const auto at = [&result](time_point t) {
    result = std::min(result.value_or(t), t);
  };
  if (role_ == role::leader) {
    if (!peers_.empty())
      at(heartbeat_at_);
  } else if (electable() || disk_sick_) {
    // Alone, the only thing to wait for is the own disk.
    if (role_ != role::candidate || !sole_voter())
      at(election_deadline_);
  }
  if (!reads_.empty())
    at(reads_.front().deadline);
  if (!ahead_.empty())
    at(std::max(now_, lease_granted_));
  for (const auto& [request, read] : forwarded_)
    at(read.deadline);
  if (transfer_)
    at(transfer_->sent || now_ >= lease_granted_
         ? transfer_->deadline
         : std::min(lease_granted_, transfer_->deadline));
  return result;
}

void raft_core::check_invariants() const {
  PRAETOR_ASSERT(commit_ <= log_.last());
  PRAETOR_ASSERT(applied_ <= commit_);
  PRAETOR_ASSERT(log_.start().index <= applied_ || installing_);
  PRAETOR_ASSERT(log_.last_term() <= hard_.term);
  PRAETOR_ASSERT(members_.latest_index() <= log_.last() || mutant("M23"));
  PRAETOR_ASSERT((role_ == role::leader) == (noop_index_ > 0));
  if (role_ == role::leader) {
    PRAETOR_ASSERT(leader_ == opts_.self);
    PRAETOR_ASSERT(log_.last_term() == hard_.term);
    for (const auto& [id, x] : senders_)
      PRAETOR_ASSERT(log_.start().index <= x.pinned());
    for (const auto& [id, p] : peers_) {
      PRAETOR_ASSERT(p.match() <= log_.last());
      PRAETOR_ASSERT(p.match() < p.next());
      PRAETOR_ASSERT(p.next() <= log_.last() + 1);
    }
  } else {
    PRAETOR_ASSERT(peers_.empty());
    PRAETOR_ASSERT(senders_.empty());
    PRAETOR_ASSERT(reads_.empty());
    PRAETOR_ASSERT(ahead_.empty());
  }
  if (role_ == role::candidate)
    PRAETOR_ASSERT(hard_.voted_for == opts_.self);
}

} // namespace praetor::raft
