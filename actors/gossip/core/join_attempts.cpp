#include "actors/gossip/core/join_attempts.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace praetor::gossip {

std::string list_errors(const std::vector<std::string>& errors) {
  if (errors.empty())
    return {};
  auto out = std::to_string(errors.size())
             + (errors.size() == 1 ? " error" : " errors") + " occurred:\n";
  for (const auto& x : errors)
    out += "\t* " + x + "\n";
  return out + "\n";
}

// -- join_attempts ------------------------------------------------------------

std::uint64_t join_attempts::start(std::size_t addresses) {
  PRAETOR_ASSERT(addresses > 0);
  attempts_[++last_].unresolved = addresses;
  return last_;
}

std::optional<join_request>
join_attempts::resolved(std::uint64_t id, const std::string& address,
                        const result<std::vector<endpoint>>& x) {
  const auto found = attempts_.find(id);
  if (found == attempts_.end() || found->second.unresolved == 0)
    return std::nullopt;
  auto& it = found->second;
  if (x)
    it.seeds.insert(it.seeds.end(), x->begin(), x->end());
  else
    it.errors.push_back("Failed to resolve " + address + ": "
                        + x.error().context);
  if (--it.unresolved > 0)
    return std::nullopt;
  return join_request{id, std::move(it.seeds)};
}

join_attempts::ended join_attempts::finish(const join_outcome& x) {
  auto it = std::move(attempts_[x.id]);
  attempts_.erase(x.id);
  for (const auto& [peer, why] : x.failures)
    it.errors.push_back("Failed to join " + peer.address + ": " + why);
  return {x.joined, list_errors(it.errors)};
}

// -- retry_plan ---------------------------------------------------------------

std::optional<time_point> retry_plan::failed(bool counted, time_point now) {
  if (counted) {
    ++failures_;
    due_ = now + interval_;
  }
  if (max_ > 0 && failures_ > max_)
    return std::nullopt;
  if (failures_ > 1)
    return due_;
  const auto next = now + pause_;
  pause_ *= 2;
  return std::min(next, *due_);
}

} // namespace praetor::gossip
