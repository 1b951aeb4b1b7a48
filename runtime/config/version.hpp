// Two versions. Tools parse the compatible one in member tags, `consul version`
// and /v1/agent/self, and decide by it what this agent understands.

#pragma once

#include <string_view>

namespace praetor {

/// The version of Consul whose contract this program keeps.
inline constexpr std::string_view compatible_version = "1.8.7";

/// The version of this program.
inline constexpr std::string_view product_version = PRAETOR_VERSION;

} // namespace praetor
