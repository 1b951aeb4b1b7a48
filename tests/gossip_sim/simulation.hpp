// A pool of gossip cores through some episodes of trouble that follow from a
// seed; each has an end by which all must be well again.
//
//   I6   an incarnation never goes back
//   I11  queues run dry, and who left is forgotten
//   I17  who lives and is reached is not called dead
//   I18  who crashed is called dead everywhere in time; after a fault all agree
//   I19  nobody believes an incarnation its owner has not reached, and whoever
//        is accused wrongly refutes in time
//
// Bounds are twice the times that a simulation of the rules alone gave, or two
// periods of comparing where that is what heals.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace praetor::gossip_sim {

struct finding {
  std::string invariant;
  std::string text;
};

struct outcome {
  std::optional<finding> broken;
  /// What happened, one line each; the last one is what failed.
  std::vector<std::string> story;
  /// From a wrong accusation until its subject denied it, in seconds.
  std::vector<double> denied_after;
  /// From a crash until all knew, as a part of the expected time.
  std::vector<double> crash_known_after;
  /// Of all effects; the same for each run of a seed.
  std::uint64_t hash = 0;
};

outcome run_seed(std::uint64_t seed);

} // namespace praetor::gossip_sim
