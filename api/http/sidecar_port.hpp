// Which port a service's sidecar proxy gets if its registration names none.
// Pure. Source: Consul agent/sidecar_service.go.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <string_view>

namespace praetor::http {

inline constexpr std::int64_t sidecar_port_min = 21000;
inline constexpr std::int64_t sidecar_port_max = 21255;

/// `services` is the body of /v1/agent/services. A sidecar that is registered
/// already keeps its port; else it is the first that no service has.
/// Errors: rejected if none is left, corruption if `services` is not a map.
result<std::int64_t> choose_sidecar_port(std::string_view services,
                                         std::string_view sidecar_id);

} // namespace praetor::http
