// The one index of commands of the binary.

#pragma once

#include <span>
#include <string>

namespace praetor::tools {

/// Runs the command that `args` names.
/// @returns The exit code.
int run_command(std::span<const std::string> args);

} // namespace praetor::tools
