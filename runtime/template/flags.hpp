// The command line of the template program: its flags, and what they set.
// Pure: files are read by whoever merges the sources.
//
// Source: consul-template 0.19.3 to 0.42, cli.go.

#pragma once

#include "actors/template/watch/settings.hpp"
#include "runtime/base/result.hpp"
#include "runtime/config/go_flags.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

/// Returns an environment variable, or "".
using variable_lookup = std::function<std::string(std::string_view)>;

/// A command line that made sense.
struct command_line {
  config::parsed_flags flags;
  /// Of the flag -config, in order.
  std::vector<std::string> paths;
};

config::flag_specs template_flags();

/// The page for -h.
std::string template_help();

/// Errors: invalid_argument with Go's text, e.g. `cli: extra args: ["foo"]`.
result<command_line> parse_command_line(std::span<const std::string> args);

/// Sets what the environment says; files and flags win over it.
void apply_environment(const variable_lookup& variable, settings& to);

/// Sets what the flags say. @pre they come from parse_command_line()
void apply_flags(const config::parsed_flags& flags, settings& to);

} // namespace praetor::templates
