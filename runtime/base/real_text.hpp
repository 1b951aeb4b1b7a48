// Floating-point numbers as Go's encoding/json writes them. Pure.

#pragma once

#include <string>

namespace praetor {

/// Appends the shortest digits that mean `x`, with an exponent only if it is
/// very small or very large. @pre `x` is finite.
void append_real(double x, std::string& to);

} // namespace praetor
