#include "actors/kv/kv_actor.hpp"

#include "actors/kv/core/kv_core.hpp"
#include "actors/owner/spawn_owner.hpp"

namespace praetor::kv {

result<kv_actor> spawn_kv(caf::actor_system& sys, log_index checkpoint,
                          const std::vector<row>& rows,
                          owner::permit_source_actor permits) {
  return owner::spawn_owner<kv_core>(sys, checkpoint, rows, std::move(permits));
}

} // namespace praetor::kv
