// What a Raft server can be told, with units and defaults.

#pragma once

#include "actors/raft/core/log.hpp"
#include "actors/raft/core/state_sender.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <string>

namespace praetor::raft {

/// Limits and periods of a Raft core.
struct core_options {
  peer_id self;

  /// Messages of other clusters are dropped.
  std::string cluster_id;

  /// Scales all periods below, 1 to 10; Consul's `raft_multiplier`.
  std::uint32_t raft_multiplier = 1;

  /// Shortest election timeout; the longest is twice that. At multiplier 1:
  /// far above a round trip and a sync in a local network. The default
  /// multiplier of 5 leaves room for machines that stall.
  duration election_base = std::chrono::milliseconds{300};

  /// Counts starts of this server, below 2^24. It keeps the numbers of reads
  /// apart from those before a restart, whose answers may still be under way.
  std::uint64_t boot = 0;

  /// For election timeouts and jitter.
  std::uint64_t seed = 0;

  /// One append message; an entry larger than that travels alone.
  log_limit append_max{512, 256 * 1024};

  /// Messages and bytes under way to one peer.
  log_limit inflight_max{64, 8 * 1024 * 1024};

  /// Entries kept in memory after they are applied.
  log_limit cache_max{1024, 16 * 1024 * 1024};

  /// Entries kept in the log after a checkpoint covers them.
  log_limit trailing{10240, 64 * 1024 * 1024};

  /// Payload that is proposed but not committed; beyond: overloaded.
  std::uint64_t uncommitted_bytes_max = 64 * 1024 * 1024;

  /// Committed entries that are not applied; beyond: overloaded.
  std::uint64_t apply_lag_max = 20000;

  /// A leader whose tables apply nothing for so long hands over.
  duration apply_stall_max = std::chrono::seconds{10};

  /// One entry's payload; beyond: invalid_argument.
  std::uint64_t entry_bytes_max = 2 * 1024 * 1024;

  /// How long a read waits for its confirmation. At multiplier 1.
  duration read_base = std::chrono::seconds{2};

  /// Reads that wait; beyond: overloaded.
  std::uint64_t reads_pending_max = 16384;

  /// Sending the tables to servers that are far behind.
  transfer_options transfers;

  duration election_min() const { return election_base * raft_multiplier; }

  /// A tenth of the election timeout.
  duration heartbeat_period() const { return election_min() / 10; }

  duration read_wait() const { return read_base * raft_multiplier; }
};

/// A leader's lease, as a part of what a majority of voters promised. The rest
/// covers clocks that run at different rates: 20 % is far beyond what time
/// synchronization does to a clock (0.05 %).
constexpr duration lease_part(duration election_min) {
  return election_min / 10 * 8;
}

} // namespace praetor::raft
