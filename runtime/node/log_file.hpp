// A log file that starts anew when it is too large or too old.
//
// Files are named `<prefix>-<nanoseconds since 1970>.log`, as Consul's are, so
// that log shippers which know its pattern find them.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

namespace praetor::node {

/// When to start a new file, and how many to keep.
struct log_file_options {
  /// "/var/log/praetor/" gives consul-<ns>.log in there; "/var/log/x" and
  /// "/var/log/x.log" give x-<ns>.log.
  std::string path;
  std::uint64_t rotate_bytes = 0;
  duration rotate_duration = std::chrono::hours{24};
  int rotate_max_files = 0;
};

/// See the head of the file.
class log_file : public spdlog::sinks::base_sink<std::mutex> {
public:
  /// Errors: io_error; the folder must exist.
  static result<std::shared_ptr<log_file>> open(log_file_options options);

protected:
  void sink_it_(const spdlog::details::log_msg& msg) override;
  void flush_() override;

private:
  struct closer {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };

  explicit log_file(log_file_options options);
  status start_file();
  void drop_old_files() const;

  log_file_options options_;
  std::string folder_;
  std::string stem_;
  std::unique_ptr<std::FILE, closer> file_;
  std::uint64_t written_ = 0;
  time_point started_;
};

} // namespace praetor::node
