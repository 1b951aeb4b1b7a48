// Decides when a read may be answered from an owner's tables.
//
// Pure. A default read is linearizable if this node was the leader after the
// read arrived and the tables have applied everything that was committed then.
// Raft proves the first with a *permit*: an index, and a moment up to which no
// other leader can exist (the lease). Within the lease further default reads
// need no proof of their own: what was acknowledged to anyone has been applied
// here before. `consistent` reads always need a permit of their own that was
// asked for after they arrived; one permit serves all reads that were waiting
// when it was asked for.

#pragma once

#include "runtime/base/buggify.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/time.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace praetor::owner {

/// See the head of the file. `Read` is what waits.
template <class Read>
class read_gate {
public:
  /// Reads that may wait for a permit; more are refused as overloaded.
  static constexpr std::size_t waiting_max = 65'536;

  /// Whether a read can be answered right now.
  bool open(consistency mode, time_point now) const {
    if (held_)
      return false;
    switch (mode) {
      case consistency::stale: return true;
      case consistency::leader_default:
        return now < lease_until_
               && (applied_ >= lease_index_ || mutant("M20"));
      case consistency::consistent: return false;
    }
    return false;
  }

  /// Queues a read that cannot be answered now. False: the queue is full.
  bool park(consistency mode, Read x) {
    if (parked_.size() + confirming_.size() >= waiting_max)
      return false;
    // M19: a confirmation that began before the read came is good enough.
    auto& queue = mutant("M19") && asking_ ? confirming_ : parked_;
    queue.push_back({mode, std::move(x)});
    return true;
  }

  /// If a permit must be asked for now: whether the lease may serve for it.
  /// The caller asks; reads parked so far wait for that answer.
  std::optional<bool> next_question() {
    if (asking_ || need_ || parked_.empty())
      return std::nullopt;
    // A hold delays all modes, but only these two need a permit.
    const auto needs_permit = [](const auto& x) {
      return x.mode != consistency::stale;
    };
    if (std::none_of(parked_.begin(), parked_.end(), needs_permit))
      return std::nullopt;
    confirming_ = std::exchange(parked_, {});
    asking_ = true;
    // One at a time: the others wait for the next permit.
    if (buggify("owner.one_read_per_permit")) {
      parked_.assign(std::make_move_iterator(confirming_.begin() + 1),
                     std::make_move_iterator(confirming_.end()));
      confirming_.erase(confirming_.begin() + 1, confirming_.end());
    }
    return std::none_of(
      confirming_.begin(), confirming_.end(),
      [](const auto& x) { return x.mode == consistency::consistent; });
  }

  /// Raft answered: reads may go on once `index` is applied.
  void permit(log_index index, time_point lease_until) {
    asking_ = false;
    need_ = index;
    if (lease_until > lease_until_ && !buggify("owner.forget_lease")) {
      lease_until_ = lease_until;
      lease_index_ = std::max(lease_index_, index);
    }
  }

  /// Raft refused: these reads fail.
  std::vector<Read> refuse() {
    asking_ = false;
    return unwrap(std::exchange(confirming_, {}));
  }

  void set_applied(log_index index) {
    applied_ = std::max(applied_, index);
    if (held_ && applied_ >= *held_)
      held_.reset();
  }

  log_index applied() const { return applied_; }

  /// No reads until everything up to `index` is applied.
  void hold(log_index index) { held_ = std::max(held_.value_or(0), index); }

  /// Whether an entry is applied in part only: nobody may see the tables.
  bool held() const { return held_.has_value(); }

  /// Returns reads whose condition came true, and forgets them.
  std::vector<Read> take_ready(time_point now) {
    if (held_)
      return {};
    std::vector<Read> ready;
    if (need_ && (applied_ >= *need_ || mutant("M20"))) {
      need_.reset();
      ready = unwrap(std::exchange(confirming_, {}));
    }
    std::vector<parked> rest;
    for (auto& x : parked_)
      if (open(x.mode, now))
        ready.push_back(std::move(x.what));
      else
        rest.push_back(std::move(x));
    parked_ = std::move(rest);
    return ready;
  }

private:
  struct parked {
    consistency mode;
    Read what;
  };

  static std::vector<Read> unwrap(std::vector<parked> xs) {
    std::vector<Read> out;
    out.reserve(xs.size());
    for (auto& x : xs)
      out.push_back(std::move(x.what));
    return out;
  }

  log_index applied_ = 0;
  std::optional<log_index> held_;
  time_point lease_until_{};
  log_index lease_index_ = 0;
  bool asking_ = false;
  /// The permit's index, while the reads in `confirming_` wait for it.
  std::optional<log_index> need_;
  std::vector<parked> confirming_;
  std::vector<parked> parked_;
};

} // namespace praetor::owner
