// Which servers take part in Raft: new ones come in, lost ones go.
//
// Pure. The leader is asked by nobody: it sees the servers that gossip shows,
// and what Raft knows of its members, and says what to change next. One thing
// at a time, most urgent first:
//
//   this server leaves                 another one shall lead
//   a member has another address       the membership says so
//   a member has left, or its address  it is removed
//     belongs to another server now
//   a server is no member              it becomes a learner
//   a learner is healthy for a while   it becomes a voter
//   a member failed a while ago        it is removed, if that is safe
//
// Removing the failed must not wear the cluster down: it stops at a majority of
// the largest number of voters that this leader has seen, so three servers that
// fail one after another are never one.
//
// Source: Consul 1.8, agent/consul/autopilot (pruneDeadServers, IsHealthy);
// Ongaro's dissertation, 4.2.1 (why new servers learn before they vote).

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/gossip/messages.hpp"
#include "actors/raft/messages.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::leader {

/// A server as gossip shows it.
struct server {
  std::string name;
  /// Where other servers reach it: "10.0.0.1:8300".
  std::string address;
  gossip::member_status status{};
  /// It must never vote.
  bool non_voter = false;
  std::string version;

  template <class Inspector>
  friend auto inspect(Inspector& f, server& x) {
    return f(x.name, x.address, x.status, x.non_voter, x.version);
  }
};

using server_map = std::map<peer_id, server>;

/// Returns the servers among the members. If an id appears twice, which happens
/// when a node changes its name, the one that is alive counts.
server_map servers_of(const std::vector<gossip::pool_member>& members);

/// How one member of Raft is doing.
struct server_health {
  peer_id id;
  std::string address;
  /// Nothing: not known to gossip.
  std::optional<server> known;
  bool leader = false;
  bool voter = false;
  bool healthy = false;
  std::optional<duration> last_contact;
  log_term last_term = 0;
  log_index last_index = 0;
  /// For how long `healthy` has been what it is.
  duration stable_for{0};

  template <class Inspector>
  friend auto inspect(Inspector& f, server_health& x) {
    return f(x.id, x.address, x.known, x.leader, x.voter, x.healthy,
             x.last_contact, x.last_term, x.last_index, x.stable_for);
  }
};

/// How all are doing.
struct health_report {
  bool healthy = false;
  /// How many more voters may fail.
  std::uint64_t failure_tolerance = 0;
  std::vector<server_health> servers;

  template <class Inspector>
  friend auto inspect(Inspector& f, health_report& x) {
    return f(x.healthy, x.failure_tolerance, x.servers);
  }
};

/// Replace Raft's membership, the latest one, by this.
struct membership_change {
  raft::membership next;
  /// For the log: what happens, and to whom.
  const char* what = "";
  peer_id whom;
};

/// Let another server lead.
struct hand_over {};

using decision = std::variant<std::monostate, membership_change, hand_over>;

/// See the head of the file. Knows nothing of terms: there is one for each time
/// that this server leads.
class autopilot {
public:
  using config = catalog::autopilot_row;

  /// A server that lives and was removed by an operator comes back after this
  /// time. Source: Consul, which looks for servers to add once a minute.
  static constexpr duration exile = std::chrono::seconds{60};

  explicit autopilot(peer_id self) : self_{std::move(self)} {}

  void configure(config x) { config_ = std::move(x); }

  /// Takes over what gossip and Raft say now.
  void observe(server_map servers, raft::raft_status raft, time_point now);

  /// Returns what to do about what was last observed.
  decision next() const;

  /// Index of the membership that was last observed.
  log_index members_index() const { return raft_.members_index; }

  health_report report() const;

  /// Whether something will be due when time passes although nothing changes.
  bool waiting() const;

private:
  struct history {
    bool healthy = false;
    time_point since;
    /// Since when it is failed or unknown; nothing if it is alive.
    std::optional<time_point> gone_since;
    /// Gossip knew it while this server led, and does not any more.
    bool forgotten = false;
  };

  const server* find(const peer_id& id) const;
  const raft::member* member(const peer_id& id) const;
  const raft::peer_status* peer(const peer_id& id) const;
  bool is_alive(const peer_id& id) const;
  bool is_healthy(const raft::member& x) const;
  bool may_vote_later(const raft::member& x) const;
  bool for_long(std::optional<time_point> since) const;
  std::size_t voters() const;
  std::size_t healthy_voters() const;
  bool may_remove_dead() const;
  bool has_left(const raft::member& x) const;
  bool is_replaced(const raft::member& x) const;

  decision resign() const;
  decision follow_addresses() const;
  decision remove_those_who_left() const;
  decision admit() const;
  decision promote() const;
  decision remove_dead() const;
  decision without(const raft::member& x, const char* what) const;

  peer_id self_;
  config config_;

  // As last observed.
  server_map servers_;
  raft::raft_status raft_;
  time_point now_;

  /// Of all members of Raft.
  std::map<peer_id, history> standings_;
  std::size_t voters_seen_ = 0;

  /// Servers that live, and when an operator took their place from them.
  std::map<peer_id, time_point> expelled_;
};

} // namespace praetor::leader
