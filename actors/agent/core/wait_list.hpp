// Questions that wait for a change, with deadlines. Pure.

#pragma once

#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace praetor::agent {

/// How long a question may wait; asked for 0, the default. Source: Consul 1.8,
/// agent_endpoint.go (5 min), event_endpoint.go (10 min), both at most 10 min.
inline constexpr duration wait_max = std::chrono::minutes{10};

inline duration wait_span(duration asked, duration by_default) {
  return asked <= duration::zero() ? by_default : std::min(asked, wait_max);
}

/// Waiting questions. `Question` has a `watch_id`.
template <class Question>
class wait_list {
public:
  /// More are refused, so that idle clients cannot fill the memory.
  static constexpr std::size_t questions_max = 10000;

  /// @returns Whether there was room.
  bool add(Question x, time_point deadline) {
    if (waits_.size() == questions_max)
      return false;
    waits_.emplace_back(deadline, std::move(x));
    return true;
  }

  void forget(std::uint64_t watch_id) {
    std::erase_if(waits_, [watch_id](const auto& x) {
      return x.second.watch_id == watch_id;
    });
  }

  /// Removes and returns those that `ready` accepts or whose time is up.
  template <class Ready>
  std::vector<Question> take(time_point now, Ready ready) {
    std::vector<Question> out;
    auto kept = waits_.begin();
    for (auto& x : waits_) {
      if (x.first <= now || ready(std::as_const(x.second)))
        out.push_back(std::move(x.second));
      else
        *kept++ = std::move(x);
    }
    waits_.erase(kept, waits_.end());
    return out;
  }

  std::optional<time_point> next_deadline() const {
    std::optional<time_point> out;
    for (const auto& x : waits_)
      if (!out || x.first < *out)
        out = x.first;
    return out;
  }

private:
  std::vector<std::pair<time_point, Question>> waits_;
};

} // namespace praetor::agent
