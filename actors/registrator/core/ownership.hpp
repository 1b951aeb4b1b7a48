// Which registrations are ours, so that we remove what we own and only that.
// Pure.
//
// The mark is the id: `<host name>:<container name>:<port>[:udp]`, with the
// host name of the registrator. It needs nothing beside the registration and is
// the form that gliderlabs/registrator writes, so whatever that one left behind
// is taken over. A container that chooses its own id (SERVICE_ID) has no such
// mark; its service carries the host name in the metadata, as `registrator`.

#pragma once

#include "actors/registrator/core/service.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace praetor::registrator {

/// The name of the metadata that marks services with ids of their own.
inline constexpr std::string_view owner_key = "registrator";

/// What a registry has under an id.
struct registered {
  std::string id;
  std::string name;
  std::string ip;
  std::uint16_t port = 0;
  std::vector<std::string> tags;
  std::map<std::string, std::string> meta;

  friend bool operator==(const registered&, const registered&) = default;
};

/// The parts of an id that has the form of ours.
struct id_parts {
  std::string hostname;
  std::string container;

  friend bool operator==(const id_parts&, const id_parts&) = default;
};

std::optional<id_parts> parse_id(std::string_view id);

/// Whether a registrator on host `hostname` wrote it.
bool is_owned(const registered& x, const std::string& hostname);

} // namespace praetor::registrator
