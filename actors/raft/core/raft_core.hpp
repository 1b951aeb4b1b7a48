// The Raft machine: one server's part in agreeing on a log.
//
// Pure: no clock, thread, disk, network or log. `step` takes one input and
// returns what has to be done about it. The class holds the state and routes;
// the rules are in one file for each concern:
//
//   election.cpp     votes, stickiness, campaigns, becoming and ceasing to lead
//   replication.cpp  the leader's appends, heartbeats, answers, commit
//   follower.cpp     what a follower does with appends and heartbeats
//   reads.cpp        check-quorum, lease, read index
//   membership changes and transfer: reconfigure.cpp, transfer.cpp
//   state_transfer.cpp  giving the tables to a peer, and getting them
//
// Order rules that everything rests on:
// - an answer that depends on term, vote or entries is held until these are
//   durable; requests of a candidate and appends of a leader are not
// - a candidate counts its own vote, and a leader its own entries, only when
//   they are durable
// - only entries of the own term are committed by counting
//
// Source: Ongaro, Ousterhout: "In Search of an Understandable Consensus
// Algorithm", Ongaro's dissertation, etcd-io/raft (the shape of `step`).

#pragma once

#include "actors/raft/core/log.hpp"
#include "actors/raft/core/membership.hpp"
#include "actors/raft/core/options.hpp"
#include "actors/raft/core/persist_queue.hpp"
#include "actors/raft/core/progress.hpp"
#include "actors/raft/core/quorum.hpp"
#include "actors/raft/core/state_sender.hpp"
#include "actors/raft/core/step.hpp"
#include "runtime/base/rng.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace praetor::raft {

/// What a server finds on its disk, and what it starts with if there is none.
struct restored {
  hard_state hard;
  log_start start;
  std::vector<entry_ptr> entries;
  /// The checkpoint of the tables, its time, and the membership in force there.
  log_start checkpoint;
  cluster_time checkpoint_ts = 0;
  membership members;
  log_index members_index = 0;
  /// The first membership of a new cluster; ignored if there is any state.
  std::optional<membership> bootstrap;
};

/// Whether a server can start from that. Errors: corruption, if the log and the
/// checkpoint do not meet or a membership does not decode.
status check(const restored& x);

/// See the head of the file.
class raft_core {
public:
  /// @pre `check(from)` succeeded.
  raft_core(core_options opts, restored from, time_point boot);

  effects step(const input& x, time_point now);

  // -- what is known
  // ------------------------------------------------------------

  raft::role role() const { return role_; }
  log_term term() const { return hard_.term; }
  const hard_state& hard() const { return hard_; }
  log_index commit() const { return commit_; }
  log_index applied() const { return applied_; }
  const raft_log& entries() const { return log_; }
  const membership_history& memberships() const { return members_; }
  const core_options& options() const { return opts_; }

  /// Returns the leader of this term, empty if unknown.
  const peer_id& leader() const { return leader_; }

  /// Returns the index of this leader's first entry, 0 if not leading.
  log_index noop_index() const { return noop_index_; }

  /// Whether this server leads and has committed an entry of its term.
  bool leads() const { return role_ == role::leader && commit_ >= noop_index_; }

  /// Returns when the leader was last heard; nothing if never.
  std::optional<time_point> last_contact() const { return contact_; }

  /// Returns what the leader knows of a peer, or null.
  const progress* peer(const peer_id& id) const;

  /// Whether a write is under way to the disk.
  bool writing() const { return !disk_.idle(); }

  /// Whether another server is to take over; nothing is proposed meanwhile.
  bool handing_over() const { return transfer_.has_value(); }

  /// Until when readers were told that they need not ask again.
  time_point lease_granted() const { return lease_granted_; }

  /// Returns committed entries after `index`, as many as `limit` allows.
  /// @pre `index >= applied()`.
  std::vector<entry_ptr> committed_after(log_index index,
                                         log_limit limit) const;

  /// Asserts what must hold between steps.
  void check_invariants() const;

private:
  struct held_message {
    std::uint64_t token = 0;
    log_term made_in = 0;
    message content;
  };

  struct waiting_read {
    std::uint64_t id = 0;
    /// Who asked; empty: this server's own.
    peer_id from;
    bool use_lease = false;
    /// 0: waits until this leader has committed an entry of its term.
    std::uint64_t seq = 0;
    log_index index = 0;
    time_point deadline;
  };

  /// Tables that another server gives us.
  struct reception {
    /// Its number here, and the leader's number.
    std::uint64_t number = 0;
    std::uint64_t transfer = 0;
    peer_id from;
    checkpoint_mark mark;
    /// The chunk that has to come next, and the first that is not stored.
    std::uint64_t expected = 0;
    std::uint64_t stored = 0;
    std::int64_t probe_ts = 0;
    /// Storage is ready for chunks.
    bool begun = false;
    /// It goes on behind what was there before a crash, and no chunk has shown
    /// yet that this fits.
    bool unproven = false;
  };

  /// Received tables that the log has restarted behind.
  struct installation {
    state_install what;
    /// The restart is durable when this is.
    std::uint64_t token = 0;
    bool announced = false;
  };

  struct transfer_state {
    peer_id target;
    bool sent = false;
    time_point deadline;
  };

  // -- inputs (raft_core.cpp routes; the file of the concern implements)
  // --------

  void on(const begin& x);
  void on(const belong& x);
  void on(const tick& x);
  void on(const message& x);
  void on(const proposals& x);
  void on(const change_membership& x);
  void on(const read_request& x);
  void on(const transfer_request& x);
  void on(const storage_done& x);
  void on(const storage_failed& x);
  void on(const applied_index& x);
  void on(const checkpoint_taken& x);
  void on(const entries_read& x);
  void on(const peer_unreachable& x);
  void on(const state_opened& x);
  void on(const state_part_read& x);
  void on(const state_begun& x);
  void on(const state_part_stored& x);

  void receive(const message& m, const pre_vote& x);
  void receive(const message& m, const pre_vote_reply& x);
  void receive(const message& m, const vote& x);
  void receive(const message& m, const vote_reply& x);
  void receive(const message& m, const append& x);
  void receive(const message& m, const append_reply& x);
  void receive(const message& m, const heartbeat& x);
  void receive(const message& m, const heartbeat_reply& x);
  void receive(const message& m, const timeout_now& x);
  void receive(const message& m, const read_index_request& x);
  void receive(const message& m, const read_index_reply& x);
  void receive(const message& m, const state_offer& x);
  void receive(const message& m, const state_chunk& x);
  void receive(const message& m, const state_reply& x);

  // -- raft_core.cpp: common
  // ------------------------------------------------------

  bool accept_term(const message& m);
  void found();
  void settle();
  void flush();
  void release_held();
  void send(const peer_id& to, message_body body);
  void send_when_durable(const peer_id& to, message_body body);
  void send_when_term_durable(const peer_id& to, message_body body);
  void hold(std::uint64_t token, message m);
  void adopt_term(log_term term);
  void append_entry(log_entry x);
  void append_shared(entry_ptr x);
  void truncate(log_index from);
  void trim();
  peer_health health() const;
  std::optional<time_point> next_timer() const;
  bool is_self(const peer_id& id) const { return id == opts_.self; }

  // -- election.cpp
  // ---------------------------------------------------------------

  bool sole_voter() const;
  bool electable() const;
  bool sticky_towards(const peer_id& candidate) const;
  void set_leader(const peer_id& id);
  void reset_election_deadline();
  void expect_no_leader();
  void start_pre_vote();
  void campaign(bool transfer);
  void record_vote(const peer_id& voter, bool granted);
  void count_own_vote();
  void become_follower(log_term term, const peer_id& leader);
  void become_leader();
  void stop_leading();
  void tick_election();

  // -- replication.cpp
  // --------------------------------------------------------------

  status may_propose(const proposal& x) const;
  void advance_commit();
  void commit_advanced(log_index before);
  log_index match_of(const peer_id& voter) const;
  void send_appends(const peer_id& to, progress& p);
  bool send_append(const peer_id& to, progress& p, bool with_entries);
  void transmit(const peer_id& to, progress& p, std::vector<entry_ptr> entries);
  void send_appends_to_all();
  void broadcast_heartbeat();
  void tick_leader();
  void check_own_disk();
  void check_own_state();
  void note_contact(progress& p, std::int64_t probe_ts, const peer_health& h);

  // -- follower.cpp
  // -----------------------------------------------------------------

  void follow(const peer_id& leader);
  void accept_entries(const std::vector<entry_ptr>& entries, log_index after);
  void follower_commit(log_index upto);

  // -- reads.cpp
  // --------------------------------------------------------------------

  std::optional<time_point> quorum_contact() const;
  std::optional<time_point> lease_end() const;
  void check_quorum();
  void admit_read(waiting_read x);
  void begin_read(waiting_read x);
  void answer_read(const waiting_read& x, result<log_index> index);
  void answer_peer(const waiting_read& x, const result<log_index>& index);
  void release_ahead();
  void begin_waiting_reads();
  void settle_reads();
  void fail_reads();
  void expire_reads();

  // -- reconfigure.cpp
  // ----------------------------------------------------------------

  status may_change(const change_membership& x) const;
  void sync_peers();
  void retire_peers();

  // -- transfer.cpp
  // ------------------------------------------------------------------

  std::optional<peer_id> best_heir() const;
  void push_transfer();
  void abort_transfer();

  // -- state_transfer.cpp
  // ------------------------------------------------------------

  void begin_transfer(const peer_id& to);
  void end_transfer(const peer_id& to);
  void end_all_transfers();
  void tick_transfers();
  bool pin_expired(const state_sender& x) const;
  void push_chunks(const peer_id& to, state_sender& x);
  void state_unreadable(const peer_id& peer);
  log_index pinned() const;
  void answer_offer(std::uint64_t transfer, std::int64_t probe_ts, bool done);
  void receive_anew(const message& m, const state_offer& x);
  bool has_state_of(const checkpoint_mark& x) const;
  void drop_reception();
  void install(std::uint64_t generation);
  void restart_behind(const checkpoint_mark& x);

  // -- member variables
  // ---------------------------------------------------------------

  core_options opts_;
  rng rng_;

  /// The instant of the current step; never goes back.
  time_point now_;
  time_point boot_;
  effects out_;

  // Durable, or on its way to the disk.
  hard_state hard_;
  raft_log log_;
  membership_history members_;
  std::optional<membership> bootstrap_;

  // What the current step has to write.
  bool hard_dirty_ = false;
  std::optional<log_start> restart_;
  std::optional<log_index> truncate_from_;
  std::optional<log_index> write_from_;
  std::optional<log_start> discard_upto_;
  std::optional<std::uint64_t> generation_;

  persist_queue disk_;
  std::deque<held_message> held_;
  bool disk_failed_ = false;
  /// Stopped leading because of a slow disk: may not campaign until a write is
  /// fast again.
  bool disk_sick_ = false;

  raft::role role_ = role::follower;
  peer_id leader_;
  log_index commit_ = 0;
  log_index applied_ = 0;
  /// When something was applied last, or nothing was left to be applied.
  time_point applied_at_;
  std::optional<time_point> contact_;
  peer_id contact_with_;
  time_point election_deadline_;
  std::map<peer_id, bool> votes_;
  /// This campaign was asked for by the leader before.
  bool heir_ = false;
  /// A leader knew an acknowledged entry of ours that we do not have: until
  /// this is committed here we neither vote nor stand.
  log_index recovering_upto_ = 0;

  /// The newest durable checkpoint of the tables.
  log_index checkpoint_ = 0;
  std::optional<reception> receiving_;
  std::uint64_t receptions_ = 0;
  std::optional<installation> installing_;

  // Leader only.
  std::map<peer_id, progress> peers_;
  std::map<peer_id, state_sender> senders_;
  /// Of the last term that this server led; only a deliberate bug looks at it.
  std::map<peer_id, log_index> old_match_;
  /// In mutant M35: where the log ended when a write was asked for, and the
  /// last index of those that are done.
  std::map<std::uint64_t, log_index> written_upto_;
  log_index confused_upto_ = 0;
  std::uint64_t transfers_ = 0;
  log_index noop_index_ = 0;
  time_point elected_at_;
  time_point heartbeat_at_;
  std::uint64_t send_ids_ = 0;
  std::uint64_t uncommitted_bytes_ = 0;
  cluster_time wall_ = 0;
  std::optional<transfer_state> transfer_;
  bool lease_disabled_ = false;
  /// When the latest membership was committed.
  time_point members_committed_at_;

  // Reads.
  std::deque<waiting_read> reads_;
  /// Confirmed, but ahead of what this leader's own readers see.
  std::deque<waiting_read> ahead_;
  /// On a follower: asked of the leader, by request number.
  std::map<std::uint64_t, waiting_read> forwarded_;
  std::uint64_t read_seq_ = 0;
  std::uint64_t read_round_ = 0;
  std::uint64_t read_confirmed_ = 0;
  time_point lease_granted_;
};

} // namespace praetor::raft
