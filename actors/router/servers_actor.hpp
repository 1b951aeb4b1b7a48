// The servers actor: on a client agent, it stands for everything that only
// servers have.
//
// Spawned by the node instead of kv, catalog, raft and router; lives as long as
// the node. Its interface is theirs, so that who asks does not notice. It picks
// a server and stays with it, changes when that one fails, and now and then to
// spread the load. When it dies, requests under way are answered with
// "canceled".
//
//   api, agent --read_many, submit, ...--> SERVERS --questions--> a server
//   members ---servers_known------------->
//
// Commands carry an origin, so a repeated one takes effect once; reads may be
// repeated anyway. While no server answers, requests wait `leader_wait`.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/kv/messages.hpp"
#include "actors/message_traits.hpp"
#include "actors/owner/messages.hpp"
#include "actors/raft/messages.hpp"
#include "actors/router/core/rpc.hpp"
#include "actors/router/messages.hpp"
#include "runtime/base/peer_network.hpp"
#include "runtime/base/time.hpp"

#include <caf/atom.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace praetor::router {

/// The living servers of this datacenter, by node id. The latest list counts.
struct servers_known {
  using is_message = void;
  std::vector<std::string> ids;
};

/// INTERNAL: a server answered a question, or could not be asked.
struct question_answered {
  using is_message = void;
  std::uint64_t question = 0;
  result<std::string> answer = std::string{};
};

/// INTERNAL: a server answered a batch of commands, or did not.
struct commands_answered {
  using is_message = void;
  std::uint64_t batch = 0;
  result<rpc::command_outcomes> outcome = rpc::command_outcomes{};
};

/// The interface of the servers actor.
using servers_actor = caf::typed_actor<
  // Never fails.
  caf::reacts_to<servers_known>,
  // As the owners. Errors: no_leader ("No known Consul servers") besides.
  caf::reacts_to<kv::read>, caf::reacts_to<kv::read_many>,
  caf::reacts_to<catalog::read>, caf::reacts_to<catalog::read_many>,
  caf::reacts_to<owner::forget_watch>,
  // As the router.
  caf::reacts_to<submit>, caf::reacts_to<submit_many>,
  caf::reacts_to<renew_session>, caf::reacts_to<at_leader<leader::get_health>>,
  caf::reacts_to<at_leader<raft::get_status>>,
  caf::reacts_to<at_leader<raft::change_members>>,
  caf::reacts_to<at_leader<raft::transfer_leadership>>,
  // As Raft of the server that is asked.
  caf::reacts_to<raft::get_status>,
  // INTERNAL
  caf::reacts_to<question_answered>, caf::reacts_to<commands_answered>,
  caf::reacts_to<caf::tick_atom>>;

/// What the servers actor works with.
struct servers_options {
  std::shared_ptr<peer_network> network;
  /// Origin of commands: this node, and a number that no start of it had.
  std::string node_id;
  std::uint64_t boot = 0;
  /// How long requests wait for a server that answers. Source: Consul,
  /// rpc_hold_timeout.
  duration leader_wait = std::chrono::seconds{7};
  /// Then another server is asked, so that new ones get their share. Source:
  /// Consul, clientRPCMinReuseDuration with its jitter.
  duration stay = std::chrono::seconds{150};
};

servers_actor spawn_servers(caf::actor_system& sys, servers_options opts);

} // namespace praetor::router
