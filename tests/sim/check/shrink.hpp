// Makes a failing case small: delta debugging over its decisions.
//
// Pure. Whoever asks can run a case and tell whether it still fails in the same
// way. Tried in this order, again and again until nothing helps:
//   whole kinds of faults, then groups of faults down to single ones;
//   clients, from the last; operations; nodes, by two; time, by halves.
// A step that does not fail any more is taken back. The result fails.
//
// Source: Zeller, Hildebrandt: "Simplifying and isolating failure-inducing
// input" (ddmin).

#pragma once

#include "tests/sim/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <utility>

namespace praetor::sim {

/// Runs a case. True: it fails as the first one did.
using case_runner = std::function<bool(const sim_case&)>;

using operation_names = std::set<std::pair<std::uint64_t, std::uint64_t>>;

struct shrink_options {
  std::size_t runs_max = 2000;
  /// Fewer nodes are not tried.
  std::uint64_t nodes_min = 1;
  /// (client from 0, number) of the operations that the case executes; they can
  /// be dropped.
  operation_names operations;
};

struct shrink_result {
  sim_case smallest;
  std::size_t runs = 0;
};

/// @pre `start` fails.
shrink_result shrink(sim_case start, const case_runner& fails,
                     const shrink_options& options = {});

} // namespace praetor::sim
