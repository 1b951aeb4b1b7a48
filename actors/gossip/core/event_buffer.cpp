#include "actors/gossip/core/event_buffer.hpp"

#include <algorithm>
#include <utility>

namespace praetor::gossip {

namespace {

std::uint64_t hash_of_event(const user_event& x) {
  return mix(mix(hash_of(x.name), hash_of(x.payload)), x.ltime);
}

} // namespace

user_event event_buffer::fire(std::string name, std::string payload) {
  user_event x{clock_.increment(), std::move(name), std::move(payload)};
  remember(x);
  return x;
}

bool event_buffer::accept(const user_event& x) {
  if (!clock_.plausible(x.ltime))
    return false;
  clock_.witness(x.ltime);
  if (clock_.time() - x.ltime > window)
    return false;
  // Old ones are remembered, too, or peers would offer them again and again.
  return remember(x) && x.ltime >= min_time_;
}

void event_buffer::ignore_upto(std::uint64_t time) {
  if (clock_.plausible(time))
    min_time_ = std::max(min_time_, time + 1);
}

void event_buffer::witness(std::uint64_t time) {
  // The other's clock shows what happened already, or one more.
  if (time > 0 && clock_.plausible(time))
    clock_.witness(time - 1);
}

std::vector<user_event> event_buffer::recent() const {
  std::vector<user_event> out;
  std::size_t bytes = 0;
  for (const auto& s : slots_)
    for (const auto& x : s.events) {
      bytes += x.name.size() + x.payload.size();
      if (bytes > recent_bytes_max)
        return out;
      out.push_back(x);
    }
  return out;
}

bool event_buffer::remember(const user_event& x) {
  auto& s = slots_.at(x.ltime % window);
  if (s.ltime > x.ltime && !s.events.empty())
    return false;
  if (s.ltime != x.ltime) {
    for (const auto& old : s.events)
      hash_ ^= hash_of_event(old);
    s.events.clear();
    s.ltime = x.ltime;
  }
  if (s.events.size() >= at_once_max
      || std::find(s.events.begin(), s.events.end(), x) != s.events.end())
    return false;
  s.events.push_back(x);
  hash_ ^= hash_of_event(x);
  return true;
}

} // namespace praetor::gossip
