#include "runtime/base/log.hpp"

#include "runtime/base/text.hpp"

#include <atomic>

namespace praetor::log {

namespace {

sink& current_sink() {
  static sink instance;
  return instance;
}

std::atomic<level>& current_threshold() {
  static std::atomic<level> instance{level::info};
  return instance;
}

bool needs_quotes(std::string_view text) {
  return text.empty()
         || text.find_first_of(" \t\n\"=") != std::string_view::npos;
}

} // namespace

std::optional<level> parse_level(std::string_view name) {
  const auto folded = to_lower(name);
  if (folded == "trace")
    return level::trace;
  if (folded == "debug")
    return level::debug;
  if (folded == "info")
    return level::info;
  if (folded == "warn")
    return level::warn;
  if (folded == "err" || folded == "error")
    return level::error;
  return std::nullopt;
}

std::string_view to_string(level x) {
  switch (x) {
    case level::trace: return "TRACE";
    case level::debug: return "DEBUG";
    case level::info: return "INFO";
    case level::warn: return "WARN";
    case level::error: return "ERROR";
  }
  return "?";
}

void set_sink(sink f) {
  current_sink() = std::move(f);
}

void set_threshold(level threshold) {
  current_threshold() = threshold;
}

bool enabled(level severity) {
  return severity >= current_threshold().load(std::memory_order_relaxed);
}

void write(level severity, std::string_view module, std::string_view message,
           std::initializer_list<field> fields) {
  if (enabled(severity) && current_sink())
    current_sink()({severity, module, message, fields});
}

std::string format_plain(const record& line) {
  std::string out{line.module};
  out += ": ";
  out += line.message;
  if (!line.fields.empty())
    out += ':';
  for (const auto& [key, value] : line.fields) {
    out += ' ';
    out += key;
    out += '=';
    if (!needs_quotes(value)) {
      out += value;
      continue;
    }
    out += '"';
    for (const auto c : value) {
      if (c == '"' || c == '\\')
        out += '\\';
      if (c == '\n')
        out += "\\n";
      else
        out += c;
    }
    out += '"';
  }
  return out;
}

} // namespace praetor::log
