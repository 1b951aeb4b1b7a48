// Service and check definitions of configuration files as the agent's messages.
// Pure.

#pragma once

#include "actors/agent/messages.hpp"
#include "runtime/base/result.hpp"
#include "runtime/config/settings.hpp"

namespace praetor::node {

/// Converts and checks everything that files define.
/// Errors: invalid_argument with Consul's sentence, e.g.
/// `Failed to validate checks for service "a": Interval must be > 0 ...`.
result<agent::load_definitions> definitions_of(const config::settings& x);

} // namespace praetor::node
