// The file keeper: replaces files for gossip, in a thread of its own, because
// syncing blocks.
//
// Spawned and killed by the gossip actor. When it dies, files stay as they are.

#pragma once

#include "actors/gossip/gossip_actor.hpp"

namespace praetor::gossip {

file_keeper_actor spawn_file_keeper(caf::actor_system& sys);

} // namespace praetor::gossip
