// Checkers that watch one property each, without a model of the state.
//
// Pure: they are fed with what clients and nodes do and collect findings. Each
// says at its class what it believes.

#pragma once

#include "tests/sim/check/commands.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::sim {

/// I13: at most one session holds a key; none gets one while a lock-delay runs.
/// Fed in log order with what clients were told.
class lock_observer {
public:
  void created(const kv::session_row& session);
  void acquired(const std::string& key, const std::string& session,
                log_index index, cluster_time ts, moment at);
  void released(const std::string& key);
  void released_below(const std::string& prefix);
  void ended(const std::string& session, cluster_time ts);
  std::vector<finding> take() { return std::exchange(findings_, {}); }

private:
  std::map<std::string, kv::session_row> sessions_;
  std::map<std::string, std::string> holders_;
  std::map<std::string, cluster_time> delayed_until_;
  std::vector<finding> findings_;
};

struct session_limits {
  /// Nodes' clocks may be this much faster or slower, in parts of a million.
  std::int64_t drift_ppm = 50'000;
  /// How long a session may outlive twice its TTL when all is well.
  duration late_max = std::chrono::seconds{40};
};

/// I14: a session with a TTL does not end before its TTL since it was last
/// renewed (counted from when that request was sent), and ends some time after.
class session_observer {
public:
  explicit session_observer(session_limits limits = {}) : limits_{limits} {}

  void created(const kv::session_row& session, moment sent);
  /// A client asked to keep it alive; it may or may not have worked.
  void asked_to_renew(const std::string& session, moment sent);
  /// A client was told that it did.
  void renewed(const std::string& session, moment sent, moment told);
  /// A client asked to end it.
  void asked_to_end(const std::string& session);
  /// It ended through an entry `destroy_session` of a term whose first entry
  /// was applied at `term_began`: a leader's clocks do not run before that.
  void destroyed(const std::string& session, moment at,
                 moment term_began = moment{0});
  /// It ended otherwise.
  void lost(const std::string& session);
  /// These are left, and all has been well since `calm`.
  void finish(const std::vector<std::string>& alive, moment calm, moment now);
  std::vector<finding> take() { return std::exchange(findings_, {}); }

private:
  struct life {
    duration ttl{0};
    /// (sent, told) of renewals that worked.
    std::vector<std::pair<moment, moment>> renewals;
    moment last_asked{0};
    bool may_end = false;
  };

  session_limits limits_;
  std::map<std::string, life> lives_;
  std::vector<finding> findings_;
};

/// I15: for one question to one server the index does not go back, and who
/// waits for more than an index gets more, or waits as long as it said.
class index_observer {
public:
  /// How much of its waiting time a watch may be cut short, in hundredths: the
  /// server's clock may be fast.
  static constexpr std::int64_t early_percent = 20;

  void answered(const operation& op);
  /// A server that starts again may know less than it showed, to those who ask
  /// for stale answers.
  void started(const std::string& server);
  std::vector<finding> take() { return std::exchange(findings_, {}); }

private:
  using question = std::pair<std::string, std::string>;

  /// (returned, highest index so far), by time.
  std::map<question, std::vector<std::pair<moment, log_index>>> seen_;
  std::vector<finding> findings_;
};

/// Stale answers: how long ago the server heard from a leader is not made look
/// better than it is.
class staleness_observer {
public:
  static constexpr duration tolerance = std::chrono::milliseconds{100};

  void heard(const std::string& server, moment now) { heard_[server] = now; }
  void leads(const std::string& server, bool on);
  void started(const std::string& server);
  void answered(const operation& op);
  std::vector<finding> take() { return std::exchange(findings_, {}); }

private:
  std::map<std::string, moment> heard_;
  std::set<std::string> leaders_;
  std::vector<finding> findings_;
};

/// I20: the catalog says of each node what the members' view says.
std::vector<finding>
check_members(const std::map<std::string, bool>& alive,
              const std::map<std::string, std::string>& serf_health,
              moment now);

} // namespace praetor::sim
