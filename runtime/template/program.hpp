// The program `consul-template`, also `praetor template`: command line in, exit
// code out. Runs until it is told to end.

#pragma once

#include <span>
#include <string>

namespace praetor::templates {

/// Runs to the end. @returns the exit code, see exit_codes.hpp
int run_program(std::span<const std::string> args);

} // namespace praetor::templates
