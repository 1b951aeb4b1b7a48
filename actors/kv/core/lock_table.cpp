#include "actors/kv/core/lock_table.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>

namespace praetor::kv {

void lock_table::hand_over(const std::string& key, const std::string& from,
                           const std::string& to) {
  if (from == to)
    return;
  if (const auto at = held_.find(from); at != held_.end()) {
    at->second.erase(key);
    if (at->second.empty())
      held_.erase(at);
  }
  if (!to.empty())
    held_[to].insert(key);
}

std::set<std::string> lock_table::held_by(std::string_view session) const {
  const auto at = held_.find(session);
  return at == held_.end() ? std::set<std::string>{} : at->second;
}

bool lock_table::delayed(std::string_view key, cluster_time now) const {
  const auto at = until_.find(key);
  return at != until_.end() && at->second > now;
}

void lock_table::delay(const std::string& key, cluster_time now,
                       duration delay) {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  if (delay <= duration{0})
    return;
  const auto span = ceil<milliseconds>(std::min(delay, delay_max));
  set_delay(key, now + span.count());
}

void lock_table::set_delay(const std::string& key, cluster_time until) {
  const auto [at, fresh] = until_.try_emplace(key, until);
  if (!fresh)
    by_until_.erase({at->second, key});
  at->second = until;
  by_until_.emplace(until, key);
  changed_delays_.insert(key);
}

void lock_table::forget_past(cluster_time now) {
  while (!by_until_.empty() && by_until_.begin()->first <= now) {
    const auto& key = by_until_.begin()->second;
    changed_delays_.insert(key);
    until_.erase(key);
    by_until_.erase(by_until_.begin());
  }
}

std::map<std::string, std::optional<cluster_time>>
lock_table::take_changed_delays() {
  std::map<std::string, std::optional<cluster_time>> out;
  for (const auto& key : std::exchange(changed_delays_, {})) {
    const auto at = until_.find(key);
    out[key] = at == until_.end() ? std::nullopt : std::optional{at->second};
  }
  return out;
}

void lock_table::load_delay(const std::string& key, cluster_time until) {
  set_delay(key, until);
  changed_delays_.erase(key);
}

void lock_table::check_invariants() const {
  PRAETOR_ASSERT(until_.size() == by_until_.size());
  for (const auto& [until, key] : by_until_) {
    const auto at = until_.find(key);
    PRAETOR_ASSERT(at != until_.end());
    PRAETOR_ASSERT(at->second == until);
  }
  for (const auto& [session, keys] : held_) {
    PRAETOR_ASSERT(!session.empty());
    PRAETOR_ASSERT(!keys.empty());
  }
}

} // namespace praetor::kv
