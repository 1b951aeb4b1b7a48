// Which registrations are ours, so that we remove what we own and only that.
// Pure.
//
// Ids have a form, `<host name>:<container name>:<port>[:udp]`, but others may
// use it, too. So a Consul is told in its KV store what is ours (marks_prefix):
// the service itself has to look as gliderlabs/registrator writes it. Services
// with ids of their own (SERVICE_ID) also carry the host name in the metadata,
// as `registrator`. Where nobody else writes, as below the prefix of a store of
// keys, the form is enough.

#pragma once

#include "actors/registrator/core/service.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace praetor::registrator {

/// The name of the metadata that marks services with ids of their own.
inline constexpr std::string_view owner_key = "registrator";

/// Below this and `<host name>/` a Consul has a key for each id that is ours.
inline constexpr std::string_view marks_prefix = "registrator/";

/// What a registry has under an id.
struct registered {
  std::string id;
  std::string name;
  std::string ip;
  std::uint16_t port = 0;
  std::vector<std::string> tags;
  std::map<std::string, std::string> meta;
  /// Whether the registry remembers beside it that we wrote it.
  bool marked = false;
  /// The container for which a registrator with another host name wrote it;
  /// empty: none did.
  std::string container_id;
  /// Whether only registrators write there.
  bool own_place = false;

  friend bool operator==(const registered&, const registered&) = default;
};

/// Whether nothing is to be written for `wanted`; a mark too many is no harm.
inline bool satisfies(registered have, const registered& wanted) {
  have.marked = have.marked && wanted.marked;
  have.container_id = wanted.container_id;
  return have == wanted;
}

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
