// Rare events that a good mix of faults brings about: a campaign names those
// that never happened (runtime/base/sometimes.hpp). Part of them is counted in
// the engine, part in the simulation.

#pragma once

#include <string_view>

namespace praetor::tools {

inline constexpr std::string_view expected_events[] = {
  "sim: a bridge joined two groups", "sim: a checkpoint was written",
  "sim: a link's queue was full",    "sim: a server refused its disk",
  "sim: a server stopped itself",    "sim: all servers lost power",
  "sim: checkpoints were compared",  "sim: entries were truncated",
  "sim: tables were taken over",
  "sim: the membership was changed",
};

} // namespace praetor::tools
