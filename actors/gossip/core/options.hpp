// What a gossip core can be told, with units and defaults, and what follows
// from the size of the pool.
//
// Source: hashicorp/memberlist and serf, as Consul configures them.

#pragma once

#include "actors/gossip/core/suspicion_timer.hpp"
#include "actors/gossip/core/types.hpp"
#include "runtime/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace praetor::gossip {

/// Who may be in a pool.
enum class pool_kind : std::uint8_t {
  /// All agents of a datacenter.
  lan,
  /// Servers of all datacenters.
  wan,
};

/// Periods and limits of a gossip core; the defaults are those of a LAN.
struct core_options {
  /// This node.
  member_facts self;

  pool_kind pool = pool_kind::lan;

  /// One member is probed in each; a second without answer: suspect.
  duration probe_interval = std::chrono::seconds{1};

  /// How long to wait for the answer to a ping before others are asked to try.
  duration probe_timeout = std::chrono::milliseconds{500};

  /// How many others are asked.
  std::size_t indirect_probes = 3;

  /// The health score stays below; 0 is healthy.
  int awareness_max = 8;

  duration gossip_interval = std::chrono::milliseconds{200};
  std::size_t gossip_nodes = 3;

  /// So long after a death a member still gets gossip, and may so refute.
  duration gossip_to_dead = std::chrono::seconds{30};

  /// While much is queued.
  duration burst_interval = std::chrono::milliseconds{100};
  std::size_t burst_nodes = 6;

  /// Times log10 of the pool's size: how often news is sent.
  int retransmit_mult = 4;

  int suspicion_mult = 4;
  int suspicion_max_mult = 6;

  /// Between exchanges of all that is known with a random member; longer in
  /// pools of more than 32.
  duration sync_interval = std::chrono::seconds{30};

  /// A stream that took longer is given up.
  duration stream_timeout = std::chrono::seconds{10};

  /// Streams of others at the same time; further ones are closed.
  std::size_t inbound_streams_max = 128;

  /// When a dead member's name may be used from another address, by the same
  /// node, and by another node. Zero: never.
  duration dead_reclaim = std::chrono::seconds{30};
  duration dead_reclaim_by_other{};

  /// How often a failed member is called, and when failed and left members are
  /// forgotten.
  duration reconnect_interval = std::chrono::seconds{30};
  duration reconnect_timeout = std::chrono::hours{72};
  duration tombstone_timeout = std::chrono::hours{24};
  duration reap_interval = std::chrono::seconds{15};

  duration leave_intent_timeout = std::chrono::seconds{5};
  duration leave_propagate_delay = std::chrono::seconds{1};

  /// How long an intent about an unknown member, or that a member was pruned,
  /// is remembered.
  duration intent_keep = std::chrono::minutes{5};

  /// Shortest time between snapshots that are not urgent.
  duration snapshot_interval = std::chrono::milliseconds{500};

  /// Whether a node that left on purpose looks for its old pool at start.
  bool rejoin_after_leave = false;

  /// Whether the members vote if two nodes have one name; the loser stops.
  bool resolve_conflicts = true;

  /// Whether members of that address may be in the pool; none: all may.
  std::function<bool(std::string_view address)> allowed;

  /// One datagram, without what encryption adds (37 of 1400 bytes).
  std::size_t packet_bytes = 1363;

  /// For order, choice and phases.
  std::uint64_t seed = 0;
};

/// The defaults of a WAN.
core_options wan_options();

/// How often one piece of news is sent in a pool of `members`.
int retransmit_limit(const core_options& opts, std::size_t members);

/// How long a suspect has to refute in a pool of `members`.
suspicion_timer::options suspicion_options(const core_options& opts,
                                           std::size_t members);

/// Time between exchanges of all that is known in a pool of `members`.
duration sync_period(const core_options& opts, std::size_t members);

} // namespace praetor::gossip
