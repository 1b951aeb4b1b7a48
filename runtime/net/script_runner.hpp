// Runs a program without ever blocking the io thread.
//
// The child has a process group of its own, /dev/null or the given bytes as
// input, and one pipe for output and errors; all other files are closed in it.
// Its end is seen through a pidfd, so no signal handler is needed and no zombie
// stays. The run is over when the program has ended *and* nobody holds the
// pipe any more; at the timeout, or when it is canceled, the whole group is
// killed. Memory does not grow with what is written.
// Source: Consul 1.8, agent/checks/check.go (CheckMonitor), agent/exec.

#pragma once

#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace praetor::net {

/// A program to run.
struct command {
  /// The program, looked up in PATH if it has no slash, and its arguments.
  std::vector<std::string> args;
  /// Added to this process' environment, or replacing what is there.
  std::vector<std::pair<std::string, std::string>> environment;
  /// What it reads.
  std::string input;
  /// Zero: no limit.
  duration timeout{0};
  /// Only the last bytes of what it writes are kept.
  std::size_t output_max = 4096;
};

/// How it went.
struct command_outcome {
  /// Killed because it did not end in time.
  bool timed_out = false;
  /// As exit() gave it; -1 if a signal ended it.
  int exit_code = 0;
  /// The signal that ended it, or 0.
  int signal = 0;
  /// The last bytes of its output and errors.
  std::string output;
  /// How much it wrote.
  std::uint64_t output_size = 0;
};

/// A run under way. Copies name the same run; dropping all of them changes
/// nothing.
class running_command {
public:
  running_command() = default;

  /// Kills the group; the reply gets errc::canceled. Call on the io thread.
  /// No effect once the run is over.
  void cancel() const;

private:
  friend running_command run_command(boost::asio::io_context&, command,
                                     reply<command_outcome>);
  class run;
  std::weak_ptr<run> run_;
};

/// Starts `what`. Call on the io thread, where `to` is completed as well.
/// Errors: io_error with the text of Go, e.g.
/// `fork/exec /x: no such file or directory`.
running_command run_command(boost::asio::io_context& io, command what,
                            reply<command_outcome> to);

} // namespace praetor::net
