// When to compare this node with the catalog. Pure.
//
//   undefined --defined()--> due at once --start--> waiting --succeeded--> due
//                             ^                        |     in 60 to 120 s
//                             +---in 15 to 30 s--------+ failed, or no answer
//
// Source: Consul 1.8, agent/ae/ae.go.

#pragma once

#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>

namespace praetor::agent {

struct sync_intervals {
  /// Full syncs are this far apart, plus a random part of the same size.
  duration regular = std::chrono::seconds{60};
  /// After a failure, likewise.
  duration retry = std::chrono::seconds{15};
  /// How long to wait for the catalog.
  duration patience = std::chrono::seconds{10};
};

/// See the head of the file.
class sync_clock {
public:
  explicit sync_clock(const sync_intervals& intervals)
    : intervals_{intervals} {}

  /// Whether the definitions in files are known. Before, comparing would take
  /// services defined there for strangers.
  bool is_defined() const { return defined_; }
  void set_defined() { defined_ = true; }

  /// Whether the catalog was compared with at least once. Pushing before would
  /// undo what the catalog may decide (tags).
  bool has_compared() const { return compared_; }

  /// Compare as soon as possible, unless that is under way.
  void hurry(time_point now) {
    if (defined_ && !guard_)
      due_ = now;
  }

  /// Something was not pushed: compare soon, unless that is under way.
  void push_failed(time_point now, rng& random) {
    const auto at = later(now, intervals_.retry, random);
    if (due_ && *due_ > at)
      due_ = at;
  }

  bool is_due(time_point now) const { return due_ && *due_ <= now; }

  /// @returns The generation that the answer must carry.
  std::uint64_t start(time_point now) {
    due_.reset();
    guard_ = now + intervals_.patience;
    return ++generation_;
  }

  bool waits_for(std::uint64_t generation) const {
    return guard_ && generation == generation_;
  }

  bool is_overdue(time_point now) const { return guard_ && *guard_ <= now; }

  void succeeded(time_point now, rng& random) {
    guard_.reset();
    compared_ = true;
    due_ = later(now, intervals_.regular, random);
  }

  void failed(time_point now, rng& random) {
    guard_.reset();
    due_ = later(now, intervals_.retry, random);
  }

  std::optional<time_point> next_deadline() const {
    return guard_ ? guard_ : due_;
  }

private:
  static time_point later(time_point now, duration span, rng& random) {
    const auto limit = static_cast<std::uint64_t>(span.count());
    return now + span
           + duration{static_cast<std::int64_t>(random.below(limit))};
  }

  sync_intervals intervals_;
  bool defined_ = false;
  bool compared_ = false;
  std::optional<time_point> due_;
  /// Set while an answer is waited for.
  std::optional<time_point> guard_;
  std::uint64_t generation_ = 0;
};

} // namespace praetor::agent
