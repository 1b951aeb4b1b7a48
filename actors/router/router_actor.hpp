// The router: where a request goes.
//
// Spawned at start, lives as long as the node. It gives each command its
// origin, so that a repeated one takes effect once. If another server leads, it
// sends commands there, and again to the next leader if that one fails. When it
// dies, requests under way are answered with "canceled", and nothing else is
// lost.
//
//   api, agent, leader --submit-----------> ROUTER --propose-------> raft
//   api ----------------renew_session-----> ROUTER --renew_session-> leader
//   api ----------------at_leader<...>----> ROUTER --get_health----> leader
//                                                  --change_members, ...-->
//                                                  raft
//   peers --------------pass_on-----------> ROUTER --propose_all---> peers
//   supervisor ---------leader_known------> ROUTER --renew_session-> peers

#pragma once

#include "actors/leader/leader_actor.hpp"
#include "actors/raft/messages.hpp"
#include "actors/router/core/rpc.hpp"
#include "actors/router/leader_request.hpp"
#include "actors/router/messages.hpp"
#include "runtime/base/peer_network.hpp"
#include "runtime/base/time.hpp"

#include <caf/typed_actor.hpp>

#include <memory>

namespace praetor::router {

/// From the supervisor: the leader's duties run here (or do no more).
struct leader_here {
  using is_message = void;
  /// Null: not here.
  leader::leader_actor actor;
};

/// INTERNAL: another server answered a batch of commands, or did not.
struct batch_answered {
  using is_message = void;
  std::uint64_t batch = 0;
  result<rpc::command_outcomes> outcome = rpc::command_outcomes{};
};

/// INTERNAL: the leader did not answer a request, or not well.
struct request_failed {
  using is_message = void;
  leader_request request;
  time_point deadline;
  error why;
};

/// INTERNAL: this server led, but not long enough for that command.
struct proposal_refused {
  using is_message = void;
  rpc::command what;
  time_point deadline;
  reply<command_result> to;
  error why;
};

/// Takes proposals; in production Raft.
using proposal_sink_actor = caf::typed_actor<caf::reacts_to<raft::propose>>;

/// The interface of the router.
using router_actor = caf::typed_actor<
  // Errors: no_leader, overloaded, timeout.
  caf::reacts_to<submit>, caf::reacts_to<submit_many>, caf::reacts_to<pass_on>,
  // Errors: no_leader, overloaded.
  caf::reacts_to<renew_session>,
  // Errors: those of whom it is for besides.
  caf::reacts_to<at_leader<leader::get_health>>,
  caf::reacts_to<at_leader<raft::get_status>>,
  caf::reacts_to<at_leader<raft::change_members>>,
  caf::reacts_to<at_leader<raft::transfer_leadership>>,
  // Never fail.
  caf::reacts_to<leader_here>, caf::reacts_to<leader_known>,
  // INTERNAL
  caf::reacts_to<batch_answered>, caf::reacts_to<request_failed>,
  caf::reacts_to<proposal_refused>, caf::reacts_to<caf::tick_atom>>;

/// What the router works with.
struct options {
  proposal_sink_actor raft;
  /// Origin of commands: this server and the count of its starts.
  std::string node_id;
  std::uint64_t boot = 0;
  /// How long requests wait for a leader. Source: Consul, rpc_hold_timeout.
  duration leader_wait = std::chrono::seconds{7};
  /// The way to other servers; null: what is not for this server waits for it
  /// to lead.
  std::shared_ptr<peer_network> network = nullptr;
  /// Raft as operators see it; none: what they ask of it is refused.
  leader::raft_control_actor raft_control{};
};

router_actor spawn_router(caf::actor_system& sys, options opts);

} // namespace praetor::router
