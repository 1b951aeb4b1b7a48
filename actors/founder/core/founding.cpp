#include "actors/founder/core/founding.hpp"

#include <algorithm>

namespace praetor::founder {

std::optional<membership> choose_founders(std::vector<server> seen) {
  std::sort(seen.begin(), seen.end(),
            [](const server& a, const server& b) { return a.id < b.id; });
  std::size_t expect = 0;
  for (const auto& x : seen) {
    if (!x.cluster_id.empty())
      return std::nullopt;
    if (x.expect == 0)
      continue;
    if (expect != 0 && x.expect != expect)
      return std::nullopt;
    expect = x.expect;
  }
  std::erase_if(seen, [](const server& x) { return x.expect == 0; });
  if (expect == 0 || seen.size() < expect)
    return std::nullopt;
  membership out;
  for (std::size_t i = 0; i < expect; ++i)
    out.members.push_back({seen[i].id, seen[i].address, true});
  if (!check(out))
    return std::nullopt;
  return out;
}

promise_answer promise_keeper::ask(const promise& x) {
  if (kept_ == x)
    return promise_answer::promised;
  if (has_cluster_)
    return promise_answer::has_cluster;
  if (x.cluster_id.empty() || !check(x.members) || !x.members.is_voter(self_))
    return promise_answer::invalid;
  if (kept_)
    return promise_answer::taken;
  kept_ = x;
  return promise_answer::promised;
}

std::vector<peer_id> founding_round::missing() const {
  std::vector<peer_id> out;
  for (const auto& id : promise_.members.voters())
    if (!promised_.contains(id))
      out.push_back(id);
  return out;
}

void founding_round::answered(const peer_id& from, promise_answer x) {
  if (outcome_ != outcome::pending || !promise_.members.is_voter(from))
    return;
  if (x != promise_answer::promised) {
    outcome_ = outcome::refused;
    return;
  }
  promised_.insert(from);
  if (missing().empty())
    outcome_ = outcome::founded;
}

} // namespace praetor::founder
