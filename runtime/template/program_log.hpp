// The template program's log: `2026/11/22 11:58:43.188155 [INFO] (runner) text`
// on stderr and, if asked for, in a file and in syslog.
//
// Lines are written through runtime/base/log, whose module names the part that
// speaks: log::info("runner", "starting").

#pragma once

#include "actors/template/watch/settings.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <string>

namespace praetor::templates {

/// Renders a line, without its end. @param us microseconds since 1970
std::string format_line(const log::record& line, std::int64_t us);

/// Sends all lines where the settings say.
/// Errors: invalid_argument, `invalid log level "loud", valid log levels ...`;
/// io_error if a file cannot be opened.
status start_log(const settings& x);

} // namespace praetor::templates
