// Services, checks and watches as a configuration file defines them. Plain
// structs: a member that was not given keeps its empty value, and nothing is
// checked beyond its type; the agent decides whether a definition is legal.
//
// Source: Consul's pages "Services" and "Checks" of the agent configuration.

#pragma once

#include "runtime/base/time.hpp"
#include "runtime/config/value.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::config {

/// A health check; exactly one of args, http, tcp, grpc, ttl and alias_* says
/// of which kind.
struct check_definition {
  /// Empty: the name, or "service:<id>" inside a service.
  std::string id;
  std::string name;
  std::string notes;
  std::string service_id;
  std::string token;
  /// First status; empty means critical.
  std::string status;
  /// The command of a script check.
  std::vector<std::string> args;
  std::string http;
  std::map<std::string, std::vector<std::string>> header;
  /// Empty means GET.
  std::string method;
  std::string body;
  std::string tcp;
  std::string grpc;
  bool grpc_use_tls = false;
  bool tls_skip_verify = false;
  std::string docker_container_id;
  std::string shell;
  std::string alias_node;
  std::string alias_service;
  duration interval{};
  /// Zero means the default of the kind.
  duration timeout{};
  duration ttl{};
  int success_before_passing = 0;
  int failures_before_critical = 0;
  /// Zero means never.
  duration deregister_critical_service_after{};
  /// Bytes; zero means the agent's check_output_max_size.
  int output_max_size = 0;

  friend bool operator==(const check_definition&,
                         const check_definition&) = default;
};

/// How many DNS answers an instance gets, by its health.
struct service_weights {
  int passing = 1;
  int warning = 1;

  friend bool operator==(const service_weights&,
                         const service_weights&) = default;
};

/// One of a service's further addresses.
struct service_address {
  std::string address;
  int port = 0;

  friend bool operator==(const service_address&,
                         const service_address&) = default;
};

/// A service instance of this node.
struct service_definition {
  /// Empty means the name.
  std::string id;
  std::string name;
  std::vector<std::string> tags;
  /// Empty means the node's address.
  std::string address;
  int port = 0;
  std::map<std::string, std::string> meta;
  /// By "lan", "wan", "lan_ipv4", ...
  std::map<std::string, service_address> tagged_addresses;
  std::optional<service_weights> weights;
  bool enable_tag_override = false;
  std::string token;
  /// `checks`, then `check`.
  std::vector<check_definition> checks;
  /// Service mesh: kept as written.
  std::string kind;
  value proxy;
  value connect;

  friend bool operator==(const service_definition&,
                         const service_definition&) = default;
};

/// Where a watch posts what changed.
struct http_handler_config {
  std::string path;
  std::string method = "POST";
  std::map<std::string, std::vector<std::string>> header;
  duration timeout = std::chrono::seconds{10};
  bool tls_skip_verify = false;

  friend bool operator==(const http_handler_config&,
                         const http_handler_config&) = default;
};

/// A query that is watched, and what runs when its answer changes.
struct watch_definition {
  /// key, keyprefix, services, nodes, service, checks, event, ...
  std::string type;
  /// "script" or "http".
  std::string handler_type;
  /// A command for the shell; superseded by `args`.
  std::string handler;
  std::vector<std::string> args;
  http_handler_config http_handler;
  std::string datacenter;
  std::string token;
  bool stale = false;
  // Parameters; which ones count depends on the type.
  std::string key;
  std::string prefix;
  std::string service;
  std::vector<std::string> tag;
  bool passing_only = false;
  std::string state;
  std::string name;

  friend bool operator==(const watch_definition&,
                         const watch_definition&) = default;
};

} // namespace praetor::config
