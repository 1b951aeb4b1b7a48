// Times as texts and texts as times, with Go's layouts. Pure. The only local
// zone is UTC; a text may carry another offset.
//
// Source: Go 1.19, time/format.go.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::templates {

inline constexpr std::string_view rfc3339 = "2006-01-02T15:04:05Z07:00";

/// Go's time.Time: an instant, and the zone to show it in.
struct go_time {
  /// Since 1970; the zero time of Go.
  std::int64_t seconds = -62'135'596'800;
  std::int32_t nanoseconds = 0; ///< 0 to 999,999,999
  std::int32_t offset = 0;      ///< seconds east of UTC
};

go_time time_of(std::int64_t ns_since_1970);

/// Formats with a layout such as "Mon Jan _2 15:04:05 2006".
std::string format_time(const go_time& x, std::string_view layout);

/// The same for nanoseconds since 1970, in UTC.
std::string format_time(std::int64_t ns_since_1970, std::string_view layout);

/// Reads what `layout` would have written. Errors: invalid_argument with Go's
/// text, e.g. `parsing time "x" as "2006": cannot parse "x" as "2006"`.
result<go_time> parse_time(std::string_view layout, std::string_view text);

} // namespace praetor::templates
