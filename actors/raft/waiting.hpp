// Requests that wait for a leader or for the disk. Owned by the raft actor.

#pragma once

#include "actors/raft/core/log.hpp"
#include "actors/raft/messages.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace praetor::raft {

/// Proposals in the order in which they came, bounded in number and bytes.
class proposal_queue {
public:
  explicit proposal_queue(log_limit max) : max_{max} {}

  bool empty() const { return items_.empty(); }

  /// Adds a proposal, or answers it with errc::overloaded.
  void push(propose x, time_point deadline) {
    if (items_.size() >= max_.entries || bytes_ + x.payload.size() > max_.bytes)
      return x.to.complete(
        error{errc::overloaded, "too many commands wait for the log"});
    bytes_ += x.payload.size();
    items_.push_back({std::move(x), deadline});
  }

  /// Removes the oldest: at least one, then as many as `limit` allows.
  std::vector<propose> take(log_limit limit) {
    std::vector<propose> result;
    std::uint64_t bytes = 0;
    while (!items_.empty() && result.size() < limit.entries) {
      bytes += items_.front().ask.payload.size();
      if (!result.empty() && bytes > limit.bytes)
        break;
      result.push_back(pop());
    }
    return result;
  }

  void fail_all(const error& why) {
    while (!items_.empty())
      pop().to.complete(why);
  }

  /// Answers those whose time is over.
  void expire(time_point now, const error& why) {
    while (!items_.empty() && items_.front().deadline <= now)
      pop().to.complete(why);
  }

  /// @pre `!empty()`.
  time_point next_deadline() const { return items_.front().deadline; }

private:
  struct item {
    propose ask;
    time_point deadline;
  };

  propose pop() {
    auto x = std::move(items_.front().ask);
    items_.pop_front();
    bytes_ -= x.payload.size();
    return x;
  }

  log_limit max_;
  std::deque<item> items_;
  std::uint64_t bytes_ = 0;
};

/// A read that no leader could confirm yet.
struct waiting_for_leader {
  confirm_read ask;
  time_point deadline;
  time_point retry_at;
};

} // namespace praetor::raft
