// Signals by name, as configuration files and flags write them. Pure.

#pragma once

#include "runtime/base/result.hpp"

#include <string>
#include <string_view>

namespace praetor::templates {

/// Returns the number of "SIGHUP", in any case; 0 for an empty name.
/// Errors: invalid_argument, `invalid signal "X" - valid signals are [...]`.
result<int> signal_number(std::string_view name);

/// Returns "SIGHUP"; "" for 0.
std::string signal_name(int number);

} // namespace praetor::templates
