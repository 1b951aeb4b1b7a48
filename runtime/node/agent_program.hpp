// `praetor agent`: from a command line to a running node and its exit code.

#pragma once

#include <span>
#include <string>

namespace praetor::node {

/// Exit code when a disk failed. Source: EX_IOERR of sysexits.h.
inline constexpr int exit_disk_failed = 74;

/// Runs until a signal or `leave`. Prints to stdout and stderr.
/// @returns The exit code.
int run_agent(std::span<const std::string> args);

} // namespace praetor::node
