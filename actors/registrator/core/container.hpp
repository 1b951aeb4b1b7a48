// A container as the Docker Engine describes it, reduced to what registration
// needs. Pure.
// Source: Docker Engine API 1.24 to 1.52, GET /containers/ID/json, GET /events.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::registrator {

/// Where a container's port is published.
struct port_binding {
  std::string host_ip;
  /// Digits; empty if the port is not published.
  std::string host_port;

  friend bool operator==(const port_binding&, const port_binding&) = default;
};

/// A container's addresses on one network.
struct network_address {
  std::string ip;
  std::string ip6;

  friend bool operator==(const network_address&,
                         const network_address&) = default;
};

/// The verdict of a container's own HEALTHCHECK.
enum class container_health : std::uint8_t {
  none,
  starting,
  healthy,
  unhealthy,
};

/// See the head of the file. Ports are keys such as "80/tcp".
struct container {
  std::string id;
  /// Without the leading slash.
  std::string name;
  /// The image reference as it was typed.
  std::string image;
  std::string hostname;
  /// "KEY=value", in the order of the definition.
  std::vector<std::string> environment;
  std::map<std::string, std::string> labels;
  std::set<std::string> exposed;
  /// What the engine opened; no bindings: exposed but not published.
  std::map<std::string, std::vector<port_binding>> ports;
  std::string network_mode;
  /// On the default bridge; newer engines leave it out.
  std::string ip;
  std::map<std::string, network_address> networks;

  /// All that the engine said, for templates.
  std::string document;

  /// Whether its process runs or is paused; not while it is being restarted.
  bool up = false;
  int exit_code = 0;
  container_health health = container_health::none;

  friend bool operator==(const container&, const container&) = default;
};

/// The 12 digits that people know a container by.
inline std::string short_id(std::string_view id) {
  return std::string{id.substr(0, 12)};
}

/// Reads the answer of GET /containers/ID/json. Errors: corruption.
result<container> parse_container(std::string_view json);

/// Reads the ids in the answer of GET /containers/json. Errors: corruption.
result<std::vector<std::string>> parse_container_ids(std::string_view json);

/// Something that happened to a container.
struct container_event {
  /// "start", "die"; what follows a colon is cut.
  std::string action;
  std::string id;
  std::string name;
  /// Of a "kill" event: the number, or empty.
  std::string signal;
  /// Nanoseconds since 1970.
  std::int64_t time = 0;

  friend bool operator==(const container_event&,
                         const container_event&) = default;
};

/// Reads one object of GET /events. Errors: corruption, also for events that
/// are not about containers.
result<container_event> parse_event(std::string_view json);

/// Cuts a stream of JSON objects into objects, however it was sent in pieces.
class object_splitter {
public:
  /// An event is far smaller; labels count.
  static constexpr std::size_t object_bytes_max = std::size_t{1} << 20U;

  /// Takes the next piece. @returns the objects that are complete now.
  /// Errors: corruption, if an object exceeds `object_bytes_max` or what comes
  /// is no object; the stream is of no use from then on.
  result<std::vector<std::string>> add(std::string_view piece);

private:
  std::string pending_;
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

} // namespace praetor::registrator
