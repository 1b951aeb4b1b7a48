// What Raft asks storage to make durable: hard state, entries, cuts. Shared by
// the Raft core, which decides, and the log store, which writes.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/log_entry.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace praetor {

/// Entries are shared by Raft, storage and state, never copied.
using entry_ptr = std::shared_ptr<const log_entry>;

/// What a Raft server must remember besides the log.
struct hard_state {
  log_term term = 0;
  /// Empty: voted for nobody in `term`.
  peer_id voted_for;

  friend bool operator==(const hard_state&, const hard_state&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, hard_state& x) {
    return f(x.term, x.voted_for);
  }
};

/// Where the log starts after a state transfer or a cut: the entry at `index`
/// and all before it are covered by the state database.
struct log_start {
  log_index index = 0;
  log_term term = 0;

  friend bool operator==(const log_start&, const log_start&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, log_start& x) {
    return f(x.index, x.term);
  }
};

/// One atomic, durable step. Applied in the order of the members.
struct log_batch {
  std::optional<hard_state> hard;
  /// Forget all entries; the log restarts behind this one.
  std::optional<log_start> restart;
  /// From now on the state database of this generation is in force.
  std::optional<std::uint64_t> state;
  /// Remove the entries from this index on.
  std::optional<log_index> truncate_from;
  /// Contiguous, and right behind what is left.
  std::vector<entry_ptr> entries;
  /// Cut the front: entries up to and including this one may go (they are in a
  /// checkpoint). `term` is that entry's.
  std::optional<log_start> discard_upto;
};

} // namespace praetor
