// The autopilot: decides which servers take part in Raft.
//
// Spawned and killed by the leader actor, so it lives for one term. It holds
// nothing but since when servers are healthy or gone; a new leader starts to
// count anew. Losing it delays changes and cannot lose a server.
//
//   leader --members_changed--> AUTOPILOT --get_status----------> raft
//          --get_health------->           --change_members------>
//                                         --transfer_leadership->
//
// It looks when the pool changes; every second while it waits for something,
// e.g. for a new server to be healthy for long enough; else every ten seconds,
// and never if this server is alone.

#pragma once

#include "actors/gossip/messages.hpp"
#include "actors/leader/messages.hpp"
#include "actors/message_traits.hpp"
#include "actors/raft/messages.hpp"

#include <caf/atom.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include <cstddef>

namespace praetor::leader {

/// Knows and changes the membership; in production Raft.
using raft_control_actor =
  caf::typed_actor<caf::reacts_to<raft::get_status>,
                   caf::reacts_to<raft::change_members>,
                   caf::reacts_to<raft::transfer_leadership>>;

/// INTERNAL: how Raft is, or why nobody knows.
struct status_arrived {
  using is_message = void;
  result<raft::raft_status> status;
};

/// INTERNAL: what was decided is done, or refused.
struct decision_done {
  using is_message = void;
  praetor::status outcome = ok;
};

/// Decide by this configuration from now on.
struct configure {
  using is_message = void;
  autopilot::config config;
};

/// The interface of the autopilot.
using autopilot_actor =
  caf::typed_actor<caf::reacts_to<gossip::members_changed>,
                   // Errors: overloaded.
                   caf::reacts_to<get_health>, caf::reacts_to<configure>,
                   // INTERNAL
                   caf::reacts_to<status_arrived>,
                   caf::reacts_to<decision_done>,
                   caf::reacts_to<caf::tick_atom>>;

/// What the autopilot works with.
struct autopilot_options {
  raft_control_actor raft;
  /// This server.
  peer_id self;
  autopilot::config config{};
  /// Time between two looks while something is awaited, and otherwise.
  /// Source: Consul, ServerHealthInterval and AutopilotInterval.
  duration busy_period = std::chrono::seconds{1};
  duration idle_period = std::chrono::seconds{10};
  /// Questions for the health that wait; beyond: overloaded.
  std::size_t questions_max = 1024;
};

autopilot_actor spawn_autopilot(caf::actor_system& sys, autopilot_options opts);

} // namespace praetor::leader
