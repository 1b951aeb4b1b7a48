// What Raft servers say to each other, and the options they run with.
//
// Pure data. Messages may be lost, repeated, reordered and delayed without
// bound, and come from outside: `well_formed` is asked before anything else.
// `probe_ts` is the leader's own monotonic clock in nanoseconds, echoed
// untouched, so clocks of two machines are never compared.

#pragma once

#include "actors/raft/core/log.hpp"
#include "runtime/base/checkpoint.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/log_batch.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace praetor::raft {

/// The term of a cluster's first entry, which no leader wrote; leaders have
/// later ones.
constexpr log_term founding_term = 1;

enum class role : std::uint8_t { follower, pre_candidate, candidate, leader };

// -- messages -----------------------------------------------------------------

/// Would you vote for me? Changes nothing at the one who is asked.
struct pre_vote {
  log_term next_term = 0;
  log_position last;
};

struct pre_vote_reply {
  /// The `next_term` that was asked about.
  log_term asked_term = 0;
  bool granted = false;
  log_term voter_term = 0;
};

/// Vote for me in this message's term.
struct vote {
  log_position last;
  /// The leader itself asked for this election: do not be sticky.
  bool transfer = false;
};

struct vote_reply {
  log_term asked_term = 0;
  bool granted = false;
};

/// Entries on the wire: like a vector of entries.
struct entry_list {
  std::vector<entry_ptr> items;
};

/// Entries behind `previous`, maybe none.
struct append {
  /// Echoed; tells the answer to one probe from the answer to another.
  std::uint64_t send_id = 0;
  log_position previous;
  entry_list entries;
  log_index commit = 0;
  std::int64_t probe_ts = 0;
};

/// How the sender of an answer is doing.
struct peer_health {
  /// Its election timeout, which bounds the leader's lease.
  duration election_min{0};
  log_index applied = 0;
  /// Age of its oldest write that is not durable.
  duration disk_stall{0};
};

struct append_reply {
  std::uint64_t send_id = 0;
  bool ok = false;
  /// If ok: everything up to here is durable and the leader's.
  log_index match = 0;
  /// If not: `previous.index` of the append, and where the logs may agree.
  log_index rejected = 0;
  log_position hint;
  std::int64_t probe_ts = 0;
  peer_health health;
};

/// Sent on its own lane and answered without waiting for a disk.
struct heartbeat {
  /// Limited to what the follower has acknowledged.
  log_index commit = 0;
  std::int64_t probe_ts = 0;
  /// The largest number of a read that waits for confirmation.
  std::uint64_t read_seq = 0;
};

struct heartbeat_reply {
  std::int64_t probe_ts = 0;
  std::uint64_t read_seq = 0;
  peer_health health;
  /// The disk lost entries that were acknowledged: the last one that is left.
  std::optional<log_index> lost_behind = std::nullopt;
};

/// Stand for election at once: you are the heir.
struct timeout_now {
  log_index leader_last = 0;
};

/// From where on may I serve a linearizable read?
struct read_index_request {
  /// Never used twice by a process.
  std::uint64_t request = 0;
  bool use_lease = false;
};

struct read_index_reply {
  std::uint64_t request = 0;
  bool ok = false;
  log_index index = 0;
};

/// Your log is too far behind mine: take my tables.
struct state_offer {
  /// Names this transfer; rising for one leader.
  std::uint64_t transfer = 0;
  checkpoint_mark mark;
  std::int64_t probe_ts = 0;
};

/// A part of the tables, opaque to Raft.
struct state_chunk {
  std::uint64_t transfer = 0;
  /// Counts chunks from 0.
  std::uint64_t number = 0;
  /// Nothing comes after it.
  bool last = false;
  /// CRC32C of all payloads of this transfer up to and including this one.
  std::uint32_t checksum = 0;
  std::string payload;
  std::int64_t probe_ts = 0;
};

/// How far a transfer has come.
struct state_reply {
  std::uint64_t transfer = 0;
  /// The first chunk that is missing.
  std::uint64_t next = 0;
  /// Nothing is needed any more: everything up to `match` is durable.
  bool done = false;
  log_index match = 0;
  std::int64_t probe_ts = 0;
  peer_health health;
};

/// Appended to only: positions are on the wire.
using message_body =
  std::variant<pre_vote, pre_vote_reply, vote, vote_reply, append, append_reply,
               heartbeat, heartbeat_reply, timeout_now, read_index_request,
               read_index_reply, state_offer, state_chunk, state_reply>;

struct message {
  std::string cluster_id;
  peer_id from;
  peer_id to;
  log_term term = 0;
  message_body body;
};

/// Whether a message makes sense by itself: entries contiguous, with rising
/// terms, known kinds and readable memberships; marks likewise.
bool well_formed(const message& x);

// -- encoding -----------------------------------------------------------------

template <class Inspector>
auto inspect(Inspector& f, log_position& x) {
  return f(x.index, x.term);
}

template <class Inspector>
auto inspect(Inspector& f, pre_vote& x) {
  return f(x.next_term, x.last);
}

template <class Inspector>
auto inspect(Inspector& f, pre_vote_reply& x) {
  return f(x.asked_term, x.granted, x.voter_term);
}

template <class Inspector>
auto inspect(Inspector& f, vote& x) {
  return f(x.last, x.transfer);
}

template <class Inspector>
auto inspect(Inspector& f, vote_reply& x) {
  return f(x.asked_term, x.granted);
}

inline bool inspect(encoder& f, entry_list& x) {
  f.put_varint(x.items.size());
  for (const auto& item : x.items)
    f(*item);
  return true;
}

inline bool inspect(decoder& f, entry_list& x) {
  std::vector<log_entry> entries;
  const auto good = f(entries);
  x.items.clear();
  for (auto& entry : entries)
    x.items.push_back(std::make_shared<const log_entry>(std::move(entry)));
  return good;
}

template <class Inspector>
auto inspect(Inspector& f, append& x) {
  return f(x.send_id, x.previous, x.entries, x.commit, x.probe_ts);
}

template <class Inspector>
auto inspect(Inspector& f, peer_health& x) {
  return f(x.election_min, x.applied, x.disk_stall);
}

template <class Inspector>
auto inspect(Inspector& f, append_reply& x) {
  return f(x.send_id, x.ok, x.match, x.rejected, x.hint, x.probe_ts, x.health);
}

template <class Inspector>
auto inspect(Inspector& f, heartbeat& x) {
  return f(x.commit, x.probe_ts, x.read_seq);
}

template <class Inspector>
auto inspect(Inspector& f, heartbeat_reply& x) {
  return f(x.probe_ts, x.read_seq, x.health, x.lost_behind);
}

template <class Inspector>
auto inspect(Inspector& f, timeout_now& x) {
  return f(x.leader_last);
}

template <class Inspector>
auto inspect(Inspector& f, read_index_request& x) {
  return f(x.request, x.use_lease);
}

template <class Inspector>
auto inspect(Inspector& f, read_index_reply& x) {
  return f(x.request, x.ok, x.index);
}

template <class Inspector>
auto inspect(Inspector& f, state_offer& x) {
  return f(x.transfer, x.mark, x.probe_ts);
}

template <class Inspector>
auto inspect(Inspector& f, state_chunk& x) {
  return f(x.transfer, x.number, x.last, x.checksum, x.payload, x.probe_ts);
}

template <class Inspector>
auto inspect(Inspector& f, state_reply& x) {
  return f(x.transfer, x.next, x.done, x.match, x.probe_ts, x.health);
}

template <class Inspector>
auto inspect(Inspector& f, message& x) {
  return f(x.cluster_id, x.from, x.to, x.term, x.body);
}

} // namespace praetor::raft
