// Arithmetic of majorities.
//
// Pure functions. An empty set of voters commits nothing and elects nobody: a
// server that knows no membership must not act on its own.

#pragma once

#include "runtime/base/assert.hpp"
#include "runtime/base/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace praetor::raft {

/// Returns how many of `voters` are a majority.
constexpr std::size_t majority(std::size_t voters) {
  return voters / 2 + 1;
}

/// Returns the largest value that a majority has reached: with one value for
/// each voter, the k-th highest, k being the majority.
/// @pre `values` is not empty.
template <class T>
T reached_by_majority(std::vector<T> values) {
  PRAETOR_ASSERT(!values.empty());
  const auto k = static_cast<std::ptrdiff_t>(majority(values.size())) - 1;
  std::nth_element(values.begin(), values.begin() + k, values.end(),
                   std::greater<>{});
  return values[static_cast<std::size_t>(k)];
}

enum class vote_state : std::uint8_t { pending, won, lost };

/// Counts votes; those of strangers do not count.
vote_state count_votes(const std::vector<peer_id>& voters,
                       const std::map<peer_id, bool>& votes);

} // namespace praetor::raft
