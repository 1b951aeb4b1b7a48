// When which check is carried out, and what its outcomes mean. Pure: no clock,
// no I/O. Owned by the health actor.
//
// First runs are spread over the interval, so that a thousand checks that start
// together do not run together. A check is never carried out twice at a time;
// its interval starts when the last run is over.
// Source: Consul 1.8, agent/checks/check.go.

#pragma once

#include "actors/health/messages.hpp"
#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::health {

struct schedule_options {
  /// Of output that is kept; checks may ask for less.
  std::int64_t check_output_max_size = 4096;
  std::uint64_t seed = 0;
};

/// A status and what people read with it.
struct verdict {
  std::string status;
  std::string output;

  friend bool operator==(const verdict&, const verdict&) = default;
};

/// How many results in a row a flip needs. The counters start full, so that the
/// very first result counts at once.
class threshold {
public:
  threshold() = default;
  threshold(std::int64_t successes_needed, std::int64_t failures_needed)
    : successes_needed_{successes_needed},
      failures_needed_{failures_needed},
      successes_{successes_needed},
      failures_{failures_needed} {}

  /// @returns Whether this result counts.
  bool add(const std::string& status);

private:
  std::int64_t successes_needed_ = 0;
  std::int64_t failures_needed_ = 0;
  std::int64_t successes_ = 0;
  std::int64_t failures_ = 0;
};

/// What to carry out now.
struct due_probe {
  /// Chosen here; names the probe.
  std::uint64_t probe = 0;
  check_plan plan;
};

/// See the head of the file.
class check_schedule {
public:
  /// Shorter intervals are raised. Source: Consul, checks.MinInterval.
  static constexpr duration interval_min = std::chrono::seconds{1};

  explicit check_schedule(const schedule_options& options)
    : random_{options.seed}, output_max_{options.check_output_max_size} {}

  /// Schedules a check, in place of the one with its id.
  /// @returns A probe of the old one that is to be canceled.
  std::optional<std::uint64_t> start(const start_check& what, time_point now);

  /// @returns A probe that is to be canceled.
  std::optional<std::uint64_t> stop(const std::string& id);

  void renew(const renew_ttl& what, time_point now);

  /// Takes what is due: probes to carry out, and TTLs that ran out.
  std::pair<std::vector<due_probe>, std::vector<check_result>>
  poll(time_point now);

  /// A probe is over. Nothing if it does not count, or its check is gone.
  std::optional<check_result> finish(std::uint64_t probe, verdict outcome,
                                     time_point now);

  /// When to call `poll` next.
  std::optional<time_point> next_deadline() const;

private:
  struct entry {
    check_plan plan;
    threshold filter;
    /// Of TTL checks, for the text when time runs out.
    std::string last_output;
    /// Unset while a probe is under way, or after a TTL ran out.
    std::optional<time_point> deadline;
    /// 0: none is under way.
    std::uint64_t probe = 0;
  };

  void set_deadline(const std::string& id, entry& x, time_point at);
  void clear_deadline(const std::string& id, entry& x);
  duration interval(const entry& x) const;

  rng random_;
  std::int64_t output_max_;
  std::uint64_t next_probe_ = 1;
  std::map<std::string, entry> entries_;
  std::set<std::pair<time_point, std::string>> by_deadline_;
  std::map<std::uint64_t, std::string> under_way_;
};

} // namespace praetor::health
