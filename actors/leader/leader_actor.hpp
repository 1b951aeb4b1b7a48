// The leader actor: duties that only the leader has.
//
// Spawned by the node's supervisor when this server leads and has applied its
// first entry; killed when it leads no more, so its state never outlives a
// term. It holds no truth: sessions live in kv, and only the log ends one.
// Losing this actor delays duties and cannot lose or end anything.
//
//   router     --renew_session, get_health--> LEADER --submit--> router
//   supervisor --members_changed------------>        --read----> kv
//                                                    --both----> RECONCILER,
//                                                                AUTOPILOT
//
// Duties
// - ends sessions whose TTL ran out;
// - keeps the catalog in step with the members of the pool: the reconciler, see
//   reconciler_actor.hpp; until it knows them, registers this server itself;
// - keeps Raft's membership in step with the servers: the autopilot, see
//   autopilot_actor.hpp. It spawns both, and takes them along when it dies;
// - lets the autopilot follow its configuration in the catalog, and writes the
//   first one.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/gossip/messages.hpp"
#include "actors/kv/messages.hpp"
#include "actors/leader/autopilot_actor.hpp"
#include "actors/leader/reconciler_actor.hpp"
#include "actors/message_traits.hpp"
#include "actors/router/messages.hpp"

#include <caf/typed_actor.hpp>

namespace praetor::leader {

/// INTERNAL: kv's list of sessions, or why there is none.
struct sessions_arrived {
  using is_message = void;
  result<owner::read_answer> sessions;
};

/// INTERNAL: the autopilot's configuration, or why there is none.
struct config_arrived {
  using is_message = void;
  result<owner::read_answer> config;
};

/// INTERNAL: ask for it again.
struct ask_config {
  using is_message = void;
};

/// INTERNAL: ask kv again.
struct ask_sessions {
  using is_message = void;
};

/// Knows the sessions; in production kv.
using session_source_actor = caf::typed_actor<caf::reacts_to<kv::read>>;

/// The interface of the leader actor.
using leader_actor = caf::typed_actor<
  // A session without a clock gets one when kv's list arrives.
  // Errors: not_found for one that is ending.
  caf::reacts_to<router::renew_session>,
  // Errors: rejected, if there is no autopilot; overloaded.
  caf::reacts_to<get_health>,
  // Never fails.
  caf::reacts_to<gossip::members_changed>,
  // INTERNAL
  caf::reacts_to<sessions_arrived>, caf::reacts_to<ask_sessions>,
  caf::reacts_to<config_arrived>, caf::reacts_to<ask_config>,
  caf::reacts_to<caf::tick_atom>>;

/// What the leader actor works with.
struct options {
  command_sink_actor commands;
  session_source_actor sessions;
  /// This server's own registration.
  catalog::register_node self;
  /// The term that it leads in: what it writes is of no use in a later one,
  /// where another leader's clocks count.
  log_term term = 0;
  /// Lists the nodes; none: the catalog does not follow the pool, and has no
  /// configuration of the autopilot.
  node_source_actor nodes{};
  /// Knows the servers; none: there is no autopilot.
  raft_control_actor raft{};
  /// As gossip last said, null if it said nothing yet.
  gossip::member_list members{};
  /// The first configuration, until an operator sets another one.
  autopilot::config autopilot_config{};
};

leader_actor spawn_leader(caf::actor_system& sys, options opts);

} // namespace praetor::leader
