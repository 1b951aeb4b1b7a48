// Programs that the template program starts: commands after a rendering, the
// child of exec mode and what the function `plugin` runs.
//
// A child shares our stdin, stdout and stderr. Its end is seen through a pidfd,
// so no handler for SIGCHLD is needed and no zombie stays. One that a shell
// reads has a process group of its own, which gets its signals.
//
// Source: consul-template 0.27, child/child.go.

#pragma once

#include "actors/template/core/host.hpp"
#include "actors/template/watch/settings.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it
#include <vector>

namespace praetor::templates {

/// Variables by name.
using variable_map = std::map<std::string, std::string>;

/// The variables of this process.
variable_map own_environment();

/// What a child inherits: `own` as the settings select, then `derived`, then
/// the custom ones.
variable_map child_environment(const variable_map& own,
                               const variable_map& derived,
                               const environment_settings& how);

/// How to start a program.
struct child_order {
  std::vector<std::string> arguments;
  variable_map variables;
  bool own_group = false;
};

/// A command as configured: one text with blanks is for a shell, which is left
/// out where it would do no more than split words; anything else is the
/// program and its arguments.
child_order order_of(const std::vector<std::string>& command,
                     variable_map variables);

/// How logs show a command.
std::string shown_command(const std::vector<std::string>& command);

/// A running program. Dropping it leaves the program alone.
class child {
public:
  /// Errors: io_error with Go's text,
  /// `fork/exec /x: no such file or directory`.
  static result<child> start(boost::asio::io_context& io,
                             const child_order& order);

  pid_t pid() const { return pid_; }

  /// Waits for its end, at most `span` (0: without limit).
  /// @returns its exit code, -1 if a signal ended it; nothing: still running
  boost::asio::awaitable<std::optional<int>> wait(duration span = {});

  void send(int signal) const;

private:
  child(pid_t pid, bool group, boost::asio::posix::stream_descriptor end)
    : pid_{pid}, group_{group}, end_{std::move(end)} {}

  pid_t pid_ = 0;
  bool group_ = false;
  /// The pidfd.
  boost::asio::posix::stream_descriptor end_;
  std::optional<int> exit_code_;
};

/// Runs a program to its end or the time limit, and keeps what it writes.
/// Blocks. Errors: io_error if it cannot be started.
result<program_outcome> run_to_end(const std::vector<std::string>& arguments,
                                   const variable_map& variables,
                                   duration time_max);

} // namespace praetor::templates
