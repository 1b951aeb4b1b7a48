// The rows of the catalog: nodes, services, checks. They travel in commands,
// are stored in checkpoints and held by agents for their own node.

#pragma once

#include "runtime/base/coordinate.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::catalog {

using string_map = std::map<std::string, std::string>;

/// A node. Absent maps (null in JSON) differ from empty ones.
struct node_row {
  /// UUID or empty.
  std::string id;
  std::string name;
  std::string address;
  std::string datacenter;
  std::optional<string_map> tagged_addresses;
  std::optional<string_map> meta;
  log_index create_index = 0;
  log_index modify_index = 0;

  friend bool operator==(const node_row&, const node_row&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, node_row& x) {
    return f(x.id, x.name, x.address, x.datacenter, x.tagged_addresses, x.meta,
             x.create_index, x.modify_index);
  }
};

/// An address with a port, as services' tagged addresses have it.
struct service_address {
  std::string address;
  std::int64_t port = 0;

  friend bool operator==(const service_address&,
                         const service_address&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, service_address& x) {
    return f(x.address, x.port);
  }
};

/// A service instance on a node.
struct service_row {
  std::string node;
  std::string id;
  std::string name;
  /// "", connect-proxy, mesh-gateway, terminating-gateway, ingress-gateway.
  std::string kind;
  std::vector<std::string> tags;
  std::string address;
  std::map<std::string, service_address> tagged_addresses;
  std::optional<string_map> meta;
  std::int64_t port = 0;
  std::int64_t weight_passing = 1;
  std::int64_t weight_warning = 1;
  bool enable_tag_override = false;
  /// Proxy.DestinationServiceName of a connect-proxy.
  std::string proxy_destination;
  /// The JSON members of Proxy besides MeshGateway and Expose, without braces
  /// (`"DestinationServiceName":"web",...`), canonical; empty for none.
  std::string proxy_json;
  bool connect_native = false;
  log_index create_index = 0;
  log_index modify_index = 0;

  friend bool operator==(const service_row&, const service_row&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, service_row& x) {
    return f(x.node, x.id, x.name, x.kind, x.tags, x.address,
             x.tagged_addresses, x.meta, x.port, x.weight_passing,
             x.weight_warning, x.enable_tag_override, x.proxy_destination,
             x.proxy_json, x.connect_native, x.create_index, x.modify_index);
  }
};

/// How a check is carried out, as far as the catalog shows it.
struct check_definition_row {
  duration interval{0};
  duration timeout{0};
  duration deregister_after{0};
  std::int64_t output_max_size = 0;
  std::string http;
  bool tls_skip_verify = false;
  std::map<std::string, std::vector<std::string>> header;
  std::string method;
  std::string body;
  std::string tcp;
  std::vector<std::string> script_args;
  std::string docker_container_id;
  std::string shell;
  std::string grpc;
  bool grpc_use_tls = false;
  std::string alias_node;
  std::string alias_service;
  duration ttl{0};

  friend bool operator==(const check_definition_row&,
                         const check_definition_row&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, check_definition_row& x) {
    return f(x.interval, x.timeout, x.deregister_after, x.output_max_size,
             x.http, x.tls_skip_verify, x.header, x.method, x.body, x.tcp,
             x.script_args, x.docker_container_id, x.shell, x.grpc,
             x.grpc_use_tls, x.alias_node, x.alias_service, x.ttl);
  }
};

/// A check of a node, or of a service if `service_id` is set.
struct check_row {
  std::string node;
  std::string id;
  std::string name;
  /// passing, warning, critical, maintenance; any other text is kept too.
  std::string status;
  std::string notes;
  std::string output;
  std::string service_id;
  std::string service_name;
  /// Tags of the service when the check was last written.
  std::vector<std::string> service_tags;
  /// http, tcp, ttl, script, grpc, docker, alias, maintenance or empty.
  std::string type;
  check_definition_row definition;
  log_index create_index = 0;
  log_index modify_index = 0;

  friend bool operator==(const check_row&, const check_row&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, check_row& x) {
    return f(x.node, x.id, x.name, x.status, x.notes, x.output, x.service_id,
             x.service_name, x.service_tags, x.type, x.definition,
             x.create_index, x.modify_index);
  }
};

/// Where a node is in the network.
struct coordinate_row {
  std::string node;
  coordinate where;

  friend bool operator==(const coordinate_row&,
                         const coordinate_row&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, coordinate_row& x) {
    return f(x.node, x.where);
  }
};

/// How the leader looks after the servers; the same for all of them.
/// Source: Consul, structs/operator.go (AutopilotConfig).
struct autopilot_row {
  /// Servers that failed lose their place.
  bool cleanup_dead_servers = true;
  /// A server that was not heard for longer is not healthy.
  duration last_contact_threshold = std::chrono::milliseconds{200};
  /// Nor is one whose log lacks more entries.
  std::uint64_t max_trailing_logs = 250;
  /// Cleaning up never leaves fewer voters.
  std::uint64_t min_quorum = 0;
  /// How long a new server must be healthy before it votes.
  duration server_stabilization_time = std::chrono::seconds{10};
  /// Kept for clients; without effect.
  std::string redundancy_zone_tag{};
  bool disable_upgrade_migration = false;
  std::string upgrade_version_tag{};
  log_index create_index = 0;
  log_index modify_index = 0;

  friend bool operator==(const autopilot_row&, const autopilot_row&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, autopilot_row& x) {
    return f(x.cleanup_dead_servers, x.last_contact_threshold,
             x.max_trailing_logs, x.min_quorum, x.server_stabilization_time,
             x.redundancy_zone_tag, x.disable_upgrade_migration,
             x.upgrade_version_tag, x.create_index, x.modify_index);
  }
};

} // namespace praetor::catalog
