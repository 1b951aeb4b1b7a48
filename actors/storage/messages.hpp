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
#include <optional>
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

/// Store which cluster this node belongs to, once and for ever. Errors:
/// rejected, if one is stored already.
struct write_identity {
  using is_message = void;
  log_identity identity;
  reply<std::monostate> to;
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

// -- checkpoints on their way between servers ---------------------------------

/// Open the newest checkpoint for reading, under this number. Answers with what
/// it stands for.
struct open_state {
  using is_message = void;
  std::uint64_t transfer = 0;
  /// Size of a chunk; a larger row is a chunk of its own.
  std::uint64_t chunk_bytes = 0;
  reply<checkpoint_mark> to;
};

/// Read a chunk of it; nothing if there are not so many.
struct read_state {
  using is_message = void;
  std::uint64_t transfer = 0;
  std::uint64_t number = 0;
  reply<std::optional<state_bytes>> to;
};

/// It is not needed any more.
struct close_state {
  using is_message = void;
  std::uint64_t transfer = 0;
};

/// Make a state database for another server's checkpoint, instead of what is
/// being received: an empty one, or the one that a crash has left of just this
/// transfer. Answers with the chunk that has to come next.
struct begin_state {
  using is_message = void;
  std::uint64_t reception = 0;
  stream_origin origin;
  reply<std::uint64_t> to;
};

/// What became of a chunk.
struct stored_state {
  /// False: it is not the next one, or damaged; nothing was stored.
  bool good = false;
  /// After the last chunk: where everything is, durable.
  std::optional<std::uint64_t> generation;
};

/// Store a chunk in it.
struct store_state {
  using is_message = void;
  std::uint64_t reception = 0;
  std::uint64_t number = 0;
  state_bytes chunk;
  reply<stored_state> to;
};

/// Forget what was received.
struct drop_state {
  using is_message = void;
  std::uint64_t reception = 0;
};

/// From now on the received database is the one in force, as the log database
/// says already. Answers with what is in it.
struct use_state {
  using is_message = void;
  std::uint64_t generation = 0;
  reply<state_image> to;
};

} // namespace praetor::disk
