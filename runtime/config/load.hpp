// From a command line to the settings of a node: the one way that the agent and
// `validate` take. Pure: files and facts about the host are handed in.
//
// Sources, later ones win: defaults, -dev, flags that hold lists, files and
// directories in their order, all other flags, -hcl. Lists append, maps merge.

#pragma once

#include "runtime/config/flags.hpp"
#include "runtime/config/resolve.hpp"
#include "runtime/config/settings.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace praetor::config {

enum class path_kind : std::uint8_t { file, directory, other };

/// Read access to files. Errors are io_error or not_found with the system's
/// words in Go's form, e.g. `no such file or directory`.
class file_system {
public:
  virtual ~file_system() = default;

  /// Follows symbolic links.
  virtual result<path_kind> kind_of(const std::string& path) const = 0;

  /// Returns the names in a directory, in any order.
  virtual result<std::vector<std::string>>
  list(const std::string& path) const = 0;

  /// Returns a file's bytes, not many more than `document_bytes_max` of them.
  virtual result<std::string> read(const std::string& path) const = 0;
};

struct loaded {
  settings config;
  /// In the order in which they were found; for the log, or for stderr.
  std::vector<std::string> warnings;
};

/// Merges all sources, resolves and validates.
/// Errors: invalid_argument or io_error with the text for the user.
result<loaded> load(const flag_sources& sources, const file_system& files,
                    const environment& host);

/// What a command prints, and its exit code.
struct command_outcome {
  int exit_code = 0;
  std::string out = {};
  std::string err = {};
};

/// Either the settings to start with, or how the program ends at once.
struct agent_start {
  std::optional<loaded> run;
  command_outcome end;
};

/// Handles `agent ARGS`: help, bad flags, bad configuration.
agent_start prepare_agent(std::span<const std::string> args,
                          const file_system& files, const environment& host);

/// Handles `validate ARGS`.
command_outcome run_validate(std::span<const std::string> args,
                             const file_system& files, const environment& host);

} // namespace praetor::config
