#include "actors/gossip/core/broadcast_queue.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

namespace praetor::gossip {

namespace {

constexpr auto classes = {urgency::own_claim, urgency::claim, urgency::intent,
                          urgency::event};

} // namespace

void broadcast_queue::push(urgency how, subject about, std::string bytes) {
  if (const auto old = subjects_.find(about); old != subjects_.end())
    drop(pieces_.find(old->second));
  const rank place{how, 0,
                   std::numeric_limits<std::size_t>::max() - bytes.size(),
                   next_age_--};
  bytes_ += bytes.size();
  ++sizes_.at(static_cast<std::size_t>(how));
  if (about.second != member_key{})
    subjects_[about] = place;
  pieces_.emplace(place, piece{about, std::move(bytes)});
}

std::vector<std::string>
broadcast_queue::take(std::size_t room, std::size_t overhead, int limit) {
  std::vector<std::string> out;
  std::vector<pieces::iterator> taken;
  for (auto it = pieces_.begin(); it != pieces_.end() && room > overhead;
       ++it) {
    const auto cost = it->second.bytes.size() + overhead;
    if (cost > room)
      continue;
    room -= cost;
    out.push_back(it->second.bytes);
    taken.push_back(it);
  }
  for (const auto it : taken) {
    if (it->first.transmissions + 1 >= limit) {
      drop(it);
      continue;
    }
    auto moved = pieces_.extract(it);
    ++moved.key().transmissions;
    if (moved.mapped().about.second != member_key{})
      subjects_[moved.mapped().about] = moved.key();
    pieces_.insert(std::move(moved));
  }
  return out;
}

void broadcast_queue::prune(std::size_t members) {
  const auto most = std::max(class_min, 2 * members);
  for (const auto how : classes) {
    while (size(how) > most) {
      const auto behind =
        how == urgency::event
          ? pieces_.end()
          : pieces_.lower_bound(
            {static_cast<urgency>(static_cast<int>(how) + 1), 0, 0, 0});
      drop(std::prev(behind));
    }
  }
}

void broadcast_queue::drop(pieces::iterator at) {
  PRAETOR_ASSERT(at != pieces_.end());
  bytes_ -= at->second.bytes.size();
  --sizes_.at(static_cast<std::size_t>(at->first.how));
  if (at->second.about.second != member_key{})
    subjects_.erase(at->second.about);
  pieces_.erase(at);
}

} // namespace praetor::gossip
