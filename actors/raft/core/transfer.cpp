// Handing the leadership to another voter.
//
// TimeoutNow lets its receiver stand for election although others are sticky,
// so it breaks what leases rest on. It is sent only when the last lease granted
// to readers is over, no new one is granted meanwhile, and if the transfer
// fails there is none for the rest of the term: the message may still be under
// way (etcd-io/raft issue 99).

#include "actors/raft/core/raft_core.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"

#include <algorithm>

namespace praetor::raft {

/// Returns the voter that needs least to catch up and whose disk works.
std::optional<peer_id> raft_core::best_heir() const {
  const progress* best = nullptr;
  std::optional<peer_id> result;
  for (const auto& [id, p] : peers_) {
    if (!members_.latest().is_voter(id) || !p.echoed
        || now_ - *p.echoed > opts_.election_min()
        || p.health.disk_stall > opts_.election_min() / 2)
      continue;
    if (best == nullptr || p.match() > best->match()) {
      best = &p;
      result = id;
    }
  }
  return result;
}

void raft_core::on(const transfer_request& x) {
  const auto target = x.target ? x.target : best_heir();
  if (role_ != role::leader)
    out_.transfer = status{error{errc::not_leader, leader_.value}};
  else if (transfer_)
    out_.transfer = status{error{errc::conflict, "a transfer is under way"}};
  else if (!target)
    out_.transfer = status{error{errc::rejected, "no peer can take over"}};
  else if (is_self(*target) || !members_.latest().is_voter(*target))
    out_.transfer =
      status{error{errc::invalid_argument, "the target is not a voter"}};
  else {
    const auto begin = std::max(now_, lease_granted_);
    transfer_ = transfer_state{*target, false, begin + opts_.election_min()};
    out_.transfer = status{ok};
  }
}

/// Sends TimeoutNow when the target has everything and no lease is left.
void raft_core::push_transfer() {
  if (!transfer_ || transfer_->sent
      || (now_ < lease_granted_ && !mutant("M17")))
    return;
  const auto* target = peer(transfer_->target);
  if (target == nullptr || target->match() != log_.last())
    return;
  transfer_->sent = true;
  send(transfer_->target, timeout_now{log_.last()});
}

void raft_core::abort_transfer() {
  lease_disabled_ = lease_disabled_ || transfer_->sent;
  transfer_.reset();
}

void raft_core::receive(const message& m, const timeout_now& x) {
  if (m.from == leader_ && role_ == role::follower && electable()
      && log_.last() >= x.leader_last && disk_.is_durable(disk_.hard_token())
      && !hard_dirty_ && !buggify("raft.ignore_timeout_now"))
    campaign(true);
}

} // namespace praetor::raft
