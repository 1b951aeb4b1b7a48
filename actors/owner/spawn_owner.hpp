// Loads an owner's core from a checkpoint and spawns its shell.

#pragma once

#include "actors/owner/owner_shell.hpp"
#include "actors/spawn.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace praetor::owner {

/// Spawns the owner around `Core` with the checkpoint's rows; those of tables
/// that are not in `Core::tables` belong to others.
/// Errors: corruption naming the table.
template <class Core>
result<owner_actor<typename Core::query, typename Core::command>>
spawn_owner(caf::actor_system& sys, log_index checkpoint,
            const std::vector<row>& rows, permit_source_actor permits) {
  auto core = load_core<Core>(rows);
  if (!core)
    return core.error();
  return spawn_state<owner_shell<Core>>(sys, std::move(*core), checkpoint,
                                        std::move(permits));
}

} // namespace praetor::owner
