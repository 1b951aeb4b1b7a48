// What `agent` prints before its log begins. Operators and scripts look for
// these lines, so every byte is Consul's. Pure.

#pragma once

#include "runtime/config/settings.hpp"

#include <string>
#include <string_view>

namespace praetor::config {

/// Returns the block from "==> Starting Consul agent..." to the blank line
/// before the log. Not printed with -log-json. @pre `x` was resolved
std::string banner(const settings& x, std::string_view node_id);

} // namespace praetor::config
