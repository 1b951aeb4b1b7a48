// The member `Proxy` of services: how a Connect proxy reaches its destination
// and its upstreams. Pure. It is decoded and validated here, then kept as
// canonical JSON, because nothing else of ours looks into it.
// Source: Consul agent/structs/connect_proxy_config.go, structs.go
// (NodeService.Validate).

#pragma once

#include "actors/catalog/messages.hpp"
#include "api/http/json_decode.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace praetor::http {

/// One service that a proxy listens for.
struct upstream_body {
  std::string type;
  std::string space;
  std::string name;
  std::string datacenter;
  std::string address;
  std::int64_t port = 0;
  /// JSON object or empty.
  std::string config;
};

/// Proxy of a service.
struct proxy_body {
  std::string destination_name;
  std::string destination_id;
  std::string local_address;
  std::int64_t local_port = 0;
  /// JSON object or empty.
  std::string config;
  std::vector<upstream_body> upstreams;
};

/// Takes a `Proxy` object.
status take_proxy(const json_value& from, std::string_view field,
                  proxy_body& to);

/// Puts the proxy into the row: `proxy_destination` and `proxy_json`.
void store_proxy(const proxy_body& proxy, catalog::service_row& row);

/// Returns what a service's kind, port, proxy and Connect settings violate:
/// empty, or Consul's list (`2 errors occurred:\n\t* ...\n\n`).
std::string proxy_violations(const catalog::service_row& row,
                             const proxy_body& proxy,
                             const std::vector<std::string>& more = {});

} // namespace praetor::http
