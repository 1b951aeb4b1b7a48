// What a follower does with the leader's appends and heartbeats.

#include "actors/raft/core/raft_core.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>

namespace praetor::raft {

/// A message of this term's leader arrived.
void raft_core::follow(const peer_id& leader) {
  // Safety would be broken: two leaders in one term.
  PRAETOR_ASSERT(role_ != role::leader);
  PRAETOR_ASSERT(leader_.value.empty() || leader_ == leader);
  if (role_ != role::follower || leader_ != leader)
    become_follower(hard_.term, leader);
  contact_ = now_;
  contact_with_ = leader;
  reset_election_deadline();
}

void raft_core::receive(const message& m, const append& x) {
  follow(m.from);
  append_reply answer;
  answer.send_id = x.send_id;
  answer.probe_ts = x.probe_ts;
  answer.health = health();
  const auto& items = x.entries.items;
  const auto end = x.previous.index + items.size();
  if (end < commit_) {
    // All of it is committed here, so it is the leader's as well.
    answer.ok = true;
    answer.match = commit_;
  } else if (x.previous.index >= commit_
             && log_.term(x.previous.index) != x.previous.term) {
    answer.rejected = x.previous.index;
    answer.hint.index = log_.last_not_above(x.previous.index, x.previous.term);
    if (buggify("raft.worst_hint"))
      answer.hint.index = log_.start().index;
    answer.hint.term = *log_.term(answer.hint.index);
    sometimes("raft.hint_skips_terms", answer.hint.term + 2 <= x.previous.term);
  } else {
    accept_entries(items, commit_);
    // Not our last index: what lies behind is unverified.
    answer.ok = true;
    answer.match = mutant("M11") ? log_.last() : end;
    follower_commit(std::min(x.commit, mutant("M10") ? log_.last() : end));
  }
  if (mutant("M07"))
    return send(m.from, answer);
  send_when_durable(m.from, answer);
}

/// Takes over what is not there yet. Entries up to `after` are committed.
void raft_core::accept_entries(const std::vector<entry_ptr>& entries,
                               log_index after) {
  for (const auto& entry : entries) {
    if (entry->index <= after)
      continue;
    if (entry->index <= log_.last()) {
      // Truncating only at a conflict: a delayed duplicate must not cut a
      // longer good tail.
      if (log_.term(entry->index) == entry->term && !mutant("M06"))
        continue;
      sometimes("raft.truncated_two", log_.last() > entry->index);
      truncate(entry->index);
    }
    append_shared(entry);
  }
}

void raft_core::receive(const message& m, const heartbeat& x) {
  follow(m.from);
  if (x.commit > log_.last()) {
    // The leader heard us acknowledge what we do not have: our disk lost it.
    sometimes("raft.lost_log");
    recovering_upto_ = std::max(recovering_upto_, x.commit);
    out_.alarm = "The log lost acknowledged entries, waiting to get them back";
  } else {
    follower_commit(x.commit);
  }
  heartbeat_reply answer{x.probe_ts, x.read_seq, health()};
  if (x.commit > log_.last())
    answer.lost_behind = log_.last();
  send_when_term_durable(m.from, answer);
}

void raft_core::follower_commit(log_index upto) {
  commit_ = std::max(commit_, upto);
}

} // namespace praetor::raft
