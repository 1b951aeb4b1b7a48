// Where log lines go: the terminal, a rotating file, and whoever watches
// /v1/agent/monitor. Plain lines look as Consul's do, JSON lines too.
//
// One object for the process. Thread-safe.

#pragma once

#include "runtime/base/log.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace praetor::node {

/// How to log. Source: the agent's -log-* flags.
struct log_options {
  log::level threshold = log::level::info;
  bool json = false;
  bool syslog = false;
  /// A folder (ends in '/'), or the beginning of file names; empty: no file.
  std::string file;
  /// Start a new file after so many bytes; 0: never for this reason.
  std::uint64_t rotate_bytes = 0;
  /// Start a new file after this time; 0: never for this reason.
  duration rotate_duration = std::chrono::hours{24};
  /// Old files to keep; 0: all.
  int rotate_max_files = 0;
};

/// Returns `    2026-11-22T11:38:14.489Z [WARN]  agent: text` without a
/// newline.
std::string format_line(const log::record& line, std::int64_t ms_since_1970);

/// Returns one JSON object without a newline.
std::string format_json_line(const log::record& line,
                             std::int64_t ms_since_1970);

/// See the head of the file. While it lives it is the sink of `log::`.
class log_output {
public:
  /// Receives finished lines; called in any thread, must not block.
  using listener = std::function<void(std::string)>;

  /// Errors: io_error naming the file.
  static result<std::unique_ptr<log_output>> open(log_options options);

  log_output(const log_output&) = delete;
  log_output& operator=(const log_output&) = delete;
  ~log_output();

  /// Changes what is printed (listeners have thresholds of their own).
  void set_threshold(log::level threshold);

  /// Adds a listener. Returns its number.
  std::uint64_t listen(log::level threshold, bool json, listener f);

  /// Removes a listener; after this it is not called any more.
  void ignore(std::uint64_t number);

private:
  struct state;
  explicit log_output(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace praetor::node
