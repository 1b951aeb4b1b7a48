// The durable Raft log and hard state of one server.
//
// Two versions: LevelDB (storage/leveldb_log_store.hpp) and in memory
// (storage/memory_stores.hpp). Both pass the same tests. Blocking; used by one
// thread at a time. After a failed call the store refuses everything: a failed
// write or sync is never retried, because the kernel may have dropped the data.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/log_batch.hpp"
#include "runtime/base/log_entry.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace praetor {

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

/// Everything the log database remembers, read at start and checked: entries
/// contiguous behind `start`, every checksum right.
struct log_image {
  std::optional<log_identity> identity;
  hard_state hard;
  log_start start;
  std::vector<entry_ptr> entries;
  /// Counts starts of this server's process: stored + 1 by `load`.
  std::uint64_t boot = 0;
  /// The generation of the state database in force; the first one is 0.
  std::uint64_t state = 0;
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
