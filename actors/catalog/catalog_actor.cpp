#include "actors/catalog/catalog_actor.hpp"

#include "actors/catalog/core/catalog_core.hpp"
#include "actors/owner/spawn_owner.hpp"

namespace praetor::catalog {

result<catalog_actor> spawn_catalog(caf::actor_system& sys,
                                    log_index checkpoint,
                                    const std::vector<row>& rows,
                                    owner::permit_source_actor permits) {
  return owner::spawn_owner<catalog_core>(sys, checkpoint, rows,
                                          std::move(permits));
}

} // namespace praetor::catalog
