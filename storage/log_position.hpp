// What a log store has to know to accept the next batch, and how a batch moves
// it. Pure; shared by all versions of `log_store`.

#pragma once

#include "runtime/base/assert.hpp"
#include "storage/log_store.hpp"

namespace praetor {

/// Invariant: start.index <= last. The log holds exactly the entries
/// (start.index, last].
struct log_position {
  hard_state hard;
  log_start start;
  log_index last = 0;

  friend bool operator==(const log_position&, const log_position&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, log_position& x) {
    return f(x.hard, x.start, x.last);
  }

  bool contains(log_index index) const {
    return index > start.index && index <= last;
  }

  /// Moves behind `batch`.
  /// @pre The batch fits: a hole in the log would be a bug in Raft.
  void advance(const log_batch& batch) {
    if (batch.hard) {
      PRAETOR_ASSERT(batch.hard->term >= hard.term);
      hard = *batch.hard;
    }
    if (batch.restart) {
      start = *batch.restart;
      last = start.index;
    }
    if (batch.truncate_from && *batch.truncate_from <= last) {
      PRAETOR_ASSERT(*batch.truncate_from > start.index);
      last = *batch.truncate_from - 1;
    }
    for (const auto& entry : batch.entries) {
      PRAETOR_ASSERT(entry->index == last + 1);
      last = entry->index;
    }
    if (batch.discard_upto && batch.discard_upto->index > start.index) {
      PRAETOR_ASSERT(batch.discard_upto->index <= last);
      start = *batch.discard_upto;
    }
  }
};

} // namespace praetor
