// The Raft log as the core sees it: every term, and the newest entries.
//
// Pure. What is durable is the storage's business. Entries that are applied and
// older than the cache's bounds are dropped from memory; their terms and sizes
// stay, so every question but `at` can be answered for the whole log. There is
// no second cache that could keep a truncated suffix.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/log_batch.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace praetor::raft {

/// How much of the log something may hold.
struct log_limit {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};

/// Returns what an entry weighs against limits: its payload and a little.
std::uint64_t weight(const log_entry& x);

/// A name of one entry and all before it.
struct log_position {
  log_index index = 0;
  log_term term = 0;

  friend bool operator==(const log_position&, const log_position&) = default;
};

/// See the head of the file.
///
/// Invariants:
/// - indexes are contiguous: `start().index + 1` to `last()`
/// - terms never fall
/// - entries not in memory are older than those that are
class raft_log {
public:
  /// `ts` is a time that no new entry may be older than.
  /// @pre `entries` are contiguous behind `start`.
  explicit raft_log(log_start start, const std::vector<entry_ptr>& entries = {},
                    cluster_time ts = 0);

  /// Returns the position that the log begins behind.
  log_start start() const { return start_; }

  log_index last() const { return start_.index + slots_.size(); }

  log_term last_term() const { return terms_.rbegin()->second; }

  /// Returns the time stamp of the newest entry, or of what came before all.
  cluster_time last_ts() const { return last_ts_; }

  /// Returns the term at `index`: nothing before the start and after the end.
  std::optional<log_term> term(log_index index) const;

  /// Whether a log that ends at `other` may become the leader's over this one.
  bool up_to_date(log_position other) const;

  /// Returns the last index up to `index` whose term is at most `term`, or the
  /// start. Both sides of a reject use it to skip whole terms.
  log_index last_not_above(log_index index, log_term term) const;

  /// Returns the weight of all entries, in memory or not.
  std::uint64_t bytes() const { return bytes_; }

  /// Whether `at(index)` may be asked.
  bool in_memory(log_index index) const;

  /// @pre `in_memory(index)`.
  const entry_ptr& at(log_index index) const;

  /// Returns entries from `from` on, at least one if there is any, then as many
  /// as `limit` allows.
  /// @pre `from > last()` or `in_memory(from)`.
  std::vector<entry_ptr> slice(log_index from, log_limit limit) const;

  /// @pre `x` comes right behind the last, and its term is not lower.
  void append(entry_ptr x);

  /// Removes the entries from `from` on.
  void truncate(log_index from);

  /// Returns up to where the front may go if everything up to `covered` is in a
  /// checkpoint and `keep` entries and bytes shall stay behind it.
  log_index discardable(log_index covered, log_limit keep) const;

  /// Removes the entries up to and including `upto`.
  void discard(log_index upto);

  /// Forgets everything; the log goes on behind `start`, whose time is `ts`.
  void restart(log_start start, cluster_time ts);

  /// Drops from memory what is applied and exceeds `keep`, oldest first.
  void trim(log_index applied, log_limit keep);

private:
  struct slot {
    entry_ptr entry; // null: not in memory
    std::uint64_t weight = 0;
  };

  const slot& slot_at(log_index index) const;
  void forget(slot& x);

  log_start start_;
  std::deque<slot> slots_;

  /// First index of each term, the start included.
  std::map<log_index, log_term> terms_;

  /// The first index in memory, `last() + 1` if none.
  log_index memory_first_ = 1;

  /// Total weight of all entries, and of those in memory.
  std::uint64_t bytes_ = 0;
  std::uint64_t memory_bytes_ = 0;

  cluster_time last_ts_ = 0;

  /// What `last_ts` is at least, whatever is truncated: the time of entries
  /// that are no longer in memory.
  cluster_time base_ts_ = 0;
};

} // namespace praetor::raft
