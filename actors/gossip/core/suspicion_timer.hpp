// How long a suspected member may stay silent before it is declared dead.
//
// Pure: no clock, no thread, no I/O. The gossip actor owns one timer for each
// suspected member and schedules its own wake-up at `deadline()`.
//
// Source: "Lifeguard: Local Health Awareness for More Accurate Failure
// Detection" (Dadgar et al.), the dynamic suspicion timeout; the same numbers
// as hashicorp/memberlist, suspicion.go.

#pragma once

#include "actors/gossip/core/types.hpp"
#include "runtime/base/time.hpp"

#include <set>

namespace praetor::gossip {

/// A deadline that moves closer each time another member confirms a suspicion.
///
/// It starts at `timeout_max`, because one accuser may itself be the sick one,
/// and reaches `timeout_min` once `confirmations_wanted` others agree.
///
/// Invariants:
/// - `timeout_min <= deadline() - start <= timeout_max`
/// - `deadline()` never moves later
class suspicion_timer {
public:
  struct options {
    /// Independent accusers, besides the first, that are convincing. Zero means
    /// that nobody else can confirm: the timeout is `timeout_min` at once.
    int confirmations_wanted = 0;

    duration timeout_min{};
    duration timeout_max{};
  };

  /// Starts the timer at `now`.
  /// @param accuser Who suspects first. Its own message, gossiped back to us,
  ///                is not a confirmation.
  /// @pre `0 < timeout_min <= timeout_max` and `confirmations_wanted >= 0`.
  suspicion_timer(member_key accuser, options opts, time_point now);

  /// Records that `from` suspects the member, too.
  /// @returns Whether this was news: false for a known accuser, and for
  ///          everyone once the deadline cannot move any closer. Only news is
  ///          gossiped on.
  bool confirm(member_key from);

  /// When to declare the member dead, unless it refutes before.
  time_point deadline() const;

  /// Independent confirmations so far, at most `confirmations_wanted`.
  int confirmations() const;

private:
  options options_;
  time_point start_;
  std::set<member_key> accusers_;
};

} // namespace praetor::gossip
