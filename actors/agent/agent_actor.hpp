// The agent: owner of this node's services, checks and user events.
//
// Spawned by the node on every host, lives as long as the node. What came over
// HTTP is on disk before it is answered; if the actor dies the node goes down,
// and the next start reads the rows again.
//
//   api --register, update, maintain--> AGENT --write_local--> storage
//                                       |  ^--check_result---- health
//   router <--submit (changes)----------+  +--start, stop----> health
//   catalog <--read (full sync)---------+
//   gossip <--fire_event----------------+  ^--members, events-- gossip
//
// Until the first `load_definitions` there is no full sync: services defined in
// files would be taken for strangers and removed from the catalog.

#pragma once

#include "actors/agent/core/event_ring.hpp"
#include "actors/agent/core/local_json.hpp"
#include "actors/agent/core/sync_clock.hpp"
#include "actors/agent/messages.hpp"
#include "actors/catalog/messages.hpp"
#include "actors/gossip/messages.hpp"
#include "actors/health/health_actor.hpp"
#include "actors/message_traits.hpp"
#include "actors/router/messages.hpp"
#include "actors/storage/messages.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace praetor::agent {

/// Takes commands for the catalog; in production the router.
using command_sink_actor = caf::typed_actor<caf::reacts_to<router::submit>>;

/// Answers what the catalog has about a node.
using catalog_source_actor = caf::typed_actor<caf::reacts_to<catalog::read>>;

/// Stores rows of this node.
using row_sink_actor = caf::typed_actor<caf::reacts_to<disk::write_local>>;

/// Tells events to all members; in production gossip.
using event_spreader_actor =
  caf::typed_actor<caf::reacts_to<gossip::fire_event>>;

/// INTERNAL: rows are on disk, or the disk failed.
struct rows_stored {
  using is_message = void;
  std::uint64_t ticket = 0;
  status outcome = ok;
};

/// INTERNAL: the catalog took or refused a command.
struct push_answered {
  using is_message = void;
  std::uint64_t round = 0;
  std::size_t position = 0;
  bool success = false;
  std::string text;
};

/// INTERNAL: what the catalog has about a node; no text on failure.
struct snapshot_read {
  using is_message = void;
  /// Empty: of this node, for the full sync. Else the alias check that asked.
  std::string alias;
  std::uint64_t generation = 0;
  log_index index = 0;
  shared_text body;
  std::string failure;
};

/// INTERNAL: something may be due.
struct wake_up {
  using is_message = void;
  std::uint64_t generation = 0;
};

/// The interface of the agent; messages.hpp says what each message does.
using agent_actor = caf::typed_actor<
  // Changes.
  caf::reacts_to<register_service>, caf::reacts_to<deregister_service>,
  caf::reacts_to<register_check>, caf::reacts_to<deregister_check>,
  caf::reacts_to<update_ttl>, caf::reacts_to<maintain_service>,
  caf::reacts_to<maintain_node>, caf::reacts_to<load_definitions>,
  // Questions.
  caf::reacts_to<get_services>, caf::reacts_to<get_checks>,
  caf::reacts_to<get_service>, caf::reacts_to<get_service_health>,
  caf::reacts_to<get_counts>, caf::reacts_to<get_members>,
  // Events.
  caf::reacts_to<fire_event>, caf::reacts_to<list_events>,
  caf::reacts_to<forget_watch>,
  // From gossip: who subscribes the agent there.
  caf::reacts_to<gossip::members_changed>,
  caf::reacts_to<gossip::event_received>,
  // From health.
  caf::reacts_to<health::check_result>,
  // INTERNAL.
  caf::reacts_to<rows_stored>, caf::reacts_to<push_answered>,
  caf::reacts_to<snapshot_read>, caf::reacts_to<wake_up>>;

/// What the agent is told at birth.
struct agent_options {
  /// What the catalog should show about this node.
  catalog::node_row node;
  member_facts lan;
  /// Servers only.
  std::optional<member_facts> wan;
  local_options local;
  /// Rows of the local database.
  std::vector<row> stored;
  std::uint64_t seed = 0;
  regex_search search;
  /// Milliseconds since 1970; empty: the system's clock.
  std::function<std::int64_t()> wall_clock;

  sync_intervals intervals;
};

/// Whom the agent talks to.
struct agent_peers {
  command_sink_actor router;
  catalog_source_actor catalog;
  row_sink_actor storage;
  health::health_actor health;
  /// None: there are no other members, and events stay here.
  event_spreader_actor gossip{};
};

/// Spawns the agent. Errors: corruption, if a stored row does not decode.
result<agent_actor> spawn_agent(caf::actor_system& sys, agent_options options,
                                agent_peers peers);

} // namespace praetor::agent
