// Group commit towards the catalog: changes wait for one round of commands at a
// time, and clients get their answers when the round that carries their change
// is over, whatever became of it. Pure.
//
//   change -> waits for disk and for the next round -> answered
//                                     |
//   round: every dirty entry, one command each, all under way at once
//
// A failed command leaves its entry to the next full sync: an agent without a
// catalog keeps working.

#pragma once

#include "actors/agent/core/catalog_sync.hpp"
#include "runtime/base/reply.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace praetor::agent {

/// See the head of the file.
class push_rounds {
public:
  /// @pre `sync` outlives this object.
  explicit push_rounds(catalog_sync& sync) : sync_{sync} {}

  /// A change was made; `to` is answered once it is stored and, if
  /// `until_pushed`, pushed.
  /// @returns The ticket for `stored`.
  std::uint64_t expect(reply<std::monostate> to, bool until_pushed);

  /// The change is on disk, or the disk failed.
  void stored(std::uint64_t ticket, const status& outcome);

  /// Starts a round, if none runs and something is dirty.
  /// @param guard When to stop waiting for answers.
  /// @returns What to send; nothing if no round starts.
  std::vector<push> start(time_point guard);

  /// The catalog answered command `position` of `round`. Late answers, after
  /// the guard, count for nothing.
  /// @returns The command, if it counted.
  std::optional<push> answered(std::uint64_t round, std::size_t position,
                               bool success);

  /// No round can start for now: whoever waits for one is answered once its
  /// change is on disk.
  void release();

  /// Ends the round if its guard has passed.
  void tick(time_point now);

  /// The number of the latest round.
  std::uint64_t round() const { return round_; }

  /// When `tick` is due.
  std::optional<time_point> guard() const { return guard_; }

  /// Whether a command failed since last asked.
  bool take_failure();

private:
  struct pending {
    reply<std::monostate> to;
    bool on_disk = false;
    /// Answered when this round is over.
    std::uint64_t round = 0;
  };

  void finish();
  void answer_ready();

  catalog_sync& sync_;
  std::uint64_t round_ = 0;
  bool failed_ = false;
  /// Set while a round runs.
  std::optional<time_point> guard_;
  /// Of the running round, by position.
  std::map<std::size_t, push> under_way_;
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, pending> pending_;
};

} // namespace praetor::agent
