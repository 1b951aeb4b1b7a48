// The kv actor: owner of keys, sessions and locks.
//
// What it is asked is in messages.hpp, how owners work in actors/owner, what
// the answers are in core/kv_core.hpp.

#pragma once

#include "actors/kv/messages.hpp"
#include "actors/owner/owner_shell.hpp"

namespace praetor::kv {

using kv_actor = owner::owner_actor<query, command>;

/// Spawns kv with the rows of a checkpoint. Rows of other owners are left
/// alone. Errors: corruption naming the table.
result<kv_actor> spawn_kv(caf::actor_system& sys, log_index checkpoint,
                          const std::vector<row>& rows,
                          owner::permit_source_actor permits);

} // namespace praetor::kv
