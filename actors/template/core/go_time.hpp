// Times as texts, with Go's layouts. Pure; UTC only.
//
// Source: Go 1.19, time/format.go.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::templates {

inline constexpr std::string_view rfc3339 = "2006-01-02T15:04:05Z07:00";

/// Formats nanoseconds since 1970 with a layout such as
/// "Mon Jan _2 15:04:05 2006".
std::string format_time(std::int64_t ns_since_1970, std::string_view layout);

} // namespace praetor::templates
