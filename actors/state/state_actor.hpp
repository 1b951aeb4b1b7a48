// The state actor: the one place where committed entries get their order.
//
// Spawned at start with the checkpoint that the owners were loaded with; lives
// as long as the node. It holds no truth of its own but the windows of seen
// commands, which are in every checkpoint. (A node whose state actor dies
// stops.)
//
//   raft --committed--> STATE --apply, prepare, decide, ...--> kv, catalog
//   raft <--applied_upto, checkpointed-- STATE <--applied, ...-- kv, catalog
//                                        STATE --write_checkpoint--> storage
//
// A client's reply travels inside `committed` and is completed here, when the
// entry is applied by all owners.

#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "actors/kv/kv_actor.hpp"
#include "actors/raft/messages.hpp"
#include "actors/state/core/pipeline.hpp"
#include "actors/storage/messages.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <string>
#include <vector>

namespace praetor::state {

/// INTERNAL: the checkpoint under way is durable.
struct checkpoint_durable {
  using is_message = void;
  checkpoint_mark mark;
};

/// Learns how far the state has come; in production Raft.
using progress_sink_actor = caf::typed_actor<
  // Also the credit for further `committed` messages.
  caf::reacts_to<raft::applied_upto>,
  // The log may be cut behind this.
  caf::reacts_to<raft::checkpointed>>;

/// Writes checkpoints; in production storage.
using checkpoint_sink_actor =
  caf::typed_actor<caf::reacts_to<disk::write_checkpoint>>;

/// INTERNAL: rows of another server's checkpoint, to replace ours.
struct state_fetched {
  using is_message = void;
  result<state_image> image;
};

/// Switches to a state database that was received; in production storage.
using table_source_actor = caf::typed_actor<caf::reacts_to<disk::use_state>>;

/// The interface of the state actor. Nothing fails: what cannot be applied
/// stops the node.
using state_actor = caf::typed_actor<
  caf::reacts_to<raft::committed>, caf::reacts_to<raft::install_state>,
  // From the owners, told apart by the sender.
  caf::reacts_to<owner::applied>, caf::reacts_to<owner::held>,
  caf::reacts_to<owner::prepared>, caf::reacts_to<owner::checkpoint_rows>,
  caf::reacts_to<owner::installed>,
  // INTERNAL
  caf::reacts_to<checkpoint_durable>, caf::reacts_to<state_fetched>>;

/// What the state actor works with.
struct options {
  kv::kv_actor kv;
  catalog::catalog_actor catalog;
  progress_sink_actor raft;
  checkpoint_sink_actor storage;
  /// The checkpoint, and its rows (those of table "origin" are read).
  checkpoint_mark mark;
  std::vector<row> rows;
  checkpoint_policy policy;
  /// Commands remembered for one process of one server, to know repeats by. The
  /// same on all servers.
  std::size_t origin_window = origin_windows::window_max;
  /// Stops the node; does not return in production.
  std::function<void(std::string)> on_fatal;
  /// None: tables of other servers are not taken over.
  table_source_actor tables{};
};

/// Errors: corruption naming the table.
result<state_actor> spawn_state_actor(caf::actor_system& sys, options opts);

} // namespace praetor::state
