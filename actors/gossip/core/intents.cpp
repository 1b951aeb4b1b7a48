// The gossip machine: who means to stay or to leave, and user events. Lamport
// times tell which of two intents is newer.

#include "actors/gossip/core/gossip_core.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <utility>

namespace praetor::gossip {

namespace {

/// Intents about members that are unknown.
constexpr std::size_t early_max = 4096;

/// Prunings that are remembered.
constexpr std::size_t pruned_max = 65536;

} // namespace

void gossip_core::receive(const endpoint&, const join_intent& x) {
  if (accept(x))
    spread_intent(x.subject, x);
}

void gossip_core::receive(const endpoint&, const leave_intent& x) {
  if (accept(x))
    spread_intent(x.subject, x);
}

void gossip_core::spread_intent(member_key about, const message& x) {
  queue_.push(urgency::intent, {broadcast_queue::kind::intent, about},
              encode_part(x));
  queue_.prune(members_.size());
}

/// Says that this node is here to stay.
void gossip_core::announce_staying() {
  auto* me = members_.find(self_);
  me->status_time = clock_.increment();
  spread_intent(self_, join_intent{self_, me->status_time});
}

/// Returns whether the intent is news.
bool gossip_core::accept(const join_intent& x) {
  if (!clock_.plausible(x.ltime))
    return false;
  clock_.witness(x.ltime);
  auto* m = members_.find(x.subject);
  if (m == nullptr)
    return keep_early(x.subject, x.ltime, false);
  if (x.ltime <= m->status_time)
    return false;
  m->status_time = x.ltime;
  if (!is_self(x.subject) && m->state != member_state::left) {
    out_.changed = out_.changed || m->leaving;
    m->leaving = false;
    m->prune = false;
  }
  snapshot_changed_ = true;
  return true;
}

/// Returns whether the intent is news.
bool gossip_core::accept(const leave_intent& x) {
  if (!clock_.plausible(x.ltime))
    return false;
  clock_.witness(x.ltime);
  auto* m = members_.find(x.subject);
  if (m == nullptr)
    // That a member is forgotten here is what a pruning wants.
    return !x.prune && !pruned_.contains({x.subject, x.ltime})
           && keep_early(x.subject, x.ltime, true);
  if (x.ltime <= m->status_time)
    return false;
  snapshot_changed_ = true;
  if (is_self(x.subject)) {
    // Somebody thinks that this node is gone. Once it leaves, that is true.
    if (departure_ == departure::none) {
      sometimes("gossip.refuted_intent");
      announce_staying();
    }
    return false;
  }
  const auto changes = m->state != member_state::left;
  // The time counts even if nothing else changes: two intents of different
  // times would chase each other through the pool for ever.
  if (changes || !mutant("G07"))
    m->status_time = x.ltime;
  m->prune = m->prune || x.prune;
  out_.changed = out_.changed || !m->leaving;
  m->leaving = true;
  if (m->state == member_state::dead) {
    members_.change_state(*m, member_state::left, now_);
    report(member_event::kind::left, m->facts);
  }
  if (m->state == member_state::left && m->prune) {
    if (pruned_.size() < pruned_max)
      pruned_[{x.subject, x.ltime}] = now_ + opts_.intent_keep;
    forget(x.subject);
  }
  return true;
}

/// Remembers an intent about an unknown member; returns whether it is news.
bool gossip_core::keep_early(member_key about, std::uint64_t ltime,
                             bool leave) {
  const auto found = early_.find(about);
  if (found == early_.end() && early_.size() >= early_max)
    return false;
  if (found != early_.end() && found->second.ltime >= ltime)
    return false;
  early_[about] = {ltime, leave, now_ + opts_.intent_keep};
  return true;
}

/// Does to a member what was heard of it before it was known.
void gossip_core::apply_early(member_key key, member& m) {
  const auto found = early_.find(key);
  if (found == early_.end())
    return;
  const auto x = found->second;
  early_.erase(found);
  if (x.until <= now_ || x.ltime <= m.status_time)
    return;
  m.status_time = x.ltime;
  m.leaving = x.leave;
}

// -- user events --------------------------------------------------------------

void gossip_core::receive(const endpoint&, const user_event& x) {
  if (!events_.accept(x))
    return;
  out_.events.push_back(x);
  spread_event(x);
}

void gossip_core::on(const fire_request& x) {
  if (x.name.empty() || x.name.size() + x.payload.size() > event_bytes_max) {
    out_.fired =
      error{errc::invalid_argument, "user event exceeds configured limit of "
                                      + std::to_string(event_bytes_max)
                                      + " bytes before encoding"};
    return;
  }
  const auto event = events_.fire(x.name, x.payload);
  out_.events.push_back(event);
  out_.fired = status{ok};
  spread_event(event);
}

void gossip_core::on(const answer_request& x) {
  send(x.to, {event_answer{x.id, self_, x.payload}});
}

void gossip_core::receive(const endpoint&, const event_answer& x) {
  out_.answers.push_back(x);
}

void gossip_core::spread_event(const user_event& x) {
  queue_.push(urgency::event, {broadcast_queue::kind::event, {}},
              encode_part(x));
  queue_.prune(members_.size());
  snapshot_changed_ = true;
}

} // namespace praetor::gossip
