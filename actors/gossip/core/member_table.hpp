// All members of a pool as one node sees them, itself included.
//
// Pure. Besides the table there is a ring of all keys in random order: probing
// walks around it, so that every member gets its turn; choosing at random picks
// places of it.
//
// Source: SWIM (Das, Gupta, Motivala), round-robin probe target selection.

#pragma once

#include "actors/gossip/core/types.hpp"
#include "runtime/base/rng.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace praetor::gossip {

/// Invariants:
/// - the ring holds the keys of the table, each once
/// - `count(s)` is the number of members in state `s`
class member_table {
public:
  using predicate = std::function<bool(member_key, const member&)>;

  member* find(member_key key);
  const member* find(member_key key) const;

  /// Adds a member at a random place of the ring; at its end, the time to find
  /// out that somebody died would grow with each join.
  /// @pre There is none with that key.
  member& add(member_key key, member x, rng& random);

  /// Adds many members at once, and mixes the ring.
  /// @pre Their keys rise, and none is there yet.
  void add_all(const std::vector<std::pair<member_key, member>>& xs,
               rng& random);

  void erase(member_key key);

  void change_state(member& x, member_state to, time_point now);

  std::size_t size() const { return members_.size(); }
  std::size_t count(member_state x) const {
    return counts_.at(static_cast<std::size_t>(x));
  }

  /// Those who take part: alive and suspect.
  std::size_t active() const {
    return count(member_state::alive) + count(member_state::suspect);
  }

  /// Returns the next member on the way around the ring that `fits`; mixes the
  /// ring after each round. Nothing if a whole round has none.
  std::optional<member_key> next(const predicate& fits, rng& random);

  /// Returns up to `count` different members that `fit`, at random.
  std::vector<member_key> choose(std::size_t count, const predicate& fits,
                                 rng& random) const;

  auto begin() const { return members_.begin(); }
  auto end() const { return members_.end(); }

  void check_invariants() const;

private:
  void shuffle(rng& random);

  std::map<member_key, member> members_;
  std::array<std::size_t, 4> counts_{};
  std::vector<member_key> ring_;
  std::size_t position_ = 0;
};

} // namespace praetor::gossip
