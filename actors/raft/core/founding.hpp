// How servers that know nothing yet found a cluster together.
//
// Pure. Gossip shows who is there. A server that sees as many servers without
// state as all of them expect takes the first of them, by id, as the founders.
// The first of those coordinates: it makes up the cluster's id and asks every
// founder, itself included, for a promise to found this cluster and no other.
// A server promises once, durably. Only with all promises the coordinator
// writes the first entry of the log; the others get it from there.
//
// (If every server wrote that entry by itself, as Consul lets them, servers
// that saw different others would write different entries in one place.)

#pragma once

#include "actors/raft/core/membership.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::raft {

/// A server as gossip shows it.
struct founder {
  peer_id id;
  std::string address;
  /// How many servers it wants to begin with; 0: it waits to be invited.
  std::size_t expect = 0;
  /// It has a log, or belongs to a cluster.
  bool has_state = false;
};

/// Returns with whom to begin, if everybody sees what `seen` shows; `seen`
/// includes the asker. Nothing if anybody has state already: then there is a
/// cluster to join. Nothing either if servers expect different numbers.
std::optional<membership> choose_founders(std::vector<founder> seen);

/// To found this cluster and no other.
struct promise {
  std::string cluster_id;
  membership members;

  friend bool operator==(const promise&, const promise&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, promise& x) {
    return f(x.cluster_id, x.members);
  }
};

/// What a server says when it is asked. Values are on the wire.
enum class promise_answer : std::uint8_t {
  promised = 1,
  /// It has a log, or belongs to a cluster.
  has_state,
  /// It promised something else.
  taken,
  /// The proposal is not one: no voter, or not with this server.
  invalid,
};

/// What a server without state has promised.
class promise_keeper {
public:
  /// `kept` is what the disk knows of.
  promise_keeper(peer_id self, bool has_state, std::optional<promise> kept)
    : self_{std::move(self)}, has_state_{has_state}, kept_{std::move(kept)} {}

  /// Answers a coordinator. If the answer is `promised`, what `kept` returns
  /// must be durable before it leaves.
  promise_answer ask(const promise& x);

  /// The coordinator has given up, durably: the promise is void.
  void release(const promise& x);

  /// This server got a log.
  void found_state() { has_state_ = true; }

  const std::optional<promise>& kept() const { return kept_; }

private:
  peer_id self_;
  bool has_state_;
  std::optional<promise> kept_;
};

/// The coordinator's count of promises.
class founding_round {
public:
  enum class outcome : std::uint8_t { pending, founded, failed };

  /// Without all promises by `deadline`, it fails.
  founding_round(promise x, time_point deadline);

  const promise& proposal() const { return promise_; }

  /// Returns who has not answered yet: asked again until they do.
  std::vector<peer_id> missing() const;

  void answered(const peer_id& from, promise_answer x);

  /// Never changes again once it is not pending: a failed round stays failed
  /// when a late promise comes, since others may have been released.
  outcome state(time_point now);

private:
  promise promise_;
  time_point deadline_;
  std::set<peer_id> promised_;
  outcome outcome_ = outcome::pending;
};

} // namespace praetor::raft
