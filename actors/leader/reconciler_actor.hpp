// The reconciler: makes the catalog show who is in the pool.
//
// Spawned and killed by the leader actor, so it lives for one term. It holds no
// truth: what gossip says and what the catalog has are compared as wholes, when
// the pool changes and once a minute. Losing it delays corrections.
//
//   leader --members_changed--> RECONCILER --read---> catalog (all nodes)
//                                          --submit-> router
//
// Rounds: ask for the nodes, send what corrects them, wait until that is
// applied, ask again; done when nothing is wrong. A change of the pool during a
// round starts another one.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/gossip/messages.hpp"
#include "actors/message_traits.hpp"
#include "actors/router/messages.hpp"

#include <caf/atom.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include <cstddef>
#include <string>

namespace praetor::leader {

/// Takes commands; in production the router.
using command_sink_actor = caf::typed_actor<caf::reacts_to<router::submit>>;

/// Knows the nodes; in production the catalog.
using node_source_actor = caf::typed_actor<caf::reacts_to<catalog::read>>;

/// INTERNAL: the catalog's nodes, or why there are none.
struct nodes_arrived {
  using is_message = void;
  result<owner::read_answer> nodes;
};

/// INTERNAL: a correction was applied, or not.
struct correction_done {
  using is_message = void;
  std::string node;
  result<command_result> outcome = command_result{};
};

/// INTERNAL: look again, after something failed.
struct retry_round {
  using is_message = void;
};

/// The interface of the reconciler. Never fails.
using reconciler_actor =
  caf::typed_actor<caf::reacts_to<gossip::members_changed>,
                   // INTERNAL
                   caf::reacts_to<nodes_arrived>,
                   caf::reacts_to<correction_done>, caf::reacts_to<retry_round>,
                   caf::reacts_to<caf::tick_atom>>;

/// What the reconciler works with.
struct reconciler_options {
  command_sink_actor commands;
  node_source_actor nodes;
  /// Id of this server.
  std::string self;
  /// The term that it leads in; 0: any.
  log_term term = 0;
  /// Time between two rounds if nothing changes. Also how long a new leader
  /// waits before it believes that those it does not see are gone.
  /// Source: Consul, ReconcileInterval.
  duration period = std::chrono::seconds{60};
  /// Corrections under way: a thousand members may come at once.
  std::size_t in_flight_max = 64;
};

reconciler_actor spawn_reconciler(caf::actor_system& sys,
                                  reconciler_options opts);

} // namespace praetor::leader
