// The actors that only servers have: the replicated state, from the disk to the
// owners, and the duties of who leads.
//
//   storage <- raft <- kv, catalog <- state -> rows
//   router, supervisor (spawns leader), founder
//
// (`rows` is a second storage actor, for tables; `storage` has the log.)

#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "actors/founder/founder_actor.hpp"
#include "actors/kv/kv_actor.hpp"
#include "actors/raft/raft_actor.hpp"
#include "actors/router/router_actor.hpp"
#include "actors/state/state_actor.hpp"
#include "actors/storage/storage_actor.hpp"
#include "runtime/base/peer_network.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/node/data_dir.hpp"
#include "runtime/node/supervisor_actor.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace praetor::node {

/// What they are made from.
struct server_options {
  const config::settings& settings;
  std::string node_id;
  databases& disks;
  /// Rows of the node's local database.
  const std::vector<row>& local;
  /// Null: the server is alone.
  std::shared_ptr<peer_network> network;
  std::uint64_t seed = 0;
  std::function<void(std::string why)> on_fatal;
};

/// See the head of the file.
struct server_actors {
  disk::storage_actor storage;
  /// A thread of its own, so that a large checkpoint delays no commit.
  disk::storage_actor rows;
  raft::raft_actor raft;
  kv::kv_actor kv;
  catalog::catalog_actor catalog;
  state::state_actor state;
  router::router_actor router;
  supervisor_actor supervisor;
  founder::founder_actor founder;
  /// Empty until the founder has settled it.
  std::string cluster_id;
  /// Where the members of Raft were when this node stopped.
  std::vector<raft::member> known_servers;

  /// Reads the disks and spawns all but supervisor and founder. Errors:
  /// corruption, io_error naming the file.
  status start_state(caf::actor_system& sys, const server_options& x);

  /// Lets Raft begin. `vital`: actors whose death stops the node, besides
  /// these.
  void begin(caf::actor_system& sys, const server_options& x,
             std::vector<std::pair<std::string, caf::actor>> vital);

  /// Spawns the founder; `on_settled` is called in its thread.
  status
  start_founder(caf::actor_system& sys, const server_options& x,
                std::function<void(const std::string& cluster)> on_settled);

  /// Who asks comes before who answers.
  std::vector<caf::actor> all() const;
};

} // namespace praetor::node
