// Where HTTP meets the actors: turns handles into the functions of `backends`.
// The only file of this folder that knows CAF. Calls go out as anonymous
// messages; reads and commands that come in one turn of the io thread go out as
// one message, so that an actor is woken once for all. Answers come back
// through the `reply` in each message, which posts to the io thread.

#pragma once

#include "actors/message_traits.hpp"
#include "api/http/handler.hpp"

#include <caf/typed_actor.hpp>

namespace praetor::http {

using kv_sink_actor = caf::typed_actor<caf::reacts_to<kv::read_many>,
                                       caf::reacts_to<owner::forget_watch>>;

using catalog_sink_actor =
  caf::typed_actor<caf::reacts_to<catalog::read_many>,
                   caf::reacts_to<owner::forget_watch>>;

using router_sink_actor =
  caf::typed_actor<caf::reacts_to<router::submit_many>,
                   caf::reacts_to<router::renew_session>,
                   caf::reacts_to<router::at_leader<raft::get_status>>,
                   caf::reacts_to<router::at_leader<raft::change_members>>,
                   caf::reacts_to<router::at_leader<raft::transfer_leadership>>,
                   caf::reacts_to<router::at_leader<leader::get_health>>>;

using raft_sink_actor = caf::typed_actor<caf::reacts_to<raft::get_status>>;

using agent_sink_actor = caf::typed_actor<
  caf::reacts_to<agent::register_service>,
  caf::reacts_to<agent::deregister_service>,
  caf::reacts_to<agent::register_check>,
  caf::reacts_to<agent::deregister_check>, caf::reacts_to<agent::update_ttl>,
  caf::reacts_to<agent::maintain_service>, caf::reacts_to<agent::maintain_node>,
  caf::reacts_to<agent::get_services>, caf::reacts_to<agent::get_checks>,
  caf::reacts_to<agent::get_service>, caf::reacts_to<agent::get_service_health>,
  caf::reacts_to<agent::get_counts>, caf::reacts_to<agent::get_members>,
  caf::reacts_to<agent::fire_event>, caf::reacts_to<agent::list_events>,
  caf::reacts_to<agent::forget_watch>>;

/// Whom the endpoints talk to. All must be set.
struct actor_handles {
  kv_sink_actor kv;
  catalog_sink_actor catalog;
  router_sink_actor router;
  raft_sink_actor raft;
  agent_sink_actor agent;
};

/// Fills in everything that an actor answers. @pre `to.post` is set.
/// `reload`, `leave`, `join`, `force_leave`, `change_keys` and `monitor` are
/// the node's own: they refuse until it sets them; so are `facts`, `post` and
/// `random`.
void connect_actors(backends& to, actor_handles actors);

} // namespace praetor::http
