// The router: where a request goes.
//
// Spawned at start, lives as long as the node. It gives each command its
// origin, so that a repeated one takes effect once. When it dies, requests
// under way are answered with "canceled", and nothing else is lost.
//
//   api, agent, leader --submit-----------> ROUTER --propose-------> raft
//   api ----------------renew_session-----> ROUTER --renew_session-> leader

#pragma once

#include "actors/leader/leader_actor.hpp"
#include "actors/raft/messages.hpp"
#include "actors/router/messages.hpp"

#include <caf/typed_actor.hpp>

namespace praetor::router {

/// From the supervisor: the leader's duties run here (or do no more).
struct leader_here {
  using is_message = void;
  /// Null: not here.
  leader::leader_actor actor;
};

/// Takes proposals; in production Raft.
using proposal_sink_actor = caf::typed_actor<caf::reacts_to<raft::propose>>;

/// The interface of the router.
using router_actor = caf::typed_actor<
  // Errors: no_leader, overloaded, timeout.
  caf::reacts_to<submit>, caf::reacts_to<submit_many>,
  // Errors: no_leader, overloaded.
  caf::reacts_to<renew_session>,
  // Never fails.
  caf::reacts_to<leader_here>,
  // INTERNAL: a held request's time may be up.
  caf::reacts_to<caf::tick_atom>>;

/// What the router works with.
struct options {
  proposal_sink_actor raft;
  /// Origin of commands: this server and the count of its starts.
  std::string node_id;
  std::uint64_t boot = 0;
  /// How long requests wait for a leader. Source: Consul, rpc_hold_timeout.
  duration leader_wait = std::chrono::seconds{7};
};

router_actor spawn_router(caf::actor_system& sys, options opts);

} // namespace praetor::router
