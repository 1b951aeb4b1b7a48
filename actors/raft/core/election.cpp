// Votes, stickiness, campaigns; beginning and ceasing to lead.
//
// A server is *sticky* while a leader that it promised to follow may still rely
// on it: then it refuses to help others to an election. That is what a leader's
// lease rests on, so it also holds after a restart, when nobody remembers what
// was promised, and for a deposed leader until the last lease that it granted
// to its own readers has run out.

#include "actors/raft/core/raft_core.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

bool raft_core::sole_voter() const {
  const auto voters = members_.latest().voters();
  return voters.size() == 1 && voters.front() == opts_.self;
}

bool raft_core::electable() const {
  // Whoever appended its own removal may be the only one with the newest log:
  // unless the removal is committed it must be able to lead, without counting
  // itself (Ongaro's dissertation, figure 4.6).
  const auto voter = members_.latest().is_voter(opts_.self)
                     || (members_.latest_index() > commit_
                         && members_.previous().is_voter(opts_.self));
  return voter && !disk_failed_ && !disk_sick_ && recovering_upto_ == 0
         && !installing_;
}

bool raft_core::sticky_towards(const peer_id& candidate) const {
  if (role_ == role::leader || now_ < lease_granted_)
    return true;
  // Whoever answered a leader had its term on the disk, and the first leader of
  // a cluster has a later term than its founders.
  const auto promised = hard_.term > founding_term;
  if (promised && now_ - boot_ < opts_.election_min() && !mutant("M16"))
    return true;
  // Stickiness is owed to a person: if the leader itself stands again, it has
  // given up its lease (hashicorp/raft issue 605). `leader_` cannot tell: it is
  // forgotten as soon as that candidate's term is known.
  return contact_ && now_ - *contact_ < opts_.election_min()
         && candidate != contact_with_;
}

/// Empty: unknown. Reads on their way to another leader have to be asked again.
void raft_core::set_leader(const peer_id& id) {
  if (leader_ == id)
    return;
  leader_ = id;
  for (const auto& [request, read] : std::exchange(forwarded_, {}))
    answer_read(read, error{errc::not_leader, leader_.value});
}

void raft_core::reset_election_deadline() {
  const auto min = opts_.election_min();
  auto extra = rng_.below(static_cast<std::uint64_t>(min.count()));
  if (buggify("raft.long_timeout"))
    extra *= 3;
  election_deadline_ = now_ + min + duration{static_cast<std::int64_t>(extra)};
}

/// A new cluster has no leader that could be disturbed: no need to wait for a
/// sign of one, only for the other founders to begin.
void raft_core::expect_no_leader() {
  const auto most = opts_.election_min() / 2 - opts_.heartbeat_period();
  const auto extra = rng_.below(static_cast<std::uint64_t>(most.count()));
  election_deadline_ = now_ + opts_.heartbeat_period()
                       + duration{static_cast<std::int64_t>(extra)};
}

void raft_core::tick_election() {
  // Early, but never while a leader may count on us.
  if (now_ < election_deadline_
      && (sticky_towards(opts_.self) || !buggify("raft.early_election")))
    return;
  sometimes("raft.vote_split",
            simulated && role_ == role::candidate && !sole_voter());
  reset_election_deadline();
  if (buggify("raft.late_election"))
    return;
  // A term whose vote is not yet on the disk must not be followed by another:
  // a slow disk would raise terms without end.
  if (electable() && disk_.is_durable(disk_.hard_token()))
    start_pre_vote();
}

void raft_core::start_pre_vote() {
  role_ = role::pre_candidate;
  set_leader({});
  votes_.clear();
  reset_election_deadline();
  const pre_vote question{hard_.term + 1, {log_.last(), log_.last_term()}};
  for (const auto& voter : members_.latest().voters())
    if (!is_self(voter))
      send(voter, question);
  record_vote(opts_.self, true);
}

/// @pre `electable()`.
void raft_core::campaign(bool transfer) {
  PRAETOR_ASSERT(electable());
  // Votes are asked for with the log as it is.
  drop_reception();
  adopt_term(hard_.term + 1);
  hard_.voted_for = opts_.self;
  role_ = role::candidate;
  heir_ = transfer;
  set_leader({});
  votes_.clear();
  reset_election_deadline();
  const vote question{{log_.last(), log_.last_term()}, transfer};
  for (const auto& voter : members_.latest().voters())
    if (!is_self(voter))
      send(voter, question);
  // The own vote counts when it is durable: otherwise a crash could let this
  // server win the same term twice, with different entries.
  if (mutant("M13"))
    record_vote(opts_.self, true);
}

void raft_core::count_own_vote() {
  if (disk_.is_durable(disk_.hard_token()))
    record_vote(opts_.self, true);
}

void raft_core::record_vote(const peer_id& voter, bool granted) {
  votes_.emplace(voter, granted);
  switch (count_votes(members_.latest().voters(), votes_)) {
    case vote_state::pending: return;
    case vote_state::won:
      if (role_ == role::pre_candidate)
        return campaign(false);
      if (votes_.contains(opts_.self))
        become_leader();
      return;
    case vote_state::lost:
      become_follower(hard_.term, {});
      reset_election_deadline();
  }
}

void raft_core::receive(const message& m, const pre_vote& x) {
  const auto newer = x.next_term > hard_.term;
  const auto complete = log_.up_to_date(x.last) || mutant("M03");
  const auto sticky = sticky_towards(m.from);
  const auto granted = newer && complete && recovering_upto_ == 0 && !sticky
                       && !buggify("raft.refuse_pre_vote");
  sometimes("raft.pre_vote_refused_term", !newer);
  sometimes("raft.pre_vote_refused_log", newer && !complete);
  sometimes("raft.pre_vote_refused_sticky", newer && complete && sticky);
  if (granted && mutant("M38")) { // whoever asks is taken for a leader
    reset_election_deadline();
    contact_ = now_;
    contact_with_ = m.from;
  }
  // Nothing is recorded, and no timer moves. A refusal carries our term, so
  // that a candidate behind it can catch up.
  send_when_durable(m.from, pre_vote_reply{x.next_term, granted, hard_.term});
}

void raft_core::receive(const message& m, const pre_vote_reply& x) {
  if (!x.granted && x.voter_term > hard_.term && !mutant("M37"))
    return become_follower(x.voter_term, {});
  if (role_ == role::pre_candidate && x.asked_term == hard_.term + 1)
    record_vote(m.from, x.granted);
}

void raft_core::receive(const message& m, const vote& x) {
  const auto free = hard_.voted_for.value.empty() && leader_.value.empty();
  const auto granted =
    (hard_.voted_for == m.from || free)
    && (log_.up_to_date(x.last) || mutant("M03")) && recovering_upto_ == 0
    && (x.transfer || !sticky_towards(m.from)) && !buggify("raft.refuse_vote");
  sometimes("raft.two_candidates", role_ == role::candidate);
  if (granted) {
    if (hard_.voted_for != m.from) {
      hard_.voted_for = m.from;
      hard_dirty_ = hard_dirty_ || !mutant("M01");
    }
    reset_election_deadline();
  }
  if (mutant("M02"))
    return send(m.from, vote_reply{hard_.term, granted});
  send_when_durable(m.from, vote_reply{hard_.term, granted});
}

void raft_core::receive(const message& m, const vote_reply& x) {
  if (role_ == role::candidate && x.asked_term == hard_.term)
    record_vote(m.from, x.granted);
}

/// Follows `leader` (empty: nobody known) in `term`.
void raft_core::become_follower(log_term term, const peer_id& leader) {
  if (term > hard_.term)
    adopt_term(term);
  if (role_ == role::leader)
    stop_leading();
  role_ = role::follower;
  set_leader(leader);
  votes_.clear();
}

/// @pre The own vote is durable.
void raft_core::become_leader() {
  PRAETOR_ASSERT(role_ == role::candidate);
  PRAETOR_ASSERT(disk_.is_durable(disk_.hard_token()) || mutant("M13"));
  PRAETOR_ASSERT(!hard_dirty_ || mutant("M13"));
  sometimes("raft.elected_by_transfer", heir_);
  role_ = role::leader;
  set_leader(opts_.self);
  votes_.clear();
  elected_at_ = now_;
  heartbeat_at_ = now_ + opts_.heartbeat_period();
  uncommitted_bytes_ = 0;
  lease_disabled_ = false;
  read_round_ = read_confirmed_ = read_seq_;
  peers_.clear();
  sync_peers();
  if (mutant("M09"))
    for (auto& [id, p] : peers_)
      p.acknowledged(0, old_match_[id]);
  noop_index_ = log_.last() + 1;
  append_entry({.index = noop_index_,
                .term = hard_.term,
                .kind = entry_kind::noop,
                .ts = std::max(log_.last_ts(), wall_),
                .origin = {},
                .payload = {}});
  send_appends_to_all();
}

void raft_core::stop_leading() {
  if (mutant("M09"))
    for (const auto& [id, p] : peers_)
      old_match_[id] = p.match();
  fail_reads();
  end_all_transfers();
  peers_.clear();
  noop_index_ = 0;
  transfer_.reset();
  reset_election_deadline();
}

} // namespace praetor::raft
