// The coordinate actor: tells the servers from time to time where this node is
// in the network, as gossip has learned it.
//
// Spawned by the node with gossip, and lives as long. What it could not tell it
// tells the next time.
//
//   COORDINATES --get_stats--> gossip
//               --submit-----> router

#pragma once

#include "actors/agent/agent_actor.hpp"
#include "actors/gossip/gossip_actor.hpp"
#include "runtime/base/time.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <string>

namespace praetor::node {

struct coordinate_options {
  std::string node_name;
  gossip::gossip_actor gossip;
  agent::command_sink_actor commands;
  std::uint64_t seed = 0;

  /// Between two times, at least; up to twice as long, lest all nodes come at
  /// once.
  duration period_min = std::chrono::seconds{15};

  /// What all nodes together may send. Source: Consul,
  /// agent/config (sync_coordinate_rate_target).
  std::uint64_t per_second_max = 64;
};

caf::actor spawn_coordinates(caf::actor_system& sys, coordinate_options opts);

} // namespace praetor::node
