// Makes a disk's operations take time: what is asked goes through a lane in
// which one operation is under way and the others wait, as they would for a
// thread that blocks. All that wait when an operation begins become part of it,
// as in a real group commit.
//
// An operation touches the disk in the moment in which it ends. A crash before
// that loses it, or, as luck decides, keeps the first so many of what was
// asked: the order of writes is never changed.

#pragma once

#include "runtime/base/rng.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/check/harness.hpp"
#include "tests/sim/node_disk.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace praetor::sim {

class slow_lane {
public:
  struct job {
    /// Hands it to the storage actor.
    std::function<void()> perform;
    /// Does it behind everybody's back; empty: it changes nothing.
    std::function<void()> keep;
    /// Raft's number of a write.
    std::uint64_t token = 0;
  };

  /// Operations take `factor` times as long as the disk says; `count` is told
  /// of each that is done.
  /// @pre `events`, `now` and `d` outlive the lane.
  slow_lane(agenda& events, const moment& now, node_disk& d,
            std::int64_t factor, std::function<void()> count)
    : events_{events},
      now_{now},
      disk_{d},
      factor_{factor},
      count_{std::move(count)} {}

  void add(job x) {
    waiting_.push_back(std::move(x));
    pump();
  }

  /// The storage actor has done what it was handed.
  void finished() {
    handed_ = false;
    busy_ = false;
    group_.clear();
    count_();
    pump();
  }

  /// It has done those up to this token.
  void finished_upto(std::uint64_t token) {
    while (!group_.empty() && group_.front().token <= token)
      group_.pop_front();
  }

  /// The disk hangs no more.
  void wake() { pump(); }

  /// The process is gone: keeps some of what was under way.
  void crash(rng& luck, bool keep_all) {
    for (auto& x : waiting_)
      group_.push_back(std::move(x));
    const auto kept = keep_all ? group_.size() : luck.below(group_.size() + 1);
    if (!handed_ || harness_mutant("H4"))
      for (std::size_t i = 0; i < kept; ++i)
        if (group_[i].keep)
          group_[i].keep();
    alive_.reset();
  }

  std::size_t size() const { return waiting_.size() + group_.size(); }

private:
  void pump() {
    if (busy_ || waiting_.empty())
      return;
    const auto end = disk_.ends(now_, factor_);
    if (!end)
      return;
    busy_ = true;
    group_ = std::exchange(waiting_, {});
    events_.add(*end, [this, life = std::weak_ptr<int>{alive_}] {
      if (!life.expired())
        perform();
    });
  }

  void perform() {
    if (disk_.hanging()) {
      // Began to hang meanwhile: as if it had never begun.
      busy_ = false;
      for (auto& x : std::exchange(waiting_, {}))
        group_.push_back(std::move(x));
      waiting_ = std::exchange(group_, {});
      return;
    }
    handed_ = true;
    bool answered = false;
    for (auto& x : group_) {
      x.perform();
      answered = answered || x.keep;
    }
    if (!answered)
      finished();
  }

  agenda& events_;
  const moment& now_;
  node_disk& disk_;
  std::int64_t factor_;
  std::function<void()> count_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  bool busy_ = false;
  /// The storage actor has the group.
  bool handed_ = false;
  std::deque<job> waiting_;
  std::deque<job> group_;
};

} // namespace praetor::sim
