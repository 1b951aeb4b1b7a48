// The members actor: tells those who need it who is in the LAN pool.
//
// Spawned by the node with gossip, and lives as long. It keeps nothing that
// gossip would not tell again.
//
//   gossip --members_changed--> MEMBERS --set_address---> network
//                                       --servers_seen--> founder (on servers)
//                                       --servers_known-> servers (on clients)

#pragma once

#include "actors/founder/founder_actor.hpp"
#include "actors/gossip/gossip_actor.hpp"
#include "actors/router/servers_actor.hpp"
#include "runtime/base/peer_network.hpp"

#include <memory>
#include <string>

namespace praetor::node {

/// Whom the members actor tells; who is absent is not told.
struct members_options {
  std::string datacenter;
  std::string self;
  std::shared_ptr<peer_network> network;
  founder::founder_actor founder;
  router::servers_actor servers;
};

gossip::member_sink_actor spawn_members(caf::actor_system& sys,
                                        members_options opts);

} // namespace praetor::node
