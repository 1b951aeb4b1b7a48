// Which session holds which keys, and which keys may not be locked for a while.
//
// Pure. Part of `kv_core`. What is held follows from the entries; a lock-delay
// protects what the former holder may still be doing, and is state of its own.
// Source: Consul, agent/consul/state/delay.go.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/time.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace praetor::kv {

/// See the head of the file.
///
/// Invariant: `until_` and `by_until_` hold the same delays.
class lock_table {
public:
  /// No lock-delay is longer. Source: Consul, structs.MaxLockDelay.
  static constexpr duration delay_max = std::chrono::seconds{60};

  /// Notes that the holder of a key changed; either may be empty.
  void hand_over(const std::string& key, const std::string& from,
                 const std::string& to);

  /// Returns the keys that a session holds, in order.
  std::set<std::string> held_by(std::string_view session) const;

  /// Whether nobody may lock the key yet.
  bool delayed(std::string_view key, cluster_time now) const;

  /// Starts the lock-delay of a key; none if `delay` is not positive.
  void delay(const std::string& key, cluster_time now, duration delay);

  /// Drops the delays that are over.
  void forget_past(cluster_time now);

  std::size_t delay_count() const { return until_.size(); }

  // -- checkpoints ------------------------------------------------------------

  /// Returns the keys whose delay came or went since last asked, with its end
  /// if it is there.
  std::map<std::string, std::optional<cluster_time>> take_changed_delays();

  void load_delay(const std::string& key, cluster_time until);

  void check_invariants() const;

private:
  void set_delay(const std::string& key, cluster_time until);

  std::map<std::string, std::set<std::string>, std::less<>> held_;
  std::map<std::string, cluster_time, std::less<>> until_;
  std::set<std::pair<cluster_time, std::string>> by_until_;
  std::set<std::string> changed_delays_;
};

} // namespace praetor::kv
