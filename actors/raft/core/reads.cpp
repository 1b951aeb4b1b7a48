// Who still follows this leader, and what that lets it answer.
//
// For each voter the leader knows the newest of its own clock readings that
// came back. The k-th highest of them, k being the majority, is the instant at
// which a majority had not given up on it; each of these voters refuses others
// for an election timeout after that. So
// - beyond an election timeout the leader must assume that it is deposed
// - for 80 % of an election timeout nobody else can have been elected: reads
//   need no confirmation (the lease)
//
// Readers here that have a lease do not ask again: they see what these tables
// have applied, which is everything that this server acknowledged. Another
// server's reader must not be ahead of them, so it waits for these tables, or
// for the end of the lease.
//
// A read confirmed by a round must not use a round that was sent before the
// read came; reads that come while a round is out share the next one.

#include "actors/raft/core/raft_core.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

// -- check-quorum and lease ---------------------------------------------------

/// Returns when a majority last followed us, by our clock, if it ever did in
/// this term.
std::optional<time_point> raft_core::quorum_contact() const {
  std::vector<time_point> seen;
  for (const auto& voter : members_.latest().voters()) {
    const auto* known = peer(voter);
    if (is_self(voter))
      seen.push_back(now_);
    else
      seen.push_back(known != nullptr && known->echoed ? *known->echoed
                                                       : time_point::min());
  }
  if (seen.empty())
    return std::nullopt;
  const auto reached = reached_by_majority(std::move(seen));
  if (reached == time_point::min())
    return std::nullopt;
  return reached;
}

void raft_core::check_quorum() {
  const auto reached =
    std::max(quorum_contact().value_or(elected_at_), elected_at_);
  if (now_ - reached > opts_.election_min() && !mutant("M41")) {
    sometimes("raft.step_down_without_quorum");
    become_follower(hard_.term, {});
  }
}

/// Returns until when no other leader can be elected, if that is in the future.
std::optional<time_point> raft_core::lease_end() const {
  if (mutant("M14") && role_ == role::leader)
    return now_ + lease_part(opts_.election_min());
  if (!leads() || ((lease_disabled_ || transfer_) && !mutant("M17")))
    return std::nullopt;
  const auto reached = quorum_contact();
  if (!reached)
    return std::nullopt;
  auto shortest = opts_.election_min();
  for (const auto& voter : members_.latest().voters()) {
    const auto* known = peer(voter);
    if (known != nullptr && known->echoed && *known->echoed >= *reached)
      shortest = std::min(shortest, known->health.election_min);
  }
  const auto end =
    *reached + (mutant("M15") ? shortest / 2 * 3 : lease_part(shortest));
  if (end <= now_)
    return std::nullopt;
  return end;
}

// -- reads --------------------------------------------------------------------

void raft_core::on(const read_request& x) {
  waiting_read read{x.id, {}, x.use_lease, 0, 0, now_ + opts_.read_wait()};
  if (role_ == role::leader)
    return admit_read(std::move(read));
  if (leader_.value.empty())
    return answer_read(read, error{errc::no_leader, ""});
  if (forwarded_.size() >= opts_.reads_pending_max)
    return answer_read(read, error{errc::overloaded, "too many reads wait"});
  const auto request = ++read_seq_;
  forwarded_.emplace(request, std::move(read));
  send(leader_, read_index_request{request, x.use_lease});
}

void raft_core::receive(const message& m, const read_index_request& x) {
  waiting_read read{x.request, m.from, x.use_lease,
                    0,         0,      now_ + opts_.read_wait()};
  if (role_ == role::leader)
    return admit_read(std::move(read));
  answer_read(read, error{errc::not_leader, leader_.value});
}

void raft_core::receive(const message&, const read_index_reply& x) {
  const auto found = forwarded_.find(x.request);
  if (found == forwarded_.end())
    return;
  const auto read = std::move(found->second);
  forwarded_.erase(found);
  if (x.ok)
    out_.reads.push_back({read.id, read_permit{x.index, {}, hard_.term}});
  else
    answer_read(read, error{errc::not_leader, leader_.value});
}

/// @pre This server leads.
void raft_core::admit_read(waiting_read x) {
  if (reads_.size() + ahead_.size() >= opts_.reads_pending_max
      || buggify("raft.refuse_read"))
    return answer_read(x, error{errc::overloaded, "too many reads wait"});
  // Before an entry of the own term is committed, the commit index may be
  // older than what a predecessor answered (etcd issue 7331).
  if (leads() || mutant("M18"))
    begin_read(std::move(x));
  else
    reads_.push_back(std::move(x));
}

void raft_core::begin_read(waiting_read x) {
  x.index = commit_;
  const auto lease = lease_end();
  sometimes("raft.lease_expired", x.use_lease && !lease);
  if (x.use_lease && lease && !buggify("raft.round_despite_lease"))
    return answer_read(x, x.index);
  x.seq =
    mutant("M19") && read_round_ > read_confirmed_ ? read_round_ : ++read_seq_;
  reads_.push_back(std::move(x));
}

/// Answers with an index and, for this server's own default reads, the lease.
void raft_core::answer_read(const waiting_read& x, result<log_index> index) {
  if (!x.from.value.empty())
    return answer_peer(x, index);
  if (!index)
    return out_.reads.push_back({x.id, index.error()});
  read_permit permit{*index, {}, hard_.term};
  if (x.use_lease && ahead_.empty() && !buggify("raft.grant_no_lease"))
    if (const auto end = lease_end()) {
      permit.lease_until = *end;
      lease_granted_ = std::max(lease_granted_, *end);
    }
  out_.reads.push_back({x.id, permit});
}

void raft_core::answer_peer(const waiting_read& x,
                            const result<log_index>& index) {
  if (index && *index > applied_ && now_ < lease_granted_) {
    sometimes("raft.peer_read_waits_for_lease");
    ahead_.push_back(x);
    ahead_.back().index = *index;
    return;
  }
  send(x.from,
       read_index_reply{x.id, static_cast<bool>(index), index ? *index : 0});
}

void raft_core::release_ahead() {
  for (auto& x : std::exchange(ahead_, {}))
    answer_peer(x, x.index);
}

/// The first entry of this term is committed.
void raft_core::begin_waiting_reads() {
  for (auto& x : std::exchange(reads_, {}))
    begin_read(std::move(x));
}

void raft_core::settle_reads() {
  if (!leads() && !mutant("M18"))
    return;
  std::vector<std::uint64_t> echoed;
  for (const auto& voter : members_.latest().voters()) {
    const auto* known = peer(voter);
    if (is_self(voter))
      echoed.push_back(read_seq_);
    else
      echoed.push_back(known == nullptr ? 0 : known->read_seq);
  }
  if (!echoed.empty())
    read_confirmed_ =
      std::max(read_confirmed_, reached_by_majority(std::move(echoed)));
  auto answered = 0;
  for (; !reads_.empty() && reads_.front().seq <= read_confirmed_; ++answered) {
    answer_read(reads_.front(), reads_.front().index);
    reads_.pop_front();
  }
  sometimes("raft.read_round_of_three", answered >= 3);
  if (!reads_.empty() && read_round_ <= read_confirmed_)
    broadcast_heartbeat();
}

/// This server leads no more, or follows another leader.
void raft_core::fail_reads() {
  for (const auto& all : {std::exchange(reads_, {}), std::exchange(ahead_, {})})
    for (const auto& x : all)
      answer_read(x, error{errc::not_leader, ""});
}

void raft_core::expire_reads() {
  const error late{errc::timeout, "no majority confirmed the read in time"};
  while (!reads_.empty() && reads_.front().deadline <= now_) {
    answer_read(reads_.front(), late);
    reads_.pop_front();
  }
  std::erase_if(ahead_, [this](const waiting_read& x) {
    return x.deadline <= now_; // who asked has given up as well
  });
  while (!forwarded_.empty() && forwarded_.begin()->second.deadline <= now_) {
    answer_read(forwarded_.begin()->second, late);
    forwarded_.erase(forwarded_.begin());
  }
}

} // namespace praetor::raft
