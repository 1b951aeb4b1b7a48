// Who takes part in Raft, and the history of it in the log.
//
// Pure. A membership takes effect when its entry is appended, not when it
// commits, and is undone when the entry is truncated; so the newest one must
// always be found again among what is left of the log.
//
// Source: Ongaro's dissertation, 4.1 (single-server changes), and his note of
// 2015 on the bug in it (raft-dev, "bug in single-server membership changes").

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"

#include <map>
#include <string>
#include <vector>

namespace praetor::raft {

/// One server.
struct member {
  peer_id id;
  /// Where it was last; gossip may know better.
  std::string address;
  /// Learners (false) receive the log, and count for nothing.
  bool voter = true;

  friend bool operator==(const member&, const member&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, member& x) {
    return f(x.id, x.address, x.voter);
  }
};

/// The servers of a cluster: the payload of an entry of kind `config`.
struct membership {
  std::vector<member> members;

  friend bool operator==(const membership&, const membership&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, membership& x) {
    return f(x.members);
  }

  /// Returns the member, or null.
  const member* find(const peer_id& id) const;

  bool is_voter(const peer_id& id) const;

  /// Returns the ids of all voters, sorted.
  std::vector<peer_id> voters() const;
};

/// How many servers a cluster can have: far beyond what makes sense.
inline constexpr std::size_t members_max = 64;

/// Errors: invalid_argument if there is no voter, or an id or address is empty
/// or appears twice, or there are more than `members_max`.
status check(const membership& x);

/// Returns how many voters differ; at most one may, so that any majority of
/// `a` meets any majority of `b`.
std::size_t voters_changed(const membership& a, const membership& b);

/// All memberships that the log and the checkpoint before it know.
///
/// Invariant: the base's index is below every other.
class membership_history {
public:
  membership_history() = default;

  /// Starts with what the checkpoint knows.
  membership_history(log_index index, membership base);

  const membership& latest() const;

  /// Returns the index of the latest one, 0 if there never was any.
  log_index latest_index() const;

  /// Returns the one before the latest, or the latest if it is the only one.
  const membership& previous() const;

  /// Returns the newest one at or before `index`, or the base, and its index.
  std::pair<log_index, const membership*> at(log_index index) const;

  /// @pre `index > latest_index()`.
  void append(log_index index, membership x);

  /// Forgets those from `from` on, however many.
  void truncate(log_index from);

  /// Forgets those before the one in force at `upto`.
  void discard(log_index upto);

private:
  std::map<log_index, membership> known_{{0, {}}};
};

} // namespace praetor::raft
