// Health: carries out this node's checks.
//
// Spawned by the node before the agent, lives as long as the node. It holds no
// truth: the agent owns the checks and starts them anew after a restart. Dying,
// it only stops the checks.
//
//   agent --start_check, stop_check, renew_ttl--> HEALTH --probe--> prober
//         <--------------check_result------------   ^---outcome-------+
//
// One timer for all checks; without checks it costs nothing.

#pragma once

#include "actors/health/core/check_schedule.hpp"
#include "actors/health/messages.hpp"
#include "actors/health/prober.hpp"
#include "actors/message_traits.hpp"

#include <caf/typed_actor.hpp>

#include <memory>

namespace praetor::health {

/// Receives results that count: whoever started the check.
using result_sink_actor = caf::typed_actor<caf::reacts_to<check_result>>;

/// INTERNAL: a probe is over.
struct probe_done {
  using is_message = void;
  std::uint64_t probe = 0;
  verdict outcome;
};

/// INTERNAL: something may be due.
struct wake_up {
  using is_message = void;
  std::uint64_t generation = 0;
};

/// The interface of health; messages.hpp says what each message does. None
/// fails.
using health_actor = caf::typed_actor<
  // Results go to the sender.
  caf::reacts_to<start_check>, caf::reacts_to<stop_check>,
  caf::reacts_to<renew_ttl>,
  // INTERNAL.
  caf::reacts_to<probe_done>, caf::reacts_to<wake_up>>;

/// Spawns the actor without checks.
/// @param probes Not null; may be used from any thread.
health_actor spawn_health(caf::actor_system& sys, schedule_options options,
                          std::shared_ptr<prober> probes);

} // namespace praetor::health
