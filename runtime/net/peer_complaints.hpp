// Says who was complained about lately, so that a log has one line a minute for
// each and not thousands. Memory is bounded. Pure.

#pragma once

#include "runtime/base/time.hpp"

#include <map>
#include <string>

namespace praetor::net {

/// See the head of the file.
class peer_complaints {
public:
  /// Complaints about more than so many are dropped.
  static constexpr std::size_t subjects_max = 1024;

  explicit peer_complaints(duration every) : every_{every} {}

  /// Whether to complain about `subject` now; if so, that is remembered.
  bool allow(const std::string& subject, time_point now) {
    const auto i = last_.find(subject);
    if (i != last_.end() && now - i->second < every_)
      return false;
    if (i == last_.end() && last_.size() >= subjects_max) {
      std::erase_if(
        last_, [this, now](const auto& x) { return now - x.second >= every_; });
      if (last_.size() >= subjects_max)
        return false;
    }
    last_[subject] = now;
    return true;
  }

private:
  duration every_;
  std::map<std::string, time_point> last_;
};

} // namespace praetor::net
