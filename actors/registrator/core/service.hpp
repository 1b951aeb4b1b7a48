// One service that a container offers, as it is handed to a registry. Pure.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace praetor::registrator {

/// What the container's own HEALTHCHECK says, where a service asks for it.
enum class reported_health : std::uint8_t { none, passing, warning, critical };

/// See the head of the file.
struct service {
  std::string id;
  std::string name;
  std::string ip;
  std::uint16_t port = 0;
  std::vector<std::string> tags;
  /// All other metadata; names are in lower case.
  std::map<std::string, std::string> attributes;
  /// Seconds after which a registry that can forget does so; 0: never.
  std::uint32_t ttl = 0;

  // -- where it comes from
  std::string container_id;
  /// The container's host name.
  std::string container_hostname;
  /// The container's own port.
  std::uint16_t container_port = 0;
  /// The container's name is that which the id ends with.
  std::string container_name;

  friend bool operator==(const service&, const service&) = default;
};

} // namespace praetor::registrator
