#include "actors/leader/core/session_clock.hpp"

#include "runtime/base/assert.hpp"

namespace praetor::leader {

void session_clock::follow(const ttls& sessions, time_point now) {
  std::set<std::string> seen;
  for (const auto& [id, ttl] : sessions) {
    seen.insert(id);
    if (!clocks_.contains(id))
      set(id, ttl, now + ttl * grace_factor);
  }
  std::vector<std::string> gone;
  for (const auto& [id, x] : clocks_)
    if (!seen.contains(id))
      gone.push_back(id);
  for (const auto& id : gone)
    forget(id);
}

bool session_clock::renew(const std::string& id, time_point now) {
  const auto at = clocks_.find(id);
  if (at == clocks_.end())
    return false;
  const auto ttl = at->second.ttl;
  set(id, ttl, now + ttl * grace_factor);
  return true;
}

std::vector<std::string> session_clock::expire(time_point now) {
  std::vector<std::string> expired;
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
    const auto id = by_deadline_.begin()->second;
    set(id, clocks_.at(id).ttl, now + retry_after);
    expired.push_back(id);
  }
  return expired;
}

std::optional<time_point> session_clock::next_deadline() const {
  if (by_deadline_.empty())
    return std::nullopt;
  return by_deadline_.begin()->first;
}

void session_clock::set(const std::string& id, duration ttl,
                        time_point deadline) {
  forget(id);
  clocks_.emplace(id, entry{ttl, deadline});
  by_deadline_.emplace(deadline, id);
  PRAETOR_ASSERT(clocks_.size() == by_deadline_.size());
}

void session_clock::forget(const std::string& id) {
  const auto at = clocks_.find(id);
  if (at == clocks_.end())
    return;
  by_deadline_.erase({at->second.deadline, id});
  clocks_.erase(at);
}

} // namespace praetor::leader
