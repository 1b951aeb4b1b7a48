#include "actors/raft/core/membership.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace praetor::raft {

const member* membership::find(const peer_id& id) const {
  for (const auto& x : members)
    if (x.id == id)
      return &x;
  return nullptr;
}

bool membership::is_voter(const peer_id& id) const {
  const auto* found = find(id);
  return found != nullptr && found->voter;
}

std::vector<peer_id> membership::voters() const {
  std::vector<peer_id> result;
  for (const auto& x : members)
    if (x.voter)
      result.push_back(x.id);
  std::sort(result.begin(), result.end());
  return result;
}

status check(const membership& x) {
  std::set<peer_id> ids;
  std::set<std::string> addresses;
  if (x.members.size() > members_max)
    return error{errc::invalid_argument, "too many Raft peers"};
  for (const auto& m : x.members) {
    if (m.id.value.empty() || m.address.empty())
      return error{errc::invalid_argument, "a Raft peer lacks id or address"};
    if (!ids.insert(m.id).second)
      return error{errc::invalid_argument,
                   "two Raft peers have the id " + m.id.value};
    if (!addresses.insert(m.address).second)
      return error{errc::invalid_argument,
                   "two Raft peers have the address " + m.address};
  }
  if (x.voters().empty())
    return error{errc::invalid_argument, "no Raft peer is a voter"};
  return ok;
}

std::size_t voters_changed(const membership& a, const membership& b) {
  const auto before = a.voters();
  const auto after = b.voters();
  std::vector<peer_id> changed;
  std::set_symmetric_difference(before.begin(), before.end(), after.begin(),
                                after.end(), std::back_inserter(changed));
  return changed.size();
}

membership_history::membership_history(log_index index, membership base)
  : known_{{index, std::move(base)}} {}

const membership& membership_history::latest() const {
  return known_.rbegin()->second;
}

log_index membership_history::latest_index() const {
  return known_.rbegin()->first;
}

const membership& membership_history::previous() const {
  return known_.size() < 2 ? latest() : std::next(known_.rbegin())->second;
}

std::pair<log_index, const membership*>
membership_history::at(log_index index) const {
  auto found = known_.upper_bound(index);
  if (found != known_.begin())
    --found; // else: the base, the oldest that is known
  return {found->first, &found->second};
}

void membership_history::append(log_index index, membership x) {
  PRAETOR_ASSERT(index > latest_index());
  known_.emplace(index, std::move(x));
}

void membership_history::truncate(log_index from) {
  PRAETOR_ASSERT(from > known_.begin()->first);
  known_.erase(known_.lower_bound(from), known_.end());
}

void membership_history::discard(log_index upto) {
  auto in_force = known_.upper_bound(upto);
  if (in_force == known_.begin())
    return;
  known_.erase(known_.begin(), std::prev(in_force));
}

} // namespace praetor::raft
