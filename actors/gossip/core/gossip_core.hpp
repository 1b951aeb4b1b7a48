// The gossip machine: who is a member of a pool, and who of them lives.
//
// Pure: no clock, thread, socket, file or log. `step` takes one input and
// returns what has to be done about it. The class holds the state and routes;
// the rules are in one file for each concern:
//
//   claims.cpp     what to believe about members; refuting what is wrong
//   probing.cpp    finding out who does not answer
//   spreading.cpp  sending news to random members; packets
//   syncing.cpp    comparing all that is known with another member
//   joining.cpp    joining, rejoining, leaving, calling the failed, forgetting
//   intents.cpp    who means to stay or to leave; user events
//   conflicts.cpp  two nodes with one name
//
// Rules that everything rests on:
// - only a member raises its own incarnation, and does so whenever it is
//   accused; so the truth about the living wins
// - nobody is declared dead on hearsay: what a peer says about the dead only
//   makes them suspects, who can refute
// - a member of another cluster is never believed anything
//
// Source: Das, Gupta, Motivala: "SWIM"; Dadgar, Phillips, Currey: "Lifeguard";
// the behaviour of hashicorp/memberlist and hashicorp/serf.

#pragma once

#include "actors/gossip/core/awareness.hpp"
#include "actors/gossip/core/broadcast_queue.hpp"
#include "actors/gossip/core/coordinate.hpp"
#include "actors/gossip/core/event_buffer.hpp"
#include "actors/gossip/core/lamport_clock.hpp"
#include "actors/gossip/core/member_table.hpp"
#include "actors/gossip/core/options.hpp"
#include "actors/gossip/core/snapshot.hpp"
#include "actors/gossip/core/step.hpp"
#include "actors/gossip/core/suspicion_timer.hpp"
#include "runtime/base/rng.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::gossip {

/// What happened too often to be an effect; for metrics.
struct gossip_counters {
  /// Packets and frames that did not decode.
  std::uint64_t malformed = 0;
  /// Packets and frames of another cluster.
  std::uint64_t foreign = 0;
  /// Claims of members that must not be in this pool.
  std::uint64_t refused = 0;
  /// Members that answered on a stream, but not to packets.
  std::uint64_t only_streams = 0;
  std::uint64_t probes = 0;
  std::uint64_t probes_failed = 0;
  std::uint64_t refutations = 0;
  std::uint64_t conflicts = 0;
};

/// See the head of the file.
class gossip_core {
public:
  /// @pre `check(opts.self)` succeeds.
  gossip_core(core_options opts, std::optional<pool_snapshot> before,
              time_point boot);

  effects step(const input& x, time_point now);

  /// Takes these members for granted, alive and with incarnation 1, and tells
  /// nobody: so a simulation begins with a large pool that has long settled.
  /// @pre `begin` was given; the members rise by key, this node is not one.
  void adopt(const std::vector<facts_ptr>& others);

  // -- what is known ----------------------------------------------------------

  const member_table& members() const { return members_; }
  const member_facts& self() const { return *self_facts_; }
  std::uint32_t incarnation() const { return incarnation_; }
  const coordinate& where() const { return vivaldi_.own(); }
  std::uint64_t coordinate_resets() const { return vivaldi_.resets(); }

  /// Returns what the member last said about where it is; null if nothing.
  const coordinate* where(member_key key) const;

  /// 0 is healthy; see `awareness`.
  int health_score() const { return awareness_.score(); }
  std::uint64_t membership_time() const { return clock_.time(); }
  std::uint64_t event_time() const { return events_.clock().time(); }
  const broadcast_queue& queue() const { return queue_; }
  const gossip_counters& counters() const { return counters_; }

  /// Asserts what must hold between steps.
  void check_invariants() const;

private:
  struct running_probe {
    member_key target;
    endpoint at;
    std::uint64_t seq = 0;
    time_point sent;
    time_point indirect_at;
    time_point deadline;
    bool indirect = false;
    int nacks_expected = 0;
    int nacks = 0;
    stream_id stream = 0;
    bool stream_answered = false;
  };

  /// A ping for somebody else.
  struct relay {
    endpoint asker;
    std::uint64_t seq = 0;
    time_point nack_at;
  };

  struct stream_state {
    enum class kind : std::uint8_t { probe, sync, inbound };
    kind what{};
    endpoint peer;
    bool join = false;
    /// The `join_request`, or 0.
    std::uint64_t join_id = 0;
    time_point deadline;
  };

  struct running_join {
    join_outcome outcome;
    std::size_t open = 0;
  };

  /// Intents about members that are not known (yet).
  struct early_intent {
    std::uint64_t ltime = 0;
    bool leave = false;
    time_point until;
  };

  enum class departure : std::uint8_t { none, announcing, parting, gone };

  struct name_dispute {
    std::uint64_t seq = 0;
    time_point until;
    int for_us = 0;
    int for_other = 0;
    std::set<endpoint> voters;
  };

  // -- gossip_core.cpp: inputs and timers -------------------------------------

  void on(const begin& x);
  void on(const tick& x);
  void on(const packet_received& x);
  void on(const packet_unsent& x);
  void on(const frame_received& x);
  void on(const stream_closed& x);
  void on(const join_request& x);
  void on(const leave_request& x);
  void on(const force_leave_request& x);
  void on(const fire_request& x);
  void on(const answer_request& x);
  void on(const update_request& x);

  bool is_self(member_key key) const { return key == self_; }
  bool is_foreign(std::uint64_t cluster_mark) const;
  std::size_t pool_size() const { return members_.active(); }
  std::optional<time_point> next_timer() const;
  void report(member_event::kind what, const facts_ptr& facts);
  void flush_snapshot();

  // -- claims.cpp -------------------------------------------------------------

  void receive(const endpoint& from, const alive& x);
  void receive(const endpoint& from, const suspect& x);
  void receive(const endpoint& from, const dead& x);
  /// Why this must not be a member here; empty if it may.
  std::string objection(const member_facts& x) const;
  void accept(const alive& x);
  void accept(const suspect& x);
  void accept(const dead& x);
  void about_self(const alive& x);
  bool may_reclaim(const member& m, const member_facts& x) const;
  void revive(member_key key, member& m, const alive& x);
  void refute(std::uint32_t accused);
  void announce_self();
  void spread_claim(urgency how, member_key about, const message& x);
  void expire_suspicions();

  // -- probing.cpp ------------------------------------------------------------

  void receive(const endpoint& from, const ping& x);
  void receive(const endpoint& from, const ping_request& x);
  void receive(const endpoint& from, const ack& x);
  void receive(const endpoint& from, const nack& x);
  void tick_probe();
  void start_probe();
  void probe_indirectly();
  void finish_probe();
  void expire_relays();

  // -- spreading.cpp ----------------------------------------------------------

  void send(const endpoint& to, const std::vector<message>& first);
  void fill(packet_writer& packet);
  void tick_gossip();

  // -- syncing.cpp ------------------------------------------------------------

  void receive(stream_id id, const sync_offer& x);
  void receive(stream_id id, const sync_answer& x);
  void receive(stream_id id, const sync_rest& x);
  void receive(stream_id id, const stream_ping& x);
  void receive(stream_id id, const stream_ack& x);
  void receive(stream_id id, const refusal& x);
  void start_sync(const endpoint& to, bool join, std::uint64_t join_id);
  void tick_sync();
  std::vector<std::uint64_t> digest() const;
  std::vector<member_entry>
  entries(const std::vector<std::uint16_t>& buckets) const;
  alive self_claim() const { return {*self_facts_, incarnation_}; }
  pool_clocks clocks() const { return {clock_.time(), event_time()}; }
  std::string merge_objection(const alive& peer,
                              const std::vector<member_entry>& xs) const;
  void merge(const std::vector<member_entry>& xs);
  void merge(const member_entry& x);
  void merge(const std::vector<user_event>& xs);
  void witness(const pool_clocks& x);
  void send_frame(stream_id id, const stream_message& x);
  void end_stream(stream_id id, const std::string& failure);
  void expire_streams();

  // -- joining.cpp ------------------------------------------------------------

  void start_rejoin();
  void continue_rejoin(bool succeeded);
  void end_join(std::uint64_t id, const endpoint& peer,
                const std::string& failure);
  void tick_departure();
  void part();
  void tick_reconnect();
  void tick_reap();
  void forget(member_key key);

  // -- intents.cpp ------------------------------------------------------------

  void receive(const endpoint& from, const join_intent& x);
  void receive(const endpoint& from, const leave_intent& x);
  void receive(const endpoint& from, const user_event& x);
  void receive(const endpoint& from, const event_answer& x);
  bool accept(const join_intent& x);
  bool accept(const leave_intent& x);
  bool keep_early(member_key about, std::uint64_t ltime, bool leave);
  void apply_early(member_key key, member& m);
  void spread_intent(member_key about, const message& x);
  void announce_staying();
  void spread_event(const user_event& x);

  // -- conflicts.cpp ----------------------------------------------------------

  void receive(const endpoint& from, const vote_request& x);
  void receive(const endpoint& from, const name_vote& x);
  void dispute(member_key key, const alive& x);
  void tick_dispute();

  // -- member variables -------------------------------------------------------

  core_options opts_;
  rng rng_;
  time_point now_;
  effects out_;
  gossip_counters counters_;

  facts_ptr self_facts_;
  member_key self_;
  std::uint32_t incarnation_ = 1;
  awareness awareness_;

  member_table members_;
  /// One for each suspect.
  std::map<member_key, suspicion_timer> suspicions_;
  broadcast_queue queue_;
  bool burst_ = false;

  std::uint64_t seq_;
  std::optional<running_probe> probe_;
  std::map<std::uint64_t, relay> relays_;
  coordinate_client vivaldi_;
  std::map<member_key, coordinate> coordinates_;

  std::map<stream_id, stream_state> streams_;
  stream_id last_stream_ = 0;
  std::map<std::uint64_t, running_join> joins_;
  /// Where to look for the old pool, the next one last.
  std::vector<endpoint> old_places_;
  bool rejoined_ = false;

  lamport_clock clock_;
  event_buffer events_;
  std::map<member_key, early_intent> early_;
  /// Members that were pruned, by the intent, and when to forget that.
  std::map<std::pair<member_key, std::uint64_t>, time_point> pruned_;

  departure departure_ = departure::none;
  time_point departure_until_;

  std::optional<name_dispute> dispute_;
  time_point next_dispute_;

  bool snapshot_changed_ = false;
  bool snapshot_urgent_ = false;

  // Zero (the clock's epoch) before `begin`.
  time_point next_probe_;
  time_point next_gossip_;
  time_point next_sync_;
  time_point next_reconnect_;
  time_point next_reap_;
  time_point next_snapshot_;
  bool begun_ = false;
};

} // namespace praetor::gossip
