// Strong identifiers and counters. A function that takes a session id cannot be
// handed a node name, although both are strings.

#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace praetor {

/// A string that names one kind of thing. `Tag` is an empty struct.
template <class Tag>
struct id {
  std::string value;

  friend auto operator<=>(const id&, const id&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, id& x) {
    return f(x.value);
  }
};

/// A Raft server: its node id, UUID text of 36 characters.
using peer_id = id<struct peer_id_tag>;

/// Position in the Raft log, from 1; also every row's Create- and ModifyIndex.
using log_index = std::uint64_t;

/// Raft term, from 1.
using log_term = std::uint64_t;

/// Milliseconds since 1970 by the leader's wall clock: the only time that the
/// replicated state may look at. It never goes back from entry to entry.
using cluster_time = std::int64_t;

} // namespace praetor
