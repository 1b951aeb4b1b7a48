// Draws cases from seeds: which classes of faults a run has at all, how often
// they strike, and which values its servers run with. Pure.
//
// Mixing everything always hides bugs: heavy loss prevents the very states in
// which a rare fault matters. So each class is in about half of the runs, some
// runs have one class only, and some none.
//
// Source: Groce et al.: "Swarm Testing" (ISSTA 2012).

#pragma once

#include "tests/sim/plan.hpp"

#include <cstdint>
#include <optional>

namespace praetor::sim {

/// What is given; the rest is drawn.
struct swarm_options {
  std::optional<std::uint64_t> nodes;
  std::uint64_t duration_ns = 30'000'000'000;
  /// Runs of this scenario only.
  std::optional<std::uint64_t> scenario;
};

sim_case draw_case(std::uint64_t seed, const swarm_options& options);

} // namespace praetor::sim
