// The gossip actor: who is a member of a pool, and who lives.
//
// Spawned by the node with the link that owns the sockets; lives as long as the
// node. When it dies the node stops being a member; what it has to remember is
// in the snapshot file, which is durable before anybody hears of it.
//
//   api, node --join, leave, ...--> GOSSIP --members_changed--> leader, agent,
//                                   |  ^   --event_received---> agent
//                      (file keeper)|  |(what came in)
//                                   v  |
//                                  pool_link (sockets, keys)
//
// It also joins what the configuration names, until that works.

#pragma once

#include "actors/gossip/core/options.hpp"
#include "actors/gossip/core/snapshot.hpp"
#include "actors/gossip/messages.hpp"
#include "actors/gossip/pool_files.hpp"
#include "actors/gossip/pool_link.hpp"
#include "actors/message_traits.hpp"
#include "runtime/base/time.hpp"

#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace praetor::gossip {

/// Learns who the members are.
using member_sink_actor = caf::typed_actor<caf::reacts_to<members_changed>>;

/// Learns of user events.
using event_sink_actor = caf::typed_actor<caf::reacts_to<event_received>>;

/// Tell these from now on; they get the present list at once. Subscribers are
/// never forgotten.
struct subscribe {
  using is_message = void;
  std::vector<member_sink_actor> members;
  std::vector<event_sink_actor> events;
};

/// INTERNAL: the link has something.
struct link_has {
  using is_message = void;
  link_batch batch;
};

/// INTERNAL: a file is durable, or not.
struct file_stored {
  using is_message = void;
  std::uint64_t ticket = 0;
  status outcome = ok;
};

/// INTERNAL: one address of a join is resolved, or not.
struct address_resolved {
  using is_message = void;
  std::uint64_t join = 0;
  std::string address;
  result<resolved_address> outcome = resolved_address{};
};

/// INTERNAL: the link's keys, or why they did not change, for somebody.
struct keys_answered {
  using is_message = void;
  std::uint64_t question = 0;
  endpoint asker;
  /// They did change.
  bool changed = false;
  result<std::vector<std::string>> outcome = std::vector<std::string>{};
};

/// INTERNAL: something may be due.
struct wake_up {
  using is_message = void;
  /// Another one than the latest is ignored.
  std::uint64_t number = 0;
};

/// Replaces a file with that content.
struct store_file {
  using is_message = void;
  std::string path;
  std::string content;
  reply<std::monostate> to;
};

/// Makes files durable; in production an actor with a thread of its own.
using file_keeper_actor = caf::typed_actor<caf::reacts_to<store_file>>;

/// The interface of the gossip actor; messages.hpp says what each one does.
using gossip_actor =
  caf::typed_actor<caf::reacts_to<subscribe>, caf::reacts_to<join>,
                   caf::reacts_to<leave>, caf::reacts_to<force_leave>,
                   caf::reacts_to<fire_event>, caf::reacts_to<update_facts>,
                   caf::reacts_to<get_members>, caf::reacts_to<get_stats>,
                   caf::reacts_to<change_keys>,
                   // INTERNAL
                   caf::reacts_to<link_has>, caf::reacts_to<file_stored>,
                   caf::reacts_to<address_resolved>,
                   caf::reacts_to<keys_answered>, caf::reacts_to<wake_up>>;

/// What the gossip actor works with.
struct gossip_options {
  core_options core;

  /// What `read_snapshot` found.
  std::optional<pool_snapshot> before;

  /// Where to keep things; empty paths: nowhere.
  pool_files files;

  /// Consul's start_join: tried once, all of them, at start.
  std::vector<std::string> start_join;

  /// Consul's retry_join: tried until one works. 0 attempts: for ever.
  std::vector<std::string> retry_join;
  duration retry_interval = std::chrono::seconds{30};
  int retry_max = 0;

  /// The link has keys; for `get_stats`.
  bool encrypted = false;

  /// Whose log lines these are.
  std::string module = "agent.server";

  /// Shortest time between two lists for subscribers; longer in pools of more
  /// than 1000 members.
  duration coalesce = std::chrono::milliseconds{50};

  /// Writes files; none: an actor of its own does.
  file_keeper_actor keeper{};

  /// start_join or retry_join failed for good: the node stops, as Consul does.
  /// The sentence is for the log. Called in the actor's thread.
  std::function<void(std::string why)> on_join_failed;

  /// Another node has this node's name, and most members believe that one.
  /// Called in the actor's thread.
  std::function<void(std::string why)> on_name_lost;
};

/// Spawns the actor; it is a member, maybe the only one, from now on.
/// @pre `check(options.core.self)` succeeds.
gossip_actor spawn_gossip(caf::actor_system& sys, gossip_options options,
                          std::shared_ptr<pool_link> link);

} // namespace praetor::gossip
