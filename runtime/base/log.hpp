// Logging for shells: a constant sentence, then key=value fields. Cores do not
// log. Where lines go (terminal, file, JSON, /v1/agent/monitor) is decided by
// runtime/node, which sets the sink; without one, lines are dropped.
//
//   log::info("agent", "Synced service", {{"service", name}});

#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::log {

enum class level : std::uint8_t { trace, debug, info, warn, error };

/// Parses TRACE DEBUG INFO WARN ERR ERROR in any case.
std::optional<level> parse_level(std::string_view name);

/// Returns e.g. "INFO".
std::string_view to_string(level x);

using field = std::pair<std::string_view, std::string>;

/// One line.
struct record {
  level severity = level::info;
  /// Dotted path of the part that speaks, e.g. "agent.server.raft".
  std::string_view module;
  std::string_view message;
  std::vector<field> fields;
};

/// Receives every line at or above the threshold; called from any thread.
using sink = std::function<void(const record&)>;

/// Replaces the sink. Call before actors run, or never.
void set_sink(sink f);

/// Lines below `threshold` are not even formatted.
void set_threshold(level threshold);

bool enabled(level severity);

void write(level severity, std::string_view module, std::string_view message,
           std::initializer_list<field> fields = {});

inline void trace(std::string_view module, std::string_view message,
                  std::initializer_list<field> fields = {}) {
  write(level::trace, module, message, fields);
}

inline void debug(std::string_view module, std::string_view message,
                  std::initializer_list<field> fields = {}) {
  write(level::debug, module, message, fields);
}

inline void info(std::string_view module, std::string_view message,
                 std::initializer_list<field> fields = {}) {
  write(level::info, module, message, fields);
}

inline void warn(std::string_view module, std::string_view message,
                 std::initializer_list<field> fields = {}) {
  write(level::warn, module, message, fields);
}

inline void error(std::string_view module, std::string_view message,
                  std::initializer_list<field> fields = {}) {
  write(level::error, module, message, fields);
}

/// Returns "module: message: key=value other="two words"", the plain form.
std::string format_plain(const record& line);

} // namespace praetor::log
