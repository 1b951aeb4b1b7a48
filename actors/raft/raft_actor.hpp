// The raft actor: this server's voice in agreeing on the log.
//
// Spawned by the node with what storage loaded; attached once to its
// neighbours, which breaks the circle of handles. Lives as long as the node;
// when it dies, the node stops. It holds no truth that is not on the disk:
// proposals under way are answered with errc::canceled.
//
//   router --propose-------> RAFT --persist, read_entries--> storage
//   owners --confirm_read-->   |  <--persisted--------------
//   peers  --peer_message-->   |  --committed,
//          <--peer_message--   |    install_state--> state --applied_upto,
//                              |                           checkpointed--> RAFT
//                              +--open_state, ...--> storage
//                              +--leadership--> whoever wants to know
//
// Group commit: proposals that come while a write is under way are collected;
// when the disk is free they become one batch with one sync.

#pragma once

#include "actors/message_traits.hpp"
#include "actors/raft/core/raft_core.hpp"
#include "actors/raft/messages.hpp"
#include "actors/storage/messages.hpp"

#include <caf/atom.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace praetor::raft {

/// Makes things durable; in production storage.
using log_sink_actor = caf::typed_actor<
  // Answered with `disk::persisted` to the sender.
  caf::reacts_to<disk::persist>, caf::reacts_to<disk::read_entries>>;

/// Gives away checkpoints and receives them; in production storage.
using table_store_actor = caf::typed_actor<
  caf::reacts_to<disk::open_state>, caf::reacts_to<disk::read_state>,
  caf::reacts_to<disk::close_state>, caf::reacts_to<disk::begin_state>,
  caf::reacts_to<disk::store_state>, caf::reacts_to<disk::drop_state>>;

/// Gets what is committed; in production the state.
using committed_sink_actor =
  caf::typed_actor<caf::reacts_to<committed>, caf::reacts_to<install_state>>;

/// Learns who leads.
using leadership_sink_actor = caf::typed_actor<caf::reacts_to<leadership>>;

/// Carries messages to other servers; may lose them.
using peer_sink_actor = caf::typed_actor<caf::reacts_to<peer_message>>;

/// Meet your neighbours, and begin. Sent once, before anything happens.
struct attach {
  using is_message = void;
  log_sink_actor storage;
  committed_sink_actor state;
  std::vector<leadership_sink_actor> leadership;
  /// None: messages to peers are dropped.
  peer_sink_actor peers;
  /// None: no peer gets tables, and none are received.
  table_store_actor tables{};
};

/// INTERNAL: entries for a peer came from the disk.
struct entries_loaded {
  using is_message = void;
  entries_read content;
};

/// INTERNAL: storage answered about tables.
struct tables_answered {
  using is_message = void;
  std::variant<state_opened, state_part_read, state_begun, state_part_stored>
    content;
};

/// The interface of the raft actor. Messages document their errors.
using raft_actor = caf::typed_actor<
  caf::reacts_to<attach>, caf::reacts_to<propose>, caf::reacts_to<confirm_read>,
  caf::reacts_to<get_status>, caf::reacts_to<change_members>,
  caf::reacts_to<transfer_leadership>, caf::reacts_to<join_cluster>,
  caf::reacts_to<applied_upto>, caf::reacts_to<checkpointed>,
  caf::reacts_to<peer_message>,
  // From storage.
  caf::reacts_to<disk::persisted>,
  // INTERNAL
  caf::reacts_to<entries_loaded>, caf::reacts_to<tables_answered>,
  caf::reacts_to<caf::tick_atom>>;

/// What the raft actor works with.
struct raft_options {
  /// `boot` is set from the log's.
  core_options core;

  /// This node's wall clock, in milliseconds since 1970.
  std::function<cluster_time()> wall_clock;

  /// How long proposals and reads wait for a leader. Consul: rpc_hold_timeout.
  duration leader_wait = std::chrono::seconds{7};

  /// Proposals that wait for the disk or a leader; beyond: overloaded.
  log_limit queue_max{4096, 16 * 1024 * 1024};

  /// Reads that wait for a leader; beyond: overloaded.
  std::size_t reads_max = 4096;

  /// One batch of proposals, and one batch for the state.
  log_limit batch_max{512, 1024 * 1024};

  /// Batches that the state has not finished.
  std::size_t batches_in_flight_max = 4;

  /// Sees every step before its effects are performed, for whoever checks
  /// invariants from outside. Production: none.
  std::function<void(const raft_core&, const effects&)> observe;
};

/// Puts together what was found on the disk. Errors: corruption.
result<restored> restore(const log_image& image, const checkpoint_mark& mark,
                         std::optional<membership> bootstrap);

/// Spawns the actor with what `restore` gave; it begins when it is attached.
/// @pre `opts.wall_clock` is set.
raft_actor spawn_raft(caf::actor_system& sys, raft_options opts, restored from,
                      checkpoint_mark mark);

} // namespace praetor::raft
