// What goes into a step of the Raft core, and what comes out.
//
// Pure data. The shell performs the effects of a step before it takes the next
// one; in which order among themselves does not matter: what must wait for the
// disk is held back by the core until `storage_done`.

#pragma once

#include "actors/raft/core/membership.hpp"
#include "actors/raft/core/types.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/log_batch.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace praetor::raft {

// -- inputs -------------------------------------------------------------------

/// The first input.
struct begin {};

/// This server belongs to a cluster from now on, which is durable already. With
/// `founders`, all of them have promised to begin with this membership: it is
/// the first entry of their logs. Ignored by a server that has a log.
struct belong {
  std::string cluster_id;
  std::optional<membership> founders;
};

/// `effects::next_timer` has come. Harmless at any time.
struct tick {};

/// A command that a client asks for.
struct proposal {
  std::string payload;
  command_origin origin;
  /// Set by duties of a leader: append only in this term.
  std::optional<log_term> origin_term;
};

/// Commands, appended together.
struct proposals {
  std::vector<proposal> batch;
  /// This node's wall clock.
  cluster_time wall = 0;
};

/// Replace the membership by one that differs in at most one voter.
struct change_membership {
  membership next;
  /// If set, refuse unless the latest membership is the one at this index.
  std::optional<log_index> expected;
};

/// From where on may a linearizable read be served?
struct read_request {
  std::uint64_t id = 0;
  /// False: ask a majority, whatever the clock says.
  bool use_lease = true;
};

/// Give the leadership to `target`, or to the most advanced voter.
struct transfer_request {
  std::optional<peer_id> target;
};

/// All writes up to this token are durable.
struct storage_done {
  std::uint64_t token = 0;
};

/// A write or sync failed. The node will stop; until then it is silent.
struct storage_failed {};

/// The state applied everything up to this index.
struct applied_index {
  log_index index = 0;
};

/// A durable checkpoint covers everything up to this index.
struct checkpoint_taken {
  log_index index = 0;
};

/// Answer to `entries_wanted`; empty if they could not be read.
struct entries_read {
  peer_id peer;
  std::vector<entry_ptr> entries;
};

/// The connection to a peer is lost.
struct peer_unreachable {
  peer_id peer;
};

/// Answer to `effects::state_opens`: what the tables stand for; nothing if they
/// cannot be read.
struct state_opened {
  peer_id peer;
  std::uint64_t transfer = 0;
  std::optional<checkpoint_mark> mark;
};

/// Answer to `effects::state_reads`.
struct state_part_read {
  peer_id peer;
  /// Without the time; nothing if it cannot be read.
  std::optional<state_chunk> chunk;
};

/// Answer to `effects::state_begin`.
struct state_begun {
  std::uint64_t reception = 0;
  /// The chunk that has to come next: those before it are there, from the time
  /// before a crash.
  std::uint64_t next = 0;
};

/// Answer to `effects::state_parts`.
struct state_part_stored {
  std::uint64_t reception = 0;
  std::uint64_t number = 0;
  /// False: the bytes are damaged, or not the expected ones.
  bool good = false;
  /// After the last part: all of it is durable, under this generation of the
  /// state database.
  std::optional<std::uint64_t> generation;
};

using input =
  std::variant<begin, belong, tick, message, proposals, change_membership,
               read_request, transfer_request, storage_done, storage_failed,
               applied_index, checkpoint_taken, entries_read, peer_unreachable,
               state_opened, state_part_read, state_begun, state_part_stored>;

// -- outputs ------------------------------------------------------------------

/// Make this durable, then say `storage_done`.
struct persist_request {
  std::uint64_t token = 0;
  log_batch batch;
};

/// A linearizable read may be served from tables that applied `index`.
struct read_permit {
  log_index index = 0;
  /// Until then, further default reads may be served by the same tables without
  /// asking again. Zero (the clock's epoch): no lease.
  time_point lease_until;
  log_term term = 0;
};

/// Answer to `read_request`. Errors: not_leader and no_leader (ask again when
/// there is a leader), overloaded, timeout.
struct read_outcome {
  std::uint64_t id = 0;
  result<read_permit> permit;
};

/// Entries for `peer` are no longer in memory; read them from the log.
struct entries_wanted {
  peer_id peer;
  log_index from = 0;
  log_index to = 0;
  std::uint64_t bytes_max = 0;
};

/// Open the newest checkpoint for reading, under this number.
struct state_open {
  peer_id peer;
  std::uint64_t transfer = 0;
};

/// Read a chunk of a checkpoint that was opened.
struct state_read {
  peer_id peer;
  std::uint64_t transfer = 0;
  std::uint64_t number = 0;
};

/// Make room for tables; what else is being received is given up.
struct state_reception {
  std::uint64_t reception = 0;
  /// Who sends them, and its number of them.
  peer_id from;
  std::uint64_t transfer = 0;
  checkpoint_mark mark;
};

/// Store a part of them.
struct state_part {
  std::uint64_t reception = 0;
  state_chunk chunk;
};

/// Use the tables that were received, from now on. The log restarts behind
/// them; that is durable already.
struct state_install {
  std::uint64_t generation = 0;
  checkpoint_mark mark;
};

/// What the shell has to do after a step.
struct effects {
  /// To peers; may be lost.
  std::vector<message> messages;

  std::optional<persist_request> write;

  /// Entries from here on are gone: their proposals' outcome is unknown, since
  /// another copy of them may have survived elsewhere.
  std::optional<log_index> truncated_from;

  /// One for each proposal, in order: its index. Errors: not_leader,
  /// overloaded, invalid_argument; nothing was appended then.
  std::vector<result<log_index>> proposed;

  /// Answer to `change_membership`: the entry's index. Errors: not_leader,
  /// conflict, rejected, invalid_argument.
  std::optional<result<log_index>> changed;

  /// Why a `transfer_request` was refused, or that it started.
  std::optional<status> transfer;

  std::vector<read_outcome> reads;
  std::vector<entries_wanted> entries;

  // For peers that need the tables, because the log does not reach back to
  // them.
  std::vector<state_open> state_opens;
  std::vector<state_read> state_reads;
  /// Transfers that are over.
  std::vector<std::uint64_t> state_closes;

  // On a peer that gets them.
  std::optional<state_reception> state_begin;
  std::vector<state_part> state_parts;
  /// A reception that is given up.
  std::optional<std::uint64_t> state_drop;
  std::optional<state_install> install;

  /// Something an operator must know; a constant sentence.
  std::string_view alarm;

  /// When to send `tick`; nothing: not needed.
  std::optional<time_point> next_timer;
};

} // namespace praetor::raft
