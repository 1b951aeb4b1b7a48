// Kinds of trouble for a simulated pool. Each begins and ends with a pool whose
// members agree.

#pragma once

#include "tests/gossip_sim/world.hpp"

#include <array>
#include <string_view>

namespace praetor::gossip_sim {

struct episode {
  std::string_view name;
  void (*play)(world&);
};

/// All that may follow each other in a healthy pool.
const std::array<episode, 11>& episodes();

/// In a pool where only n1 probes: its word alone does not kill early.
void one_accuser(world& w);

/// Anything at any time, and unusual choices of the cores; at the end all is
/// well again.
void chaos(world& w);

} // namespace praetor::gossip_sim
