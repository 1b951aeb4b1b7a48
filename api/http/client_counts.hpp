// How many connections each client has, and all together. Shared by the
// threads that serve them; asked once when a connection begins and once when
// it ends.

#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace praetor::http {

/// Counts and bounds connections. Thread-safe.
class client_counts {
public:
  /// At most `most` in total, `most_of_one` from one address.
  client_counts(std::size_t most, std::size_t most_of_one)
    : most_{most}, most_of_one_{most_of_one} {}

  /// Counts one more of `client`; false, and nothing is counted, if that would
  /// be too many. "" is whoever comes over a Unix-domain socket: one of the
  /// machine itself, bounded in total only.
  bool enter(const std::string& client) {
    const std::lock_guard guard{mutex_};
    if (total_ >= most_)
      return false;
    auto& count = of_[client];
    if (!client.empty() && count >= most_of_one_) {
      if (count == 0)
        of_.erase(client);
      return false;
    }
    ++count;
    ++total_;
    return true;
  }

  /// @pre `client` has entered.
  void leave(const std::string& client) {
    const std::lock_guard guard{mutex_};
    --total_;
    const auto i = of_.find(client);
    if (--i->second == 0)
      of_.erase(i);
  }

  std::size_t total() const {
    const std::lock_guard guard{mutex_};
    return total_;
  }

private:
  const std::size_t most_;
  const std::size_t most_of_one_;
  mutable std::mutex mutex_;
  std::size_t total_ = 0;
  std::map<std::string, std::size_t> of_;
};

} // namespace praetor::http
