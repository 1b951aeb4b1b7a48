// What a template can ask for: keys, services, nodes, files, ... Pure.
//
// A dependency is made from the argument of a template function
// ("v1.web@dc1~n1|passing"), has a stable name that identifies it everywhere
// (`health.service(v1.web@dc1~n1|passing)`), says which HTTP request answers
// it and turns the body of the answer into the value that templates see.
//
// Source: consul-template 0.19.3 to 0.42, folder dependency.

#pragma once

#include "actors/template/core/value.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

enum class dependency_kind : std::uint8_t {
  key_value,         ///< kv.block: waits until the key exists
  key_lookup,        ///< kv.get: answers also that there is no such key
  key_list,          ///< kv.list
  service,           ///< health.service
  connect,           ///< health.connect
  services,          ///< catalog.services
  node,              ///< catalog.node
  nodes,             ///< catalog.nodes
  datacenters,       ///< catalog.datacenters
  file,              ///< file
  ca_roots,          ///< connect.caroots
  ca_leaf,           ///< connect.caleaf
  partitions,        ///< list.partitions
  peerings,          ///< list.peerings
  exported_services, ///< list.exportedServices
  imported_services, ///< list.importedServices
};

/// How a dependency is kept up to date.
enum class watch_style : std::uint8_t {
  blocking, ///< blocking queries
  polled,   ///< asked again every 15 s: the endpoint does not block
  file,     ///< a local file, looked at every 2 s
};

struct dependency {
  dependency_kind what{};
  std::string subject; ///< key, prefix, service, node or path; may be empty
  std::string tag;
  std::string datacenter;
  std::string near;
  std::vector<std::string> filters;         ///< sorted statuses, of services
  std::map<std::string, std::string> query; ///< ns, peer, partition, ...
  bool ignore_failing = false;              ///< datacenters that do not answer

  /// The name, e.g. `kv.block(a/b@dc1)`: equal names, same dependency.
  std::string name() const;

  friend bool operator==(const dependency&, const dependency&) = default;
};

/// Parses the argument of a template function. Errors: invalid_argument with
/// the original's text, e.g. `kv.get: invalid format: "@dc1"`.
result<dependency> parse_dependency(dependency_kind what,
                                    std::string_view text);

/// How to watch it.
watch_style style_of(const dependency& x);

/// Whether its answer may come from another instance (de-duplication).
bool shareable(const dependency& x);

/// Path and query of the request that answers it, without index, wait and
/// stale: `/v1/health/service/web?passing=1&tag=v1`. Empty for a file.
/// A `node` without subject asks for the agent's own node: `self_node` is the
/// name that `/v1/agent/self` shows under Config.NodeName.
std::string request_path(const dependency& x, std::string_view self_node = "");

/// Turns an answer into what templates see. `body` is the body of an answer
/// with status 200, the content of the file, or nothing for status 404.
/// Nothing: there is no data yet (a key that is waited for does not exist).
/// Errors: corruption if the body is not what Consul sends.
result<std::optional<value>>
decode_answer(const dependency& x, const std::optional<std::string>& body);

} // namespace praetor::templates
