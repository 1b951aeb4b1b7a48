// What template functions need of the machine they run on. The core calls
// this interface; the shell and tests implement it.

#pragma once

#include "runtime/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace praetor::templates {

/// An address of a network interface, for `sockaddr`.
struct interface_address {
  std::string interface_name; ///< "eth0"
  std::string address;        ///< "10.0.0.1" or "fe80::1"
  unsigned prefix_bits = 0;   ///< 24
  bool up = true;
  bool loopback = false;
  bool default_route = false; ///< the interface of the default route
};

/// What `writeToFile` asks for.
struct file_order {
  std::string path;
  std::string user;  ///< a name or id; empty: leave it
  std::string group; ///< a name or id; empty: leave it
  unsigned mode = 0644;
  bool append = false;
  std::string content;
};

/// How a program ended.
struct program_outcome {
  std::string out;
  std::string err;
  /// Empty if it ended well; otherwise e.g. "exit status 3".
  std::string failure;
};

class host {
public:
  static constexpr std::chrono::seconds program_time_max{30};

  virtual ~host() = default;

  /// An environment variable, with those derived from the configuration.
  virtual std::optional<std::string> variable(const std::string& name) = 0;

  /// Nanoseconds since 1970, UTC.
  virtual std::int64_t now_ns() = 0;

  /// 64 random bits.
  virtual std::uint64_t random() = 0;

  /// Runs a program without a shell, at most `program_time_max`.
  /// Errors: io_error if it cannot be started.
  virtual result<program_outcome>
  run_program(const std::vector<std::string>& arguments) = 0;

  /// Creates missing folders, refuses symbolic links.
  virtual status write_file(const file_order& order) = 0;

  virtual std::vector<interface_address> addresses() = 0;
};

} // namespace praetor::templates
