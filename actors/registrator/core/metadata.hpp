// What a container says about its services, in its environment and its labels.
// Pure.
//
//   SERVICE_NAME=web          all ports
//   SERVICE_443_NAME=https    container port 443, tcp and udp
//   SERVICE_53_UDP_NAME=dns   container port 53, udp only
//
// The more specific wins; a label wins over the environment where both are
// equally specific. An empty value is none.
// Source: gliderlabs/registrator 7.4, bridge/util.go.

#pragma once

#include "actors/registrator/core/container.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::registrator {

/// See the head of the file.
struct metadata {
  /// By name in lower case, without SERVICE_ and port.
  std::map<std::string, std::string> values;
  /// Whether the name is that of this port.
  bool own_name = false;

  /// Returns a value, or "".
  std::string get(const std::string& name) const;
};

/// @param port "80", or "" for what concerns no port
/// @param protocol "tcp", "udp" or "sctp"
metadata metadata_of(const container& x, std::string_view port,
                     std::string_view protocol);

/// Splits at commas; `\,` is a comma, empty items are dropped, blanks stay.
std::vector<std::string> split_tags(std::string_view text);

} // namespace praetor::registrator
