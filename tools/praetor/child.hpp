// Programs that commands start: handlers of watches and children of locks.

#pragma once

#include "tools/praetor/client.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace praetor::tools {

/// How to start a program.
struct child_options {
  std::vector<std::string> argv;
  /// "NAME=value", in addition to this process's environment.
  std::vector<std::string> variables;
  /// What it reads from stdin. Absent: this process's stdin if `pass_stdin`,
  /// else nothing.
  std::optional<std::string> input = std::nullopt;
  bool pass_stdin = false;
};

/// Returns the words to execute: `args` or, with `shell`, a shell that runs
/// them. @param variable returns an environment variable; $SHELL is asked for
std::vector<std::string> command_line(const std::vector<std::string>& args,
                                      bool shell, const lookup& variable);

/// Starts a program and writes its input. @returns its process id.
/// Errors: io_error with Go's text, e.g.
/// `exec: "nope": executable file not found in $PATH`.
result<pid_t> start_child(const child_options& options);

/// Waits for the end of a program. Errors: rejected, `exit status 3` or
/// `signal: terminated`.
status wait_for_child(pid_t pid);

/// The two, one after the other.
status run_child(const child_options& options);

} // namespace praetor::tools
