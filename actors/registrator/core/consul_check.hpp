// The health checks that a service's attributes ask for, as Consul wants them.
// Pure.
//
//   SERVICE_CHECK_HTTP=/health  SERVICE_CHECK_INTERVAL=15s
//   SERVICE_CHECK_TTL=30s       SERVICE_CHECK_TCP=true   ...
//   SERVICE_CHECK_DOCKER=true   what the container's HEALTHCHECK says
//   SERVICE_CHECK_1_HTTP=/a     SERVICE_CHECK_2_TCP=true  several at once
//
// Of one check's attributes the first of http, https, cmd, script, ttl, tcp,
// grpc, docker decides its kind.
// Source: gliderlabs/registrator 7.4, consul/consul.go (buildCheck).

#pragma once

#include "actors/registrator/core/service.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace praetor::registrator {

/// One check, free of JSON: field names and values as Consul's, in its order.
struct consul_check {
  std::vector<std::string> script_args;
  std::string interval;
  std::string timeout;
  std::string ttl;
  std::string http;
  /// One header: its name and value.
  std::pair<std::string, std::string> header;
  std::string method;
  std::string tcp;
  std::string status;
  bool tls_skip_verify = false;
  std::string grpc;
  bool grpc_use_tls = false;
  std::string deregister_after;

  friend bool operator==(const consul_check&, const consul_check&) = default;
};

/// The check of the plain attributes first, then the numbered ones.
/// @param notes receives a line for each value that does not parse
std::vector<consul_check> checks_of(const service& x,
                                    std::vector<std::string>& notes);

} // namespace praetor::registrator
