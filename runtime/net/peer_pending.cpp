#include "runtime/net/peer_pending.hpp"

#include <algorithm>

namespace praetor::net {

void peer_pending::add(std::uint64_t number, time_point deadline,
                       reply<std::string> to) {
  next_ = std::min(next_, deadline);
  all_.emplace(number, entry{std::move(to), deadline, {}});
}

bool peer_pending::add_part(std::uint64_t number, const std::string& part,
                            std::size_t bytes_max) {
  const auto i = all_.find(number);
  if (i == all_.end())
    return true;
  if (i->second.parts.size() + part.size() > bytes_max)
    return false;
  i->second.parts += part;
  return true;
}

void peer_pending::complete(std::uint64_t number, result<std::string> x) {
  const auto i = all_.find(number);
  if (i == all_.end())
    return;
  auto it = std::move(i->second);
  all_.erase(i);
  if (x && !it.parts.empty())
    x = std::move(it.parts += *x);
  it.to.complete(std::move(x));
}

std::optional<reply<std::string>> peer_pending::take(std::uint64_t number) {
  const auto i = all_.find(number);
  if (i == all_.end())
    return {};
  auto out = std::move(i->second.to);
  all_.erase(i);
  return out;
}

std::vector<peer_pending::numbered> peer_pending::take_expired(time_point now) {
  std::vector<numbered> out;
  next_ = time_point::max();
  for (auto i = all_.begin(); i != all_.end();) {
    if (i->second.deadline <= now) {
      out.emplace_back(i->first, std::move(i->second.to));
      i = all_.erase(i);
    } else {
      next_ = std::min(next_, i->second.deadline);
      ++i;
    }
  }
  return out;
}

void peer_pending::fail_all(const error& why) {
  next_ = time_point::max();
  for (const auto& [number, x] : std::exchange(all_, {}))
    x.to.complete(why);
}

} // namespace praetor::net
