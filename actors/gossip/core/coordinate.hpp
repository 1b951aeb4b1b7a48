// Network coordinates: how far apart two nodes are, without asking them.
//
// Pure. Each node moves in a space of eight dimensions as if springs of the
// measured round-trip times were between it and the others. The height stands
// for the way to the network itself, the adjustment for what does not fit.
//
// Source: Dabek et al., "Vivaldi: A Decentralized Network Coordinate System";
// Ledlie et al., "Network Coordinates in the Wild"; the numbers of
// hashicorp/serf, coordinate/.

#pragma once

#include "actors/gossip/core/types.hpp"
#include "runtime/base/coordinate.hpp"
#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace praetor::gossip {

using praetor::coordinate;

/// A node's own coordinate.
class coordinate_client {
public:
  /// Longer round trips are not believed.
  static constexpr duration rtt_max = std::chrono::seconds{10};

  /// Peers whose last samples are kept.
  static constexpr std::size_t peers_max = 16384;

  const coordinate& own() const { return own_; }

  /// How often the coordinate had to start anew, as it was no number any more.
  std::uint64_t resets() const { return resets_; }

  /// Learns that a round trip to `peer`, which is `at`, took `rtt`.
  /// @returns False if that is not to be believed.
  bool observe(member_key peer, const coordinate& at, duration rtt,
               rng& random);

  void forget(member_key peer) { samples_.erase(peer); }

private:
  double filtered(member_key peer, double rtt);
  void move_by(const coordinate& from, double force, rng& random);
  void adjust(const coordinate& other, double rtt);
  void pull_to_origin(rng& random);

  coordinate own_;
  std::map<member_key, std::vector<double>> samples_;
  /// The last errors of the estimate, a ring.
  std::array<double, 20> adjustments_{};
  std::size_t adjustment_at_ = 0;
  std::uint64_t resets_ = 0;
};

} // namespace praetor::gossip
