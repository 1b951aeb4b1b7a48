// The command line of `praetor agent` and `praetor validate`. A flag is another
// spelling of a configuration key: the flags become value trees and are decoded
// by the same tables as files. Pure.

#pragma once

#include "runtime/config/go_flags.hpp"
#include "runtime/config/value.hpp"

namespace praetor::config {

/// All flags of `agent`.
flag_specs agent_flags();

/// All flags of `validate`.
flag_specs validate_flags();

/// The pages for -h.
std::string agent_help();
std::string validate_help();

/// What the agent's flags say, cut into the parts that sources are merged in.
struct flag_sources {
  bool dev = false;
  /// "", "hcl" or "json".
  std::string format;
  /// Of -config-file and -config-dir, in their order.
  std::vector<std::string> paths;
  /// Keys that hold lists; they come before the files.
  value lists;
  /// All other keys; they win over the files.
  value scalars;
  /// The texts of -hcl; they win over all.
  std::vector<std::string> fragments;
};

/// @pre `flags` was parsed with agent_flags()
flag_sources sources_of(const parsed_flags& flags);

} // namespace praetor::config
