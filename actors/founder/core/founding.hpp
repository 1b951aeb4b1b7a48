// How servers that know nothing yet found a cluster together.
//
// Pure: the parts; founder_core.hpp puts them together. Gossip shows who is
// there. A server that sees as many servers without cluster as all of them
// expect takes the first of them, by id, as the founders. The first of those
// coordinates: it makes up the cluster's id and promises, durably, to found
// this cluster with these members and no other. It asks the other founders for
// the same; and whoever has promised asks all others, too. A server that knows
// of the promises of all writes the first entry of the log, which is the same
// on all of them.
//
// (If servers wrote that entry without promises, as Consul lets them, those
// that saw different others would write different entries in one place.)

#pragma once

#include "actors/raft/messages.hpp"
#include "runtime/base/ids.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::founder {

using raft::membership;

/// A server as gossip shows it.
struct server {
  peer_id id;
  std::string address;
  /// How many servers it wants to begin with; 0: it waits to be invited.
  std::size_t expect = 0;
  /// Empty: it belongs to none yet.
  std::string cluster_id;
};

/// Returns with whom to begin, if everybody sees what `seen` shows; `seen`
/// includes the asker. Nothing if anybody belongs to a cluster: then that is
/// the one to join. Nothing either if servers expect different numbers.
std::optional<membership> choose_founders(std::vector<server> seen);

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
  /// It belongs to a cluster already.
  has_cluster,
  /// It promised something else.
  taken,
  /// The proposal is not one: no voter, or not with this server.
  invalid,
};

/// What a server has promised, if anything.
class promise_keeper {
public:
  /// `kept` is what the disk knows of.
  promise_keeper(peer_id self, bool has_cluster, std::optional<promise> kept)
    : self_{std::move(self)},
      has_cluster_{has_cluster},
      kept_{std::move(kept)} {}

  /// Answers who asks. If the answer is `promised`, what `kept` returns must be
  /// durable before it leaves. A promise that was kept is repeated for ever:
  /// other founders may still have to learn of it.
  promise_answer ask(const promise& x);

  /// The promise can never be fulfilled: another founder belongs elsewhere.
  void release() { kept_.reset(); }

  void found_cluster() { has_cluster_ = true; }

  const std::optional<promise>& kept() const { return kept_; }

private:
  peer_id self_;
  bool has_cluster_;
  std::optional<promise> kept_;
};

/// Counts promises.
class founding_round {
public:
  enum class outcome : std::uint8_t { pending, founded, refused };

  explicit founding_round(promise x) : promise_{std::move(x)} {}

  const promise& proposal() const { return promise_; }

  /// Returns who has not answered yet: asked again until they do.
  std::vector<peer_id> missing() const;

  void answered(const peer_id& from, promise_answer x);

  /// `refused`: somebody promised something else, or belongs elsewhere.
  outcome state() const { return outcome_; }

private:
  promise promise_;
  std::set<peer_id> promised_;
  outcome outcome_ = outcome::pending;
};

} // namespace praetor::founder
