// What can be asked of Raft, and what it tells others.

#pragma once

#include "actors/raft/core/step.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/log_batch.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"
#include "storage/state_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace praetor::raft {

// -- asked of Raft ------------------------------------------------------------

/// Put a command into the log. Answered when it is applied. While nobody leads,
/// it waits for a leader for some time. Errors: not_leader (context: the
/// leader's id), no_leader, overloaded, invalid_argument; nothing was appended
/// then. timeout: the leadership was lost, the outcome is unknown.
struct propose {
  using is_message = void;
  std::string payload;
  command_origin origin;
  /// Set by duties of a leader: append only in this term.
  std::optional<log_term> origin_term;
  reply<command_result> to;
};

/// From where on may a linearizable read be served? While nobody leads, it
/// waits for a leader. Errors: no_leader, overloaded, timeout.
struct confirm_read {
  using is_message = void;
  /// False: ask a majority, whatever the clock says.
  bool use_lease = true;
  reply<read_permit> to;
};

/// What the leader knows of another server.
struct peer_status {
  peer_id id;
  /// It has said in this term that it has the leader's log up to here, and the
  /// term of that entry; 0 if it has said nothing.
  log_index match = 0;
  log_term match_term = 0;
  /// Age of the newest message of this term's leader that it answered.
  std::optional<duration> last_contact;

  template <class Inspector>
  friend auto inspect(Inspector& f, peer_status& x) {
    return f(x.id, x.match, x.match_term, x.last_contact);
  }
};

/// What Raft knows, for operators.
struct raft_status {
  /// "Leader", "Follower" or "Candidate".
  std::string role;
  log_term term = 0;
  std::optional<peer_id> leader;
  std::string leader_address;
  log_index commit = 0;
  log_index applied = 0;
  log_index last_log_index = 0;
  log_term last_log_term = 0;
  log_index checkpoint_index = 0;
  log_term checkpoint_term = 0;
  std::vector<member> members;
  log_index members_index = 0;
  /// Voters besides this server.
  std::size_t num_peers = 0;
  /// Since the leader was heard: zero on the leader, nothing if never.
  std::optional<duration> last_contact;
  /// How often the leader makes itself heard.
  duration heartbeat_period{0};
  /// On the leader: all other members.
  std::vector<peer_status> peers;

  template <class Inspector>
  friend auto inspect(Inspector& f, raft_status& x) {
    return f(x.role, x.term, x.leader, x.leader_address, x.commit, x.applied,
             x.last_log_index, x.last_log_term, x.checkpoint_index,
             x.checkpoint_term, x.members, x.members_index, x.num_peers,
             x.last_contact, x.heartbeat_period, x.peers);
  }
};

/// Tell me how you are. Never fails.
struct get_status {
  using is_message = void;
  reply<raft_status> to;
};

/// Replace the membership by one that differs in at most one voter. Answered
/// with the entry's index when it is committed. Errors: as for `propose`;
/// conflict if the latest membership is not the one at `expected`; rejected if
/// another change is pending.
struct change_members {
  using is_message = void;
  membership next;
  std::optional<log_index> expected;
  reply<log_index> to;
};

/// Hand the leadership to `target`, or to the most advanced voter. Answered
/// when the attempt begins. Errors: not_leader, conflict, rejected,
/// invalid_argument.
struct transfer_leadership {
  using is_message = void;
  std::optional<peer_id> target;
  reply<std::monostate> to;
};

/// This server belongs to that cluster from now on, and its disk knows. Until
/// then a server without cluster takes part in nothing. `founders`: all of them
/// have promised to begin with this membership.
struct join_cluster {
  using is_message = void;
  std::string cluster_id;
  std::optional<membership> founders;
};

/// The state applied everything up to `index`; room for another batch.
struct applied_upto {
  using is_message = void;
  log_index index = 0;
};

/// A checkpoint is durable: the log in front of it may go.
struct checkpointed {
  using is_message = void;
  checkpoint_mark mark;
};

/// A message from or to another server.
struct peer_message {
  using is_message = void;
  message content;
};

// -- told to others -----------------------------------------------------------

/// An entry that a majority has, with whom to answer if it was proposed here.
struct committed_entry {
  entry_ptr entry;
  reply<command_result> to;
};

/// Apply these. In index order, without gaps, every kind of entry; at most four
/// batches are sent before `applied_upto` comes back.
struct committed {
  using is_message = void;
  std::vector<committed_entry> entries;
};

/// Use the tables of this generation of the state database, which came from
/// another server; they stand for everything up to `mark`. What is committed
/// behind that follows. Answered with `applied_upto`.
struct install_state {
  using is_message = void;
  std::uint64_t generation = 0;
  checkpoint_mark mark;
};

/// Who leads. The latest value counts.
struct leadership {
  using is_message = void;
  log_term term = 0;
  /// This server leads, and has committed an entry of its term.
  bool self = false;
  std::optional<peer_id> leader;
  std::string leader_address;
  /// The leader's first entry, if `self`.
  log_index noop_index = 0;

  friend bool operator==(const leadership&, const leadership&) = default;
};

} // namespace praetor::raft
