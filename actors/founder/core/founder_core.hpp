// How a server comes to belong to a cluster: by founding one with others, or by
// meeting one that exists.
//
// Pure: `step`-like calls return what has to be done. Which cluster is settled
// once and for ever; until then Raft keeps still.

#pragma once

#include "actors/founder/core/founding.hpp"
#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace praetor::founder {

/// How long the choice of founders must stay the same before their coordinator
/// makes it binding: servers that start together see each other by then.
inline constexpr duration quiet_time = std::chrono::milliseconds{100};

/// Those who have not promised yet are asked again after this time.
inline constexpr duration ask_again = std::chrono::milliseconds{500};

/// The cluster that this server belongs to from now on.
struct settlement {
  std::string cluster_id;
  /// All of them have promised: their logs begin with this membership.
  std::optional<membership> founders;
};

/// What the shell has to do.
struct effects {
  /// Make this durable, then call `stored`. Comes before everything else.
  std::optional<promise> keep;
  /// Ask these for the kept promise; each answer is for `answered`.
  std::vector<peer_id> asks;
  /// Make the cluster durable; then it counts.
  std::optional<settlement> settled;
  /// For the log; empty if there is nothing to say.
  std::string remark;
  /// When to call `tick`.
  std::optional<time_point> next_timer;
};

/// See the head of the file.
class founder_core {
public:
  /// `cluster_id` and `kept` are what the disk knows; the first is empty if
  /// this server belongs to none yet.
  founder_core(peer_id self, std::string cluster_id,
               std::optional<promise> kept, rng random);

  /// All servers that gossip shows, this one included.
  effects saw(std::vector<server> servers, time_point now);

  /// Another founder asks. If `effects::keep` is set, the answer leaves after
  /// it is durable.
  std::pair<promise_answer, effects> asked(const promise& x);

  /// The promise is durable.
  effects stored(time_point now);

  effects answered(const peer_id& from, promise_answer x);

  effects tick(time_point now);

  bool settled() const { return settled_; }

private:
  void choose(effects& out, time_point now);
  void meet(effects& out, const server& x);
  void ask(effects& out, time_point now);
  bool is_dead(const promise& x) const;

  peer_id self_;
  rng random_;
  bool settled_;
  promise_keeper keeper_;
  std::vector<server> servers_;

  /// Whom this server would begin with, and since when.
  std::optional<membership> chosen_;
  time_point chosen_at_;

  /// Only with a promise that is durable.
  std::optional<founding_round> round_;
  time_point ask_at_;
};

} // namespace praetor::founder
