// I16: who waits for a change is woken soon after the server has applied it.
//
// Pure. Looks at waiting reads of keys, prefixes and sessions, whose answers'
// indexes move exactly when the model says so. A stale read waits at the
// server that was asked; other reads only count while that server leads, and
// if the change was committed after they came.

#pragma once

#include "tests/sim/check/history.hpp"
#include "tests/sim/check/model.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace praetor::sim {

/// What servers did, as far as watches care.
class server_lives {
public:
  void started(const std::string& server, moment now);
  void leads(const std::string& server, bool on, moment now);
  void applied(const std::string& server, log_index index, moment now);

  /// When the server had applied `index`, in the life that began last before
  /// `until`; nothing if it had not, or died in between.
  std::optional<moment> when_applied(const std::string& server, log_index index,
                                     moment until) const;

  /// Whether the server ran (and led, if asked) all the time.
  bool ran(const std::string& server, moment from, moment to,
           bool leading) const;

private:
  struct record {
    std::vector<moment> starts;
    std::vector<std::pair<moment, bool>> leadership;
    /// By time; the index never falls within one life.
    std::vector<std::pair<moment, log_index>> applied;
  };

  std::map<std::string, record> all_;
};

struct watch_limits {
  /// From the moment that the server could know.
  duration wake_max = std::chrono::seconds{1};
  /// Reads that need a majority are judged from here on: before, a leader may
  /// not reach one, and not know that yet.
  moment calm{0};
};

std::vector<finding> check_watches(const history& clients, const model& state,
                                   const server_lives& servers, moment now,
                                   watch_limits limits = {});

} // namespace praetor::sim
