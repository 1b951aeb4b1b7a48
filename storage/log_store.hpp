// The durable Raft log and hard state of one server.
//
// Two versions: LevelDB (storage/leveldb_log_store.hpp) and in memory
// (storage/memory_stores.hpp). Both pass the same tests. Blocking; used by one
// thread at a time. After a failed call the store refuses everything: a failed
// write or sync is never retried, because the kernel may have dropped the data.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/log_entry.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
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

/// Who this database belongs to; written once.
struct log_identity {
  /// UUID of the cluster; every frame and packet carries it.
  std::string cluster_id;
  peer_id node;

  friend bool operator==(const log_identity&, const log_identity&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, log_identity& x) {
    return f(x.cluster_id, x.node);
  }
};

/// One atomic, durable step. Applied in the order of the members.
struct log_batch {
  std::optional<hard_state> hard;
  /// Forget all entries; the log restarts behind this one.
  std::optional<log_start> restart;
  /// Remove the entries from this index on.
  std::optional<log_index> truncate_from;
  /// Contiguous, and right behind what is left.
  std::vector<entry_ptr> entries;
  /// Cut the front: entries up to and including this one may go (they are in a
  /// checkpoint). `term` is that entry's.
  std::optional<log_start> discard_upto;
};

/// Everything the log database remembers, read at start and checked: entries
/// contiguous behind `start`, every checksum right.
struct log_image {
  std::optional<log_identity> identity;
  hard_state hard;
  log_start start;
  std::vector<entry_ptr> entries;
  /// Counts starts of this server's process: stored + 1 by `load`.
  std::uint64_t boot = 0;
};

/// See the head of the file.
class log_store {
public:
  log_store() = default;
  log_store(const log_store&) = delete;
  log_store& operator=(const log_store&) = delete;
  virtual ~log_store() = default;

  /// Reads and checks everything; raises and stores the boot counter.
  /// Errors: corruption with the file's name; io_error.
  virtual result<log_image> load() = 0;

  /// @pre No identity was stored before. Durable when it returns.
  virtual status write_identity(const log_identity& x) = 0;

  /// Writes all batches, in order, with one sync. Durable when it returns.
  /// Errors: io_error; the store is unusable afterwards.
  virtual status append(const std::vector<const log_batch*>& batches) = 0;

  /// Reads entries [from, to], at least one, then as many as `bytes_max`
  /// allows. Errors: not_found if `from` is not in the log; corruption.
  virtual result<std::vector<entry_ptr>> read(log_index from, log_index to,
                                              std::uint64_t bytes_max) = 0;
};

} // namespace praetor
