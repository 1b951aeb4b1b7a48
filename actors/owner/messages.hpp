// What every owner of replicated tables (kv, catalog) understands. The structs
// are templates over the owner's query or command, so that each owner has types
// of its own and one shell serves all.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace praetor::owner {

using praetor::consistency;

/// How to answer a read.
struct read_options {
  consistency mode = consistency::leader_default;
  /// Wait until the answer's index is above this. 0: answer at once.
  log_index min_index = 0;
  /// Longest time to wait; then the unchanged answer is given.
  duration wait{0};
  /// Names the waiting read for `forget_watch`; unique in the process.
  std::uint64_t watch_id = 0;
};

/// An answer with what its headers say.
struct read_answer {
  answer data;
  bool known_leader = true;
  /// Time since the leader was last heard; 0 on the leader.
  duration last_contact{0};
};

/// Evaluate a query, now or when it moves. Errors: no_leader.
template <class Query>
struct read {
  using is_message = void;
  Query query;
  read_options options;
  reply<read_answer> to;
};

/// Reads that came together; one message wakes the owner once.
template <class Query>
struct read_many {
  using is_message = void;
  std::vector<read<Query>> reads;
};

/// The asker of a waiting read hung up.
struct forget_watch {
  using is_message = void;
  std::uint64_t watch_id = 0;
};

/// A committed command for this owner.
template <class Command>
struct numbered {
  log_index index = 0;
  cluster_time ts = 0;
  Command command;
};

/// Apply these, then count everything up to `upto` as applied. The owner sends
/// `applied` back to the sender.
template <class Command>
struct apply {
  using is_message = void;
  log_index upto = 0;
  std::vector<numbered<Command>> commands;
};

/// Answer to `apply`.
struct applied {
  using is_message = void;
  log_index upto = 0;
  /// One for each command, in order.
  std::vector<command_result> results;
  std::vector<liveness_loss> losses;
  /// Sessions that exist now (kv only).
  std::size_t session_count = 0;
};

/// Answer no reads until everything up to `index` is applied or decided: the
/// first half of a command that spans owners. The owner sends `held` back.
struct hold_reads {
  using is_message = void;
  log_index index = 0;
};

/// Answer to `hold_reads`.
struct held {
  using is_message = void;
  log_index index = 0;
};

/// Try a command that spans owners; reads wait until `decide`. The owner sends
/// `prepared` back.
template <class Command>
struct prepare {
  using is_message = void;
  numbered<Command> command;
};

/// Answer to `prepare`. The vote is yes iff `result.code` is zero.
struct prepared {
  using is_message = void;
  command_result result;
};

/// Make the prepared command real, or undo it. The owner sends `applied` back.
struct decide {
  using is_message = void;
  log_index index = 0;
  bool commit = false;
  /// An `apply` for the same entry follows: reads wait for that one.
  bool more = false;
};

/// Hand over the rows that changed since the last checkpoint. Everything up to
/// `index` has been sent before. The owner sends `checkpoint_rows` back.
struct take_checkpoint {
  using is_message = void;
  log_index index = 0;
};

/// Answer to `take_checkpoint`.
struct checkpoint_rows {
  using is_message = void;
  log_index index = 0;
  std::vector<row> rows;
};

/// Replace all tables by these rows, which stand for everything up to `index`;
/// those of other owners' tables are among them. The owner sends `installed`
/// back.
struct install_rows {
  using is_message = void;
  log_index index = 0;
  std::shared_ptr<const std::vector<row>> rows;
};

/// Answer to `install_rows`. Errors: corruption naming the table.
struct installed {
  using is_message = void;
  status outcome = ok;
  /// Sessions that exist now (kv only).
  std::size_t session_count = 0;
};

/// Who leads, as Raft last knew. Latest value counts.
struct leader_known {
  using is_message = void;
  bool known = false;
  bool self = false;
};

} // namespace praetor::owner
