// The gossip machine: coming, going, and being forgotten.

#include "actors/gossip/core/gossip_core.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <utility>

namespace praetor::gossip {

namespace {

/// How many members of before a restart are asked, and at the same time.
constexpr std::size_t rejoin_places_max = 32;
constexpr std::size_t rejoin_at_once = 4;

/// Not those of `join_request`s.
constexpr std::uint64_t rejoin_id = 0;

/// Seeds of one request.
constexpr std::size_t seeds_max = 256;

} // namespace

// -- joining ------------------------------------------------------------------

void gossip_core::on(const join_request& x) {
  auto& running = joins_[x.id];
  running.outcome.id = x.id;
  const auto count = std::min(seeds_max, x.seeds.size());
  running.open += count;
  for (std::size_t i = 0; i < count; ++i)
    start_sync(x.seeds[i], true, x.id);
  if (count > 0)
    return;
  out_.joins.push_back(running.outcome);
  joins_.erase(x.id);
}

void gossip_core::end_join(std::uint64_t id, const endpoint& peer,
                           const std::string& failure) {
  if (id == rejoin_id) {
    continue_rejoin(failure.empty());
    return;
  }
  const auto found = joins_.find(id);
  if (found == joins_.end())
    return;
  auto& [outcome, open] = found->second;
  if (failure.empty())
    ++outcome.joined;
  else
    outcome.failures.emplace_back(peer, failure);
  if (--open > 0)
    return;
  if (outcome.joined > 0) {
    announce_self();
    announce_staying();
  }
  out_.joins.push_back(outcome);
  joins_.erase(found);
}

void gossip_core::start_rejoin() {
  if (old_places_.empty())
    return;
  if (old_places_.size() > rejoin_places_max)
    old_places_.resize(rejoin_places_max);
  for (std::size_t i = 0; i < rejoin_at_once; ++i)
    continue_rejoin(false);
}

void gossip_core::continue_rejoin(bool succeeded) {
  if (succeeded && !rejoined_) {
    sometimes("gossip.rejoined");
    rejoined_ = true;
    old_places_.clear();
    announce_self();
    announce_staying();
    out_.joins.push_back({rejoin_id, 1, {}});
  }
  if (old_places_.empty()) {
    const auto asking =
      std::any_of(streams_.begin(), streams_.end(), [](const auto& s) {
        return s.second.what == stream_state::kind::sync && s.second.join
               && s.second.join_id == rejoin_id;
      });
    if (!rejoined_ && !asking)
      out_.joins.push_back({rejoin_id, 0, {}});
    return;
  }
  const auto next = old_places_.back();
  old_places_.pop_back();
  start_sync(next, true, rejoin_id);
}

void gossip_core::tick_reconnect() {
  if (now_ < next_reconnect_)
    return;
  next_reconnect_ = now_ + opts_.reconnect_interval;
  const auto failed = members_.count(member_state::dead);
  const auto alive_count = std::max<std::size_t>(1, pool_size());
  if (failed == 0 || departure_ != departure::none
      || rng_.below(alive_count) >= failed)
    return;
  const auto whom = members_.choose(
    1,
    [](member_key, const member& m) { return m.state == member_state::dead; },
    rng_);
  for (const auto& key : whom)
    start_sync(members_.find(key)->facts->at, false, 0);
}

// -- leaving ------------------------------------------------------------------

void gossip_core::on(const leave_request&) {
  if (departure_ != departure::none || !begun_)
    return;
  departure_ = departure::announcing;
  departure_until_ = now_ + opts_.leave_intent_timeout;
  auto* me = members_.find(self_);
  me->leaving = true;
  out_.changed = true;
  me->status_time = clock_.increment();
  spread_intent(self_, leave_intent{self_, me->status_time, false});
  tick_departure();
}

void gossip_core::tick_departure() {
  const auto self_active =
    members_.find(self_)->state == member_state::alive ? 1U : 0U;
  const auto alone = pool_size() == self_active;
  const auto on_its_way = [this](broadcast_queue::kind what) {
    return queue_.contains({what, self_});
  };
  if (departure_ == departure::announcing
      && (alone || now_ >= departure_until_
          || !on_its_way(broadcast_queue::kind::intent)))
    part();
  if (departure_ == departure::parting && (alone || now_ >= departure_until_)) {
    departure_ = departure::gone;
    snapshot_urgent_ = true;
    out_.left = true;
  }
}

/// Tells that this node has left.
void gossip_core::part() {
  departure_ = departure::parting;
  departure_until_ = now_ + opts_.leave_propagate_delay;
  auto* me = members_.find(self_);
  members_.change_state(*me, member_state::left, now_);
  out_.changed = true;
  spread_claim(urgency::own_claim, self_, dead{self_, incarnation_, self_});
  snapshot_urgent_ = true;
}

void gossip_core::on(const force_leave_request& x) {
  const auto key = key_of(x.name);
  if (members_.find(key) == nullptr || is_self(key)) {
    out_.forced =
      error{errc::not_found, "No node found with name '" + x.name + "'"};
    return;
  }
  const leave_intent intent{key, clock_.increment(), x.prune};
  if (accept(intent))
    spread_intent(key, intent);
  out_.forced = status{ok};
}

// -- being forgotten ----------------------------------------------------------

void gossip_core::tick_reap() {
  if (now_ < next_reap_)
    return;
  next_reap_ = now_ + opts_.reap_interval;
  std::erase_if(early_,
                [this](const auto& x) { return x.second.until <= now_; });
  std::erase_if(pruned_, [this](const auto& x) { return x.second <= now_; });
  std::vector<member_key> old;
  for (const auto& [key, m] : members_) {
    const auto age = now_ - m.since;
    if ((m.state == member_state::dead && age > opts_.reconnect_timeout)
        || (m.state == member_state::left && age > opts_.tombstone_timeout
            && !is_self(key) && !mutant("G06"))) // never forget who left
      old.push_back(key);
  }
  for (const auto& key : old)
    forget(key);
}

void gossip_core::forget(member_key key) {
  report(member_event::kind::reaped, members_.find(key)->facts);
  suspicions_.erase(key);
  coordinates_.erase(key);
  vivaldi_.forget(key);
  members_.erase(key);
}

} // namespace praetor::gossip
