// Changing the membership: one voter at a time, in force when appended.

#include "actors/raft/core/raft_core.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>

namespace praetor::raft {

status raft_core::may_change(const change_membership& x) const {
  if (role_ != role::leader)
    return error{errc::not_leader, leader_.value};
  if (transfer_)
    return error{errc::overloaded, "the leadership is being handed over"};
  if (auto valid = check(x.next); !valid)
    return valid;
  if (x.expected && *x.expected != members_.latest_index())
    return error{errc::conflict, "the Raft configuration has changed"};
  if (members_.latest_index() > commit_)
    return error{errc::rejected,
                 "another Raft configuration change is pending"};
  // Without an entry of this term committed, two leaders cut off from each
  // other could each commit a change of which the other knows nothing.
  if (!leads() && !mutant("M21")) {
    sometimes("raft.change_before_first_commit");
    return error{errc::rejected, "the leader has not committed an entry yet"};
  }
  if (voters_changed(members_.latest(), x.next) > 1 && !mutant("M22"))
    return error{errc::invalid_argument,
                 "a Raft configuration changes one voter at a time"};
  return ok;
}

void raft_core::on(const change_membership& x) {
  if (const auto allowed = may_change(x); !allowed) {
    out_.changed = result<log_index>{allowed.error()};
    return;
  }
  for (const auto& m : x.next.members)
    sometimes("raft.learner_promoted",
              simulated && m.voter && members_.latest().find(m.id) != nullptr
                && !members_.latest().is_voter(m.id));
  append_entry({.index = log_.last() + 1,
                .term = hard_.term,
                .kind = entry_kind::config,
                .ts = std::max(log_.last_ts(), wall_),
                .origin = {},
                .payload = encode(x.next)});
  out_.changed = result<log_index>{log_.last()};
  sync_peers();
  send_appends_to_all();
}

/// Makes sure that there is a progress for every other member.
void raft_core::sync_peers() {
  for (const auto& x : members_.latest().members)
    if (!is_self(x.id))
      peers_.try_emplace(x.id, log_.last() + 1, opts_.inflight_max);
}

/// Forgets removed peers once they know of their removal, or had the time to.
void raft_core::retire_peers() {
  const auto index = members_.latest_index();
  const auto patience_over =
    commit_ >= index && now_ - members_committed_at_ > 2 * opts_.election_min();
  std::erase_if(peers_, [this, index, patience_over](const auto& x) {
    return members_.latest().find(x.first) == nullptr
           && (patience_over
               || (x.second.match() >= index && x.second.commit_sent >= index));
  });
  for (auto i = senders_.begin(); i != senders_.end();)
    if (const auto& id = i++->first; !peers_.contains(id))
      end_transfer(id);
}

} // namespace praetor::raft
