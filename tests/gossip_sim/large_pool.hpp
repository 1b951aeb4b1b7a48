// A settled pool of many members: how soon do all know news, and a crash?
//
// Ten thousand members know ten thousand each, and take 11 GB.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace praetor::gossip_sim {

/// One measured time, and how long it may take.
struct measurement {
  std::string what;
  double seconds = 0;
  double limit = 0;
};

/// Returns what was measured; violations of the pool's invariants last, as
/// measurements without a limit.
/// @pre `members` is at least 100.
std::vector<measurement> measure_large_pool(std::size_t members,
                                            std::uint64_t seed);

} // namespace praetor::gossip_sim
