// What a probe is asked and what it finds: HTTP requests, TCP connections and
// scripts. Pure data; who carries probes out is in actors/health/prober.hpp.

#pragma once

#include "runtime/base/time.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace praetor::health {

/// An HTTP request as a check describes it.
struct http_probe {
  std::string url;
  std::string method;
  std::map<std::string, std::vector<std::string>> header;
  std::string body;
  bool tls_skip_verify = false;
  duration timeout{0};
  /// Only the last bytes of the answer's body are kept.
  std::size_t body_max = 4096;
};

struct http_outcome {
  int status = 0;
  std::string reason;
  std::string body;
};

/// A TCP connection, opened and closed.
struct tcp_probe {
  /// host:port
  std::string address;
  duration timeout{0};
};

/// A program, run in a process group of its own.
struct script_probe {
  std::vector<std::string> args;
  duration timeout{0};
  /// Only the last bytes of its output are kept.
  std::size_t output_max = 4096;
};

struct script_outcome {
  /// It did not end in time, and was killed with its group.
  bool timed_out = false;
  /// -1: killed by a signal.
  int exit_code = 0;
  std::string output;
  /// How much it wrote.
  std::uint64_t output_size = 0;
};

} // namespace praetor::health
