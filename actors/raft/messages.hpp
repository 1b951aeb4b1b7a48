// What can be asked of raft, which owns the replicated log, and what it tells.

#pragma once

#include "actors/raft/core/membership.hpp"
#include "actors/raft/core/step.hpp"
#include "actors/raft/core/types.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/log_entry.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"
#include "storage/state_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace praetor::raft {

// -- asked of raft
// --------------------------------------------------------------

/// Put a command into the log. The reply travels with the entry to the state
/// actor, which completes it when the entry is applied. Errors: no_leader
/// (after waiting for one), not_leader, overloaded, timeout (the outcome is
/// unknown).
struct propose {
  using is_message = void;
  std::string payload;
  command_origin origin;
  /// Set by duties of a leader: append only in this term.
  std::optional<log_term> origin_term;
  reply<command_result> to;
};

/// From where on may a linearizable read be served? Errors: no_leader (after
/// waiting for one), not_leader, overloaded, timeout.
struct confirm_read {
  using is_message = void;
  /// False: ask a majority, whatever the clock says.
  bool use_lease = true;
  reply<read_permit> to;
};

/// Where Raft stands, for people.
struct raft_status {
  /// Leader, Follower or Candidate.
  std::string role;
  log_term term = 0;
  /// Empty: unknown.
  peer_id leader;
  std::string leader_address;
  log_index commit = 0;
  log_index applied = 0;
  log_index last_log_index = 0;
  log_term last_log_term = 0;
  log_index checkpoint_index = 0;
  log_term checkpoint_term = 0;
  membership members;
  log_index membership_index = 0;
  /// Voters other than this server.
  std::size_t num_peers = 0;
  /// Since the leader was heard; 0 on the leader.
  duration last_contact{0};
};

/// Asks for a `raft_status`. Never fails.
struct get_status {
  using is_message = void;
  reply<raft_status> to;
};

/// From state: everything up to here is applied; a credit for more entries.
struct applied_upto {
  using is_message = void;
  log_index index = 0;
};

/// From state: a durable checkpoint; the log before it may go.
struct checkpointed {
  using is_message = void;
  checkpoint_mark mark;
};

/// A message of a peer, or to one.
struct peer_message {
  using is_message = void;
  message content;
};

// -- told by raft
// ---------------------------------------------------------------

/// A committed entry, and whom to answer if it was proposed here.
struct committed_entry {
  entry_ptr entry;
  reply<command_result> to;
};

/// To state: the next entries, in log order, noop and config entries included.
struct committed {
  using is_message = void;
  std::vector<committed_entry> entries;
};

/// To whom it may concern: who leads. Only the latest counts.
struct leadership {
  using is_message = void;
  log_term term = 0;
  /// This server leads, and its first entry is committed.
  bool self = false;
  std::optional<peer_id> leader;
  std::string leader_address;
  /// That first entry, if `self`.
  log_index noop_index = 0;
};

} // namespace praetor::raft
