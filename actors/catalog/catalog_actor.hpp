// The catalog actor: owner of nodes, services and checks.
//
// What it is asked is in messages.hpp, how owners work in actors/owner, what
// the answers are in core/catalog_core.hpp.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/owner/owner_shell.hpp"

namespace praetor::catalog {

using catalog_actor = owner::owner_actor<query, command>;

/// Spawns the catalog with the rows of a checkpoint. Rows of other owners are
/// left alone. Errors: corruption naming the table.
result<catalog_actor> spawn_catalog(caf::actor_system& sys,
                                    log_index checkpoint,
                                    const std::vector<row>& rows,
                                    owner::permit_source_actor permits);

} // namespace praetor::catalog
