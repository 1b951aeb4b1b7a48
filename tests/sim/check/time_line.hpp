// Overlapping operations as text: one line each, in lanes of their clients.
//
//   0.100s ..  0.250s | client 1 | set a=1:1 -> true @5
//   0.120s ..         |          | client 2 | delete a -> unknown: timeout
// > 0.300s ..  0.310s | client 1 | get a -> not found @4
//
// Pure.

#pragma once

#include "tests/sim/check/history.hpp"

#include <optional>
#include <string>
#include <vector>

namespace praetor::sim {

/// One operation to draw.
struct line {
  std::string lane;
  moment from{0};
  std::optional<moment> to;
  std::string text;
  /// What it is all about.
  bool marked = false;
};

/// Draws what matters for the marked line: it and the last ones that began
/// before it returned, and all those that were still open.
std::string draw(std::vector<line> lines);

} // namespace praetor::sim
