// What a checkpoint of the replicated state stands for. Shared by the state,
// which takes checkpoints, the storage, which keeps them, and Raft, which cuts
// the log behind them and sends them to servers that are far behind.

#pragma once

#include "runtime/base/ids.hpp"

#include <string>

namespace praetor {

/// The place of a checkpoint in the log.
struct checkpoint_mark {
  /// All entries up to this one are in the rows. 0: no checkpoint yet.
  log_index index = 0;
  log_term term = 0;
  /// The newest Raft membership at or before `index`, encoded, and its index.
  std::string membership;
  log_index membership_index = 0;
  /// The time of the entry at `index`, so that no later entry gets an earlier
  /// one although the log in front of it is gone.
  cluster_time ts = 0;

  friend bool operator==(const checkpoint_mark&,
                         const checkpoint_mark&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, checkpoint_mark& x) {
    return f(x.index, x.term, x.membership, x.membership_index, x.ts);
  }
};

} // namespace praetor
