// Names of what can move in the catalog: topics, which wake those who wait, and
// the indexes of a checkpoint's table "catalog_index". Pure.
//
//   nodes, services, checks   the tables as wholes; each has an index
//   service/<name>            instances of a service, their nodes and checks;
//                             has an index while there are instances
//   connect/<name>            the same for proxies of <name> and instances of
//                             <name> that speak Connect themselves
//   node/<name>               a node's record or its services
//   node-id/<uuid>            the same for a node that has an id
//   node-checks/<name>        a check on a node was written
//   service-checks/<name>     a check with that ServiceName was written
//   state/<status>            a check that has or had that status was written
//   coordinates               where nodes are; has an index
//   autopilot                 only a topic: the leader's configuration
//   extinction                only an index: when last a service lost its last
//                             instance
//
// Everything but a status is in lower case, since the names match that way.

#pragma once

#include "runtime/base/text.hpp"

#include <string>
#include <string_view>

namespace praetor::catalog::names {

inline constexpr auto nodes = "nodes";
inline constexpr auto services = "services";
inline constexpr auto checks = "checks";
inline constexpr auto coordinates = "coordinates";
inline constexpr auto autopilot = "autopilot";
inline constexpr auto extinction = "extinction";

inline std::string below(std::string_view kind, std::string_view name) {
  std::string out;
  out.reserve(kind.size() + 1 + name.size());
  return out.append(kind).append("/").append(name);
}

inline std::string service(std::string_view name) {
  return below("service", to_lower(name));
}

inline std::string connect(std::string_view name) {
  return below("connect", to_lower(name));
}

inline std::string node(std::string_view name) {
  return below("node", to_lower(name));
}

/// Returns a node id as ids are compared: lower case, without dashes.
inline std::string bare_id(std::string_view id) {
  auto out = to_lower(id);
  std::erase(out, '-');
  return out;
}

/// `id` may be the beginning of an id.
inline std::string node_id(std::string_view id) {
  return below("node-id", bare_id(id));
}

inline std::string node_checks(std::string_view node) {
  return below("node-checks", to_lower(node));
}

inline std::string service_checks(std::string_view service) {
  return below("service-checks", to_lower(service));
}

inline std::string state(std::string_view status) {
  return below("state", status);
}

} // namespace praetor::catalog::names
