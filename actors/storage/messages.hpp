// What can be asked of storage, the only actor that blocks. It owns the log
// database, the state database and, on every node, the local database.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"
#include "storage/log_store.hpp"
#include "storage/state_store.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace praetor::disk {

/// Make this durable, after everything asked before. Requests that wait are
/// written as one batch with one sync. The storage sends `persisted` back.
/// A failure is fatal to the node (exit code 74).
struct persist {
  using is_message = void;
  /// Chosen by Raft, rising.
  std::uint64_t token = 0;
  log_batch batch;
};

/// Answer to `persist`: all tokens up to this one are durable.
struct persisted {
  using is_message = void;
  std::uint64_t token = 0;
  /// How long the write and sync took.
  duration took{0};
};

/// Read entries of the log that are no longer in memory.
struct read_entries {
  using is_message = void;
  log_index from = 0;
  log_index to = 0;
  std::uint64_t bytes_max = 0;
  reply<std::vector<entry_ptr>> to_whom;
};

/// Write a checkpoint: one synced batch of rows with `mark`. Answers when it is
/// durable; only then may the log be cut.
struct write_checkpoint {
  using is_message = void;
  checkpoint_mark mark;
  std::vector<row> rows;
  reply<std::monostate> to;
};

/// Write rows of this node's local state (services, checks of the agent), in
/// one synced batch.
struct write_local {
  using is_message = void;
  std::vector<row> rows;
  reply<std::monostate> to;
};

} // namespace praetor::disk
