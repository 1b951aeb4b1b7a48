#include "actors/gossip/core/member_table.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace praetor::gossip {

member* member_table::find(member_key key) {
  const auto found = members_.find(key);
  return found == members_.end() ? nullptr : &found->second;
}

const member* member_table::find(member_key key) const {
  const auto found = members_.find(key);
  return found == members_.end() ? nullptr : &found->second;
}

member& member_table::add(member_key key, member x, rng& random) {
  const auto [it, fresh] = members_.emplace(key, std::move(x));
  PRAETOR_ASSERT(fresh);
  ++counts_.at(static_cast<std::size_t>(it->second.state));
  const auto place = random.below(ring_.size() + 1);
  ring_.insert(ring_.begin() + static_cast<std::ptrdiff_t>(place), key);
  if (place < position_)
    ++position_;
  return it->second;
}

void member_table::add_all(const std::vector<std::pair<member_key, member>>& xs,
                           rng& random) {
  const auto before = members_.size();
  for (const auto& [key, x] : xs) {
    members_.emplace_hint(members_.end(), key, x);
    ++counts_.at(static_cast<std::size_t>(x.state));
    ring_.push_back(key);
  }
  PRAETOR_ASSERT(members_.size() == before + xs.size());
  shuffle(random);
}

void member_table::erase(member_key key) {
  const auto found = members_.find(key);
  PRAETOR_ASSERT(found != members_.end());
  --counts_.at(static_cast<std::size_t>(found->second.state));
  members_.erase(found);
  const auto place = std::find(ring_.begin(), ring_.end(), key);
  if (static_cast<std::size_t>(place - ring_.begin()) < position_)
    --position_;
  ring_.erase(place);
}

void member_table::change_state(member& x, member_state to, time_point now) {
  --counts_.at(static_cast<std::size_t>(x.state));
  ++counts_.at(static_cast<std::size_t>(to));
  x.state = to;
  x.since = now;
}

std::optional<member_key> member_table::next(const predicate& fits,
                                             rng& random) {
  // The rest of this lap and a whole one: each member is looked at.
  for (std::size_t seen = 0; seen < 2 * ring_.size(); ++seen) {
    if (position_ >= ring_.size()) {
      shuffle(random);
      position_ = 0;
    }
    const auto key = ring_[position_++];
    if (fits(key, members_.at(key)))
      return key;
  }
  return std::nullopt;
}

std::vector<member_key> member_table::choose(std::size_t count,
                                             const predicate& fits,
                                             rng& random) const {
  std::vector<member_key> out;
  const auto consider = [this, &out, &fits](member_key key) {
    if (std::find(out.begin(), out.end(), key) == out.end()
        && fits(key, members_.at(key)))
      out.push_back(key);
  };
  if (ring_.empty() || count == 0)
    return out;
  // A few throws of the dice do in most pools.
  for (std::size_t i = 0; i < 8 + 3 * count && out.size() < count; ++i)
    consider(ring_[random.below(ring_.size())]);
  const auto start = random.below(ring_.size());
  for (std::size_t i = 0; i < ring_.size() && out.size() < count; ++i)
    consider(ring_[(start + i) % ring_.size()]);
  return out;
}

void member_table::check_invariants() const {
  PRAETOR_ASSERT(ring_.size() == members_.size());
  PRAETOR_ASSERT(counts_[0] + counts_[1] + counts_[2] + counts_[3]
                 == members_.size());
  PRAETOR_ASSERT(position_ <= ring_.size());
}

void member_table::shuffle(rng& random) {
  for (auto i = ring_.size(); i > 1; --i)
    std::swap(ring_[i - 1], ring_[random.below(i)]);
}

} // namespace praetor::gossip
