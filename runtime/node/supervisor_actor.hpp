// The supervisor: reacts to who leads, and to the death of an actor.
//
// Spawned first, lives as long as the node. It tells the owners and the router
// who leads, and spawns the leader's duties for each term in which this server
// leads. If an actor that the node cannot do without dies, it stops the node: a
// half-dead node is worse than a dead one.
//
//   gossip --members_changed--> leader, through SUPERVISOR
//   raft --leadership--> SUPERVISOR --leader_known--> kv, catalog
//                                   --leader_here---> router
//                                   --spawns, kills-> leader

#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "actors/kv/kv_actor.hpp"
#include "actors/leader/leader_actor.hpp"
#include "actors/raft/messages.hpp"
#include "actors/router/router_actor.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace praetor::node {

/// The interface of the supervisor. Never fails.
using supervisor_actor =
  caf::typed_actor<caf::reacts_to<raft::leadership>,
                   // The latest list counts; it is kept for the next leader.
                   caf::reacts_to<gossip::members_changed>>;

/// What the supervisor works with.
struct supervisor_options {
  kv::kv_actor kv;
  catalog::catalog_actor catalog;
  router::router_actor router;
  /// This server's own registration in the catalog.
  catalog::register_node self;
  /// Actors whose death stops the node, with their names.
  std::vector<std::pair<std::string, caf::actor>> vital;
  /// Stops the node.
  std::function<void(std::string why)> on_fatal;
  /// For the autopilot; none: there is none.
  leader::raft_control_actor raft{};
  leader::autopilot::config autopilot{};
};

supervisor_actor spawn_supervisor(caf::actor_system& sys,
                                  supervisor_options opts);

} // namespace praetor::node
