// What the leader knows about one peer's log, and what is under way to it.
//
// Pure. `match` comes from acknowledgements of this term only, and falls only
// if the peer says that its disk lost what it acknowledged; `next` is a guess.
// The two must never be mixed up: counting a guess commits entries that nobody
// has (microsoft/CCF issue 5325).
//
//   probe      at most one append under way, named by its send id; only the
//              answer to that one, or to a later heartbeat, triggers the next
//   replicate  optimistic: `next` moves when entries are sent, up to a window
//   snapshot   the log does not reach back far enough: nothing but heartbeats

#pragma once

#include "actors/raft/core/log.hpp"
#include "actors/raft/core/types.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace praetor::raft {

enum class replication_mode : std::uint8_t { probe, replicate, snapshot };

/// See the head of the file.
///
/// Invariant: `match < next`.
class progress {
public:
  /// Nothing is known but a guess.
  progress(log_index next, log_limit inflight_max);

  // -- questions
  // ---------------------------------------------------------------

  replication_mode mode() const { return mode_; }
  log_index match() const { return match_; }
  log_index next() const { return next_; }

  /// Whether nothing may be sent until an answer comes.
  bool paused() const;

  bool idle() const { return inflight_.empty(); }

  // -- what happens to it
  // ----------------------------------------------------------

  /// An append with entries up to `last` (`next() - 1` if none) was sent.
  void sent(std::uint64_t send_id, log_index last, std::uint64_t bytes,
            time_point now);

  /// The peer has everything up to `match`. An acknowledgement may be old.
  void acknowledged(std::uint64_t send_id, log_index match);

  /// The peer refused what came behind `rejected`; the logs may agree at
  /// `agree`. Returns false if the answer is stale, or teaches nothing.
  bool refused(log_index rejected, log_index agree);

  /// A heartbeat of the moment `asked` was answered: what was sent before may
  /// be lost. Where answers take longer than heartbeats' period, earlier ones
  /// say nothing.
  void heard(time_point asked);

  /// The peer's disk lost what it had acknowledged behind `last`: it must get
  /// that again. Nothing that is committed becomes less so. Returns false if
  /// that is old news.
  bool lost(log_index last);

  /// The transport lost the connection.
  void unreachable();

  /// The log begins behind what the peer needs.
  void need_snapshot();

  /// The peer got its tables up to `index`, or failed to.
  void snapshot_ended(log_index index);

  /// Entries must be read from disk before the next append.
  bool reading = false;

  // -- facts from its answers
  // ------------------------------------------------------

  /// The largest `probe_ts` it echoed in this term.
  std::optional<time_point> echoed;

  /// The largest read number it echoed in this term.
  std::uint64_t read_seq = 0;

  /// The largest commit index it was told.
  log_index commit_sent = 0;

  peer_health health;

private:
  void become_probe(log_index next);

  struct flight {
    log_index last = 0;
    std::uint64_t bytes = 0;
  };

  log_limit inflight_max_;
  replication_mode mode_ = replication_mode::probe;
  log_index match_ = 0;
  log_index next_ = 1;

  /// The send id of the one probe under way, and when it was sent.
  std::optional<std::uint64_t> probe_;
  time_point probed_at_;

  std::deque<flight> inflight_;
  std::uint64_t inflight_bytes_ = 0;
};

} // namespace praetor::raft
