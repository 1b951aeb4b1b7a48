// How a client proves who it is and whom it trusts. Plain data.

#pragma once

#include <string>

namespace praetor::net {

/// Files and names for https; empty means the system's.
struct tls_options {
  std::string ca_file;
  std::string ca_path;
  std::string cert_file;
  std::string key_file;
  /// Who the agent must be; empty means the host of the address.
  std::string server_name;
  bool verify = true;

  friend bool operator==(const tls_options&, const tls_options&) = default;
};

} // namespace praetor::net
