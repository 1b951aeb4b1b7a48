// What can be asked of health, which carries out this node's checks.

#pragma once

#include "actors/catalog/core/rows.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <string>

namespace praetor::health {

/// A check as its registration describes it.
struct check_plan {
  /// Unique on the node.
  std::string id;
  std::string name;
  std::string notes;
  /// Initial status; empty is critical.
  std::string status;
  /// Empty: a check of the node.
  std::string service_id;
  /// What to do and how often. `ttl`, `http`, `tcp`, `script_args`,
  /// `alias_service`/`alias_node`: exactly one is set.
  catalog::check_definition_row how;
  /// Consecutive results that a flip needs; 0 and 1 are at once.
  std::int64_t success_before_passing = 0;
  std::int64_t failures_before_critical = 0;
  std::string token;

  friend bool operator==(const check_plan&, const check_plan&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, check_plan& x) {
    return f(x.id, x.name, x.notes, x.status, x.service_id, x.how,
             x.success_before_passing, x.failures_before_critical, x.token);
  }
};

/// Start carrying out a check, instead of the one with this id.
struct start_check {
  using is_message = void;
  check_plan plan;
  /// For TTL checks: time left when the node restarts; zero: the whole TTL.
  duration ttl_left{0};
};

/// Stop carrying out a check.
struct stop_check {
  using is_message = void;
  std::string id;
};

/// The application reported its own status: start the TTL anew.
struct renew_ttl {
  using is_message = void;
  std::string id;
  std::string output;
};

/// Sent to the agent: a result that counts (thresholds are passed).
struct check_result {
  using is_message = void;
  std::string id;
  std::string status;
  std::string output;
};

} // namespace praetor::health
