// What a command of the binary is, and what it works with. A command is one row
// of a constant table: its name, its texts, its flags and a function; parsing,
// help pages and completion follow from the row. Pure.

#pragma once

#include "runtime/config/go_flags.hpp"
#include "tools/praetor/client.hpp"

#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::tools {

using config::flag_kind;
using config::flag_spec;

/// The outside of a command; tests bring their own.
struct console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  /// Returns an environment variable, or "".
  lookup variable;
  /// Returns a file's content; errors carry the system's words.
  std::function<result<std::string>(const std::string&)> read_file;
  connector connect;
};

/// Which flags for talking to an agent a command has.
enum class api_flags : std::uint8_t {
  none,
  /// -http-addr, -token, ...
  client,
  /// Also -datacenter and -stale.
  server,
  /// Also -namespace.
  server_and_namespace,
};

class invocation;

/// A row of the table of commands.
struct command {
  /// Words after the binary's name, e.g. "kv get".
  std::string_view name;
  std::string_view synopsis;
  /// First part of the help page.
  std::string_view usage;
  std::span<const flag_spec> flags = {};
  api_flags api = api_flags::none;
  /// Returns the exit code. Null: the command only has subcommands.
  int (*run)(invocation&) = nullptr;
  /// Set instead of `run` by a command that reads its arguments itself.
  int (*run_raw)(std::span<const std::string> args, console& io) = nullptr;
};

/// Returns the flags of a command, also those for talking to an agent.
std::vector<flag_spec> all_flags(const command& x);

/// Returns the page for -h; ends with a newline.
std::string help_page(const command& x);

/// One call of a command.
class invocation {
public:
  invocation(const command& self, const config::parsed_flags& parsed,
             console& terminal)
    : flags{parsed}, io{terminal}, self_{self} {}

  const config::parsed_flags& flags;
  console& io;

  const std::vector<std::string>& arguments() const {
    return flags.arguments();
  }

  /// Connects as flags and environment say. Nothing: the reason is printed, and
  /// the exit code is 1.
  std::optional<client> connect();

  /// Prints a line to stderr. @returns 1, the exit code
  int fail(std::string_view line);

  /// Like fail(), with a blank line and the help page after it.
  int fail_with_help(std::string_view line);

  /// If there are more arguments than `most`, prints so. @returns whether
  bool too_many(std::size_t most);

private:
  const command& self_;
};

/// Parses `args` (without the command's name) and runs. @returns the exit code
int run(const command& x, std::span<const std::string> args, console& io);

} // namespace praetor::tools
