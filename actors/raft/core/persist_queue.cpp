#include "actors/raft/core/persist_queue.hpp"

#include <algorithm>

namespace praetor::raft {

std::uint64_t persist_queue::issue(std::optional<log_index> from, bool hard,
                                   time_point now) {
  waiting_.push_back({++last_, from, now});
  if (hard)
    hard_ = last_;
  return last_;
}

bool persist_queue::complete(std::uint64_t token) {
  if (token <= done_ || token > last_)
    return false;
  while (!waiting_.empty() && waiting_.front().token <= token)
    waiting_.pop_front();
  done_ = token;
  return true;
}

log_index persist_queue::durable(log_index last) const {
  auto result = last;
  for (const auto& x : waiting_)
    if (x.from)
      result = std::min(result, *x.from - 1);
  return result;
}

std::optional<time_point> persist_queue::oldest() const {
  if (waiting_.empty())
    return std::nullopt;
  return waiting_.front().issued;
}

} // namespace praetor::raft
