// The gossip machine: what to believe about members.

#include "actors/gossip/core/gossip_core.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <utility>

namespace praetor::gossip {

void gossip_core::receive(const endpoint&, const alive& x) {
  accept(x);
}

void gossip_core::receive(const endpoint&, const suspect& x) {
  accept(x);
}

void gossip_core::receive(const endpoint&, const dead& x) {
  accept(x);
}

std::string gossip_core::objection(const member_facts& x) const {
  const auto& me = *self_facts_;
  const auto it = "Member '" + x.name + "' ";
  if (!me.cluster_id.empty() && !x.cluster_id.empty()
      && me.cluster_id != x.cluster_id)
    return it + "belongs to another cluster '" + x.cluster_id + "'";
  if (opts_.pool == pool_kind::lan && x.datacenter != me.datacenter)
    return it + "part of wrong datacenter '" + x.datacenter + "'";
  if (opts_.pool == pool_kind::lan && x.segment != me.segment
      && !x.segment.empty() && !me.segment.empty())
    return it + "part of wrong segment '" + x.segment + "'";
  if (opts_.allowed && !opts_.allowed(x.at.address))
    return it + "has an address that is not allowed: " + x.at.address;
  const auto role = x.tags.find("role");
  if (opts_.pool == pool_kind::wan
      && (role == x.tags.end() || role->second != "consul"))
    return it + "is not a server";
  if (x.name != me.name && !x.node_id.empty() && x.node_id == me.node_id)
    return it + "has conflicting node ID '" + x.node_id
           + "' with this agent's ID";
  if (x.protocol.current < me.protocol.min
      || x.protocol.current > me.protocol.max
      || me.protocol.current < x.protocol.min
      || me.protocol.current > x.protocol.max)
    return it + "speaks another version of the gossip protocol";
  return {};
}

/// Whether the name of `m` may be used from the address of `x`.
bool gossip_core::may_reclaim(const member& m, const member_facts& x) const {
  if (m.state == member_state::left)
    return true;
  if (m.state != member_state::dead)
    return false;
  const auto wait = x.node_id == m.facts->node_id ? opts_.dead_reclaim
                                                  : opts_.dead_reclaim_by_other;
  return wait > duration::zero() && now_ - m.since > wait;
}

void gossip_core::accept(const alive& x) {
  const auto key = key_of(x.facts.name);
  if (is_self(key)) {
    about_self(x);
    return;
  }
  auto* m = members_.find(key);
  if (!objection(x.facts).empty()
      || (m != nullptr && m->facts->name != x.facts.name)) {
    ++counters_.refused;
    return;
  }
  if (m == nullptr) {
    // Dead first, so that becoming alive counts as joining.
    auto facts = std::make_shared<const member_facts>(x.facts);
    auto& fresh = members_.add(
      key, {std::move(facts), 0, member_state::dead, now_, false, false, 0},
      rng_);
    revive(key, fresh, x);
    return;
  }
  const auto moved = m->facts->at != x.facts.at;
  const auto reclaims = moved && may_reclaim(*m, x.facts);
  const auto newer = x.incarnation > m->incarnation;
  if (moved && !reclaims) {
    // An old claim of the same node is no conflict.
    if (newer || m->facts->node_id != x.facts.node_id)
      dispute(key, x);
    return;
  }
  if (newer || reclaims)
    revive(key, *m, x);
}

void gossip_core::revive(member_key key, member& m, const alive& x) {
  const auto was = m.state;
  const auto changed = *m.facts != x.facts;
  if (!mutant("G05")) // do not cancel the suspicion of who lives
    suspicions_.erase(key);
  if (changed)
    m.facts = std::make_shared<const member_facts>(x.facts);
  m.incarnation = x.incarnation;
  if (was != member_state::alive)
    members_.change_state(m, member_state::alive, now_);
  if (was == member_state::dead || was == member_state::left) {
    m.leaving = false;
    m.prune = false;
    report(member_event::kind::joined, m.facts);
    apply_early(key, m);
  } else if (changed) {
    report(member_event::kind::updated, m.facts);
  }
  spread_claim(urgency::claim, key, x);
}

void gossip_core::about_self(const alive& x) {
  if (departure_ != departure::none)
    return; // a late packet must not bring this node back
  const auto same = x.facts == *self_facts_;
  if (x.facts.node_id != self_facts_->node_id
      && x.facts.at != self_facts_->at) {
    dispute(self_, x);
    return;
  }
  if (x.incarnation > incarnation_ || (x.incarnation == incarnation_ && !same))
    refute(x.incarnation);
}

void gossip_core::accept(const suspect& x) {
  if (is_self(x.subject)) {
    refute(x.incarnation);
    return;
  }
  auto* m = members_.find(x.subject);
  if (m == nullptr || x.incarnation < m->incarnation)
    return;
  if (m->state == member_state::suspect) {
    const auto found = suspicions_.find(x.subject);
    if (found->second.confirm(x.from)) {
      sometimes("gossip.confirmation_shortened");
      spread_claim(urgency::claim, x.subject, x);
    }
    return;
  }
  if (m->state != member_state::alive)
    return;
  m->incarnation = x.incarnation;
  suspicions_.insert_or_assign(
    x.subject,
    suspicion_timer{x.from, suspicion_options(opts_, pool_size()), now_});
  members_.change_state(*m, member_state::suspect, now_);
  spread_claim(urgency::claim, x.subject, x);
}

void gossip_core::accept(const dead& x) {
  if (is_self(x.subject)) {
    refute(x.incarnation);
    return;
  }
  auto* m = members_.find(x.subject);
  if (m == nullptr || x.incarnation < m->incarnation
      || m->state == member_state::left)
    return;
  const auto left = x.from == x.subject || m->leaving;
  if (m->state == member_state::dead && !left)
    return;
  suspicions_.erase(x.subject);
  m->incarnation = x.incarnation;
  members_.change_state(*m, left ? member_state::left : member_state::dead,
                        now_);
  report(left ? member_event::kind::left : member_event::kind::failed,
         m->facts);
  spread_claim(urgency::claim, x.subject, x);
  if (left && m->prune)
    forget(x.subject);
}

/// Says that this node lives, louder than who said otherwise about its
/// incarnation `accused`. Who accuses an older one missed the latest news, and
/// would call it dead in the end: it is told again.
void gossip_core::refute(std::uint32_t accused) {
  if (departure_ != departure::none)
    return;
  if (accused < incarnation_) {
    if (!queue_.contains({broadcast_queue::kind::claim, self_}))
      announce_self();
    return;
  }
  incarnation_ = std::min(std::max(incarnation_, accused), incarnation_max - 1);
  if (!mutant("G02")) // refute with the incarnation that was accused
    ++incarnation_;
  members_.find(self_)->incarnation = incarnation_;
  snapshot_urgent_ = true;
  ++counters_.refutations;
  sometimes("gossip.refuted");
  awareness_.change(+1);
  announce_self();
}

void gossip_core::announce_self() {
  spread_claim(urgency::own_claim, self_, self_claim());
}

void gossip_core::spread_claim(urgency how, member_key about,
                               const message& x) {
  queue_.push(how, {broadcast_queue::kind::claim, about}, encode_part(x));
  queue_.prune(members_.size());
}

void gossip_core::expire_suspicions() {
  std::vector<member_key> expired;
  for (const auto& [key, timer] : suspicions_)
    if (timer.deadline() <= now_)
      expired.push_back(key);
  for (const auto& key : expired) {
    suspicions_.erase(key);
    const auto* m = members_.find(key);
    if (m != nullptr && (m->state == member_state::suspect || mutant("G05")))
      accept(dead{key, m->incarnation, self_});
  }
}

} // namespace praetor::gossip
