// Promises of Raft that must hold at every moment, checked with a look into the
// cores that no client has. Each step costs little: only what the step changed
// is looked at.
//
//   I1  at most one leader in a term, crashes included
//   I2  one content for an (index, term) in the whole cluster
//   I3  a leader has everything that leaders of lower terms committed
//   I4  all servers apply the same entries, without gaps
//   I5  what is committed is durable on a majority
//   I6  term and commit never fall
//   I7  a server votes once in a term
//   I8  nothing is acknowledged before it is durable
//   I9  memberships change by one voter, one after the other
//   I10 while a lease holds nobody else leads
//   I11 queues are bounded
//   I12 the same entries have the same results and checkpoints
//   I23 a leader without a majority steps down
//
// Source: Ongaro, Ousterhout: "In Search of an Understandable Consensus
// Algorithm", figure 3, and what each optimization promises on top.

#pragma once

#include "actors/owner/messages.hpp"
#include "actors/raft/core/raft_core.hpp"
#include "actors/raft/messages.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/node_clock.hpp"
#include "tests/sim/node_disk.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace praetor::sim {

/// A server as the invariants see it.
struct watched_node {
  std::string id;
  const node_disk* disk = nullptr;
  const node_clock* clock = nullptr;
};

class invariants {
public:
  using report = std::function<void(std::string invariant, std::string text)>;

  invariants(std::vector<watched_node> nodes, report to);

  // -- what happens -----------------------------------------------------------

  void started(std::size_t node, moment now);
  void crashed(std::size_t node);
  void paused(std::size_t node, bool on, moment now);
  void stepped(std::size_t node, const raft::raft_core& core,
               const raft::effects& done, moment now);
  void committed(std::size_t node, const raft::committed& batch);
  void installed(std::size_t node, log_index index);
  void applied(std::size_t node, bool kv, const owner::applied& results);
  void checkpointed(std::size_t node);
  void writes_waiting(std::size_t node, std::size_t count);

  // -- what is known ----------------------------------------------------------

  /// The node that leads in the highest term, as it believes itself.
  std::optional<std::size_t> leader() const;

  /// Everything up to this index was committed by somebody.
  log_index committed_upto() const { return committed_.size(); }

  struct node_view {
    bool up = false;
    raft::role role = raft::role::follower;
    log_term term = 0;
    log_index commit = 0;
    log_index last = 0;
    log_index given = 0;
    log_index applied = 0;
    std::string leader;
    raft::membership members;
    log_index members_index = 0;
  };

  const node_view& view(std::size_t node) const { return states_[node].view; }

  /// For people: what a node that leads waits for.
  std::string peers_of(std::size_t node) const;

private:
  struct node_state {
    node_view view;
    /// Of the process that runs; null before its first step.
    const raft::raft_core* core = nullptr;
    /// Terms and leases outlive nothing but this process.
    log_term lease_term = 0;
    moment lease_until{0};
    std::optional<moment> lonely_since;
    /// Where the disk of a leader is, and since when that waits for it.
    std::pair<log_index, log_index> disk_at;
    std::optional<moment> disk_waits_since;
    moment running_since{0};
    bool paused = false;
    log_term durable_term = 0;
  };

  struct content {
    log_term term = 0;
    std::uint64_t hash = 0;
  };

  struct committed_entry {
    content what;
    /// The term of the leader that committed it first.
    log_term by = 0;
  };

  void check_entries(std::size_t node, const raft::raft_core& core,
                     const raft::effects& done);
  void check_config(std::size_t node, const raft::raft_core& core,
                    const log_entry& entry);
  void check_messages(std::size_t node, const raft::raft_core& core,
                      const raft::effects& done);
  void check_new_leader(std::size_t node, const raft::raft_core& core,
                        moment now);
  void check_commit(std::size_t node, const raft::raft_core& core);
  void check_reads(std::size_t node, const raft::raft_core& core,
                   const raft::effects& done, moment now);
  void check_contact(std::size_t node, const raft::raft_core& core, moment now);
  void check_start(std::size_t node, const raft::raft_core& core);
  void check_disk(std::size_t node, const raft::raft_core& core, moment now);
  void vote(std::size_t node, log_term term, const peer_id& grantee);
  void fail(const char* invariant, std::size_t node, const std::string& text);
  const content* known(log_index index, log_term term) const;

  std::vector<watched_node> nodes_;
  report report_;
  std::vector<node_state> states_;
  std::map<log_term, std::size_t> leaders_;
  std::map<std::pair<std::size_t, log_term>, peer_id> votes_;
  /// By index - 1: all contents that were ever written there.
  std::vector<std::vector<content>> contents_;
  std::vector<committed_entry> committed_;
  /// By index - 1: what kv and the catalog made of it; 0: not known.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> results_;
  std::map<log_index, std::uint64_t> checkpoints_;
};

} // namespace praetor::sim
