// Which sessions run out, and when.
//
// Pure. Owned by the leader actor, which lives for one term: clocks start anew
// with each leader, so no session ends before its TTL, whoever leads.

#pragma once

#include "runtime/base/time.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::leader {

/// The clocks of all sessions that have a TTL.
///
/// Invariant: `clocks_` and `by_deadline_` hold the same sessions and
/// deadlines.
class session_clock {
public:
  /// A clock runs this many TTLs, which forgives slow networks; the contract is
  /// only that no session ends before its TTL.
  /// Source: Consul, structs.SessionTTLMultiplier.
  static constexpr int grace_factor = 2;

  /// A session whose end could not be written is ended again after this.
  static constexpr duration retry_after = std::chrono::seconds{5};

  using ttls = std::vector<std::pair<std::string, duration>>;

  /// Takes over the list of sessions: new ones start, missing ones are
  /// forgotten, known ones run on.
  void follow(const ttls& sessions, time_point now);

  /// Starts a session's clock anew. False: it has none (yet), or is ending.
  bool renew(const std::string& id, time_point now);

  /// Whether `expire` returned the session: it cannot be kept alive any more,
  /// although it still exists.
  bool ending(const std::string& id) const;

  /// Returns the sessions whose time is up, ordered by deadline, then id. They
  /// come again after `retry_after` unless `follow` forgets them.
  std::vector<std::string> expire(time_point now);

  /// When to call `expire` next.
  std::optional<time_point> next_deadline() const;

private:
  struct entry {
    duration ttl{0};
    time_point deadline;
    bool ending = false;
  };

  void set(const std::string& id, entry x);
  void forget(const std::string& id);

  std::map<std::string, entry> clocks_;
  std::set<std::pair<time_point, std::string>> by_deadline_;
};

} // namespace praetor::leader
