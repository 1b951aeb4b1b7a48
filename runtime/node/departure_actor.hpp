// The departure actor: how a node goes without being missed.
//
// Spawned by the node when it stops; ends when it has answered.
//
//   1. a leader hands over to another voter
//   2. if the node leaves for good: gossip tells the others
//   3. then a server waits until its leader has taken it out of Raft
//
// Each step takes as long as it takes, all together at most `patience`: then
// the node stops all the same.

#pragma once

#include "actors/gossip/gossip_actor.hpp"
#include "actors/raft/raft_actor.hpp"
#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"

#include <caf/fwd.hpp>

#include <string>

namespace praetor::node {

/// What the departure works with.
struct departure_options {
  std::string node_id;
  /// Null on client agents.
  raft::raft_actor raft;
  /// Null: the node stays a member, as it means to come back.
  gossip::gossip_actor gossip;
  duration patience{0};
  reply<std::monostate> to;
};

void spawn_departure(caf::actor_system& sys, departure_options opts);

} // namespace praetor::node
