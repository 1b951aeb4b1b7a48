// One entry of the replicated log, as Raft, the storage and the state see it.

#pragma once

#include "runtime/base/ids.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace praetor {

/// What an entry is for. Values are on disk and on the wire: append only.
enum class entry_kind : std::uint8_t {
  /// Nothing; a new leader's first entry, which commits what came before.
  noop = 1,
  /// An encoded `state::command`.
  command,
  /// An encoded Raft membership.
  config,
};

/// Who asked for a command, so that a repeated one takes effect once.
/// All zero means "not protected" (noop, config).
struct command_origin {
  /// Node id of the server that accepted the client's call.
  std::string node;
  /// Start counter of that server's process.
  std::uint64_t boot = 0;
  /// Counts that process' commands, from 1.
  std::uint64_t seq = 0;

  friend bool operator==(const command_origin&,
                         const command_origin&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, command_origin& x) {
    return f(x.node, x.boot, x.seq);
  }
};

/// One entry. (index, term) names one content in the whole cluster.
struct log_entry {
  log_index index = 0;
  log_term term = 0;
  entry_kind kind = entry_kind::noop;
  /// The leader's wall clock when it appended the entry; never goes back.
  cluster_time ts = 0;
  command_origin origin;
  /// Opaque to Raft.
  std::string payload;

  friend bool operator==(const log_entry&, const log_entry&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, log_entry& x) {
    return f(x.index, x.term, x.kind, x.ts, x.origin, x.payload);
  }
};

/// Entries are shared by Raft, storage and state, never copied.
using entry_ptr = std::shared_ptr<const log_entry>;

} // namespace praetor
