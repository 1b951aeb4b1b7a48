// How containers become services, and how they are kept registered. Pure.
// Source: gliderlabs/registrator 7.4, registrator.go.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace praetor::registrator {

/// When a container that ended leaves the registry.
enum class deregister_mode : std::uint8_t {
  always,
  /// Only if it ended well or was killed, so that checks can show the failure.
  on_success,
};

/// What a service is called if its container does not say.
enum class name_source : std::uint8_t { image, container, hostname };

/// When "-<port>" is appended to a service's name.
enum class port_suffix : std::uint8_t {
  /// If the container has several published ports and the name is not that of
  /// one port.
  automatic,
  always,
  never,
};

/// Makes a text of a container, which is given as the engine described it, in
/// JSON.
using container_text =
  std::function<result<std::string>(const std::string& document)>;

/// See the head of the file.
struct options {
  /// The address of every service; empty: each its own.
  std::string ip;
  /// Containers' own addresses and ports instead of published ones.
  bool internal = false;
  /// Only services that have a name of their own.
  bool explicit_only = false;
  /// The label that holds a container's address.
  std::string ip_label;
  /// The network whose addresses are preferred.
  std::string network;
  /// Tags of every service.
  std::vector<std::string> tags;
  /// Not null: makes further tags, separated by commas.
  container_text more_tags;
  /// Patterns of images, container names and, after "label:", of labels as
  /// NAME=VALUE, that are left alone.
  std::vector<std::string> ignore;
  name_source name_from = name_source::image;
  /// Not null: makes the names, instead of `name_from`.
  container_text own_names;
  port_suffix suffix = port_suffix::automatic;

  /// Seconds; 0: never. Both or none.
  std::uint32_t ttl = 0;
  std::uint32_t ttl_refresh = 0;
  deregister_mode deregister = deregister_mode::always;
  /// Services leave when `docker stop` begins, not when the process has ended.
  bool early = false;
  /// Every full comparison also looks for strangers' services of this host that
  /// carry ids like ours.
  bool cleanup = false;

  /// From one comparison of engine and registry to the next.
  duration compare_every = std::chrono::seconds{30};
  /// Whether a comparison writes also what seems unchanged, for registries that
  /// cannot be asked. Zero: never.
  duration resync{0};
};

/// What mapping needs to know of the host.
struct host_facts {
  /// Of the registrator process.
  std::string hostname;
  /// What the host name resolves to; empty: nothing.
  std::string address;
  /// As options::ip, if that has to be looked up; empty: not found yet.
  std::optional<std::string> forced = std::nullopt;
};

} // namespace praetor::registrator
