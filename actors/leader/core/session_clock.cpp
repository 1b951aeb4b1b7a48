#include "actors/leader/core/session_clock.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"

namespace praetor::leader {

namespace {

/// How long a clock runs.
duration span_of(duration ttl) {
  const auto span = ttl * session_clock::grace_factor;
  return buggify("leader.patient_clock") ? span + ttl / 4 : span;
}

} // namespace

void session_clock::follow(const ttls& sessions, time_point now) {
  // F07: a new leader's clocks do not start anew.
  const auto old = mutant("F07") && clocks_.empty();
  std::set<std::string> seen;
  for (const auto& [id, ttl] : sessions) {
    seen.insert(id);
    if (!clocks_.contains(id))
      set(id, {ttl, now + (old ? duration{0} : span_of(ttl))});
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
  if (at == clocks_.end() || at->second.ending)
    return false;
  const auto ttl = at->second.ttl;
  set(id, {ttl, now + span_of(ttl)});
  return true;
}

bool session_clock::ending(const std::string& id) const {
  const auto at = clocks_.find(id);
  return at != clocks_.end() && at->second.ending;
}

std::vector<std::string> session_clock::expire(time_point now) {
  std::vector<std::string> expired;
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
    const auto id = by_deadline_.begin()->second;
    set(id, {clocks_.at(id).ttl, now + retry_after, true});
    expired.push_back(id);
    if (buggify("leader.one_end_at_a_time"))
      break;
  }
  return expired;
}

std::optional<time_point> session_clock::next_deadline() const {
  if (by_deadline_.empty())
    return std::nullopt;
  return by_deadline_.begin()->first;
}

void session_clock::set(const std::string& id, entry x) {
  forget(id);
  clocks_.emplace(id, x);
  by_deadline_.emplace(x.deadline, id);
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
