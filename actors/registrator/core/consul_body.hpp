// What is said to a Consul agent about a service, and what it answers. Pure.
// Source: gliderlabs/registrator 7.4, consul/consul.go; Consul 1.8,
// api/agent.go and agent/structs/structs.go (limits of metadata).

#pragma once

#include "actors/registrator/core/ownership.hpp"
#include "actors/registrator/core/service.hpp"
#include "runtime/base/result.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::registrator {

/// The body of PUT /v1/agent/service/register.
/// @param hostname of the registrator, for the owner's mark
/// @param notes receives a line for everything that the agent would refuse
std::string consul_body(const service& x, const std::string& hostname,
                        std::vector<std::string>& notes);

/// The metadata in that body: the attributes, as far as they are legal.
std::map<std::string, std::string> consul_meta(const service& x,
                                               const std::string& hostname,
                                               std::vector<std::string>& notes);

/// What the agent shows once `x` is registered and marked.
registered shown_by_consul(const service& x, const std::string& hostname);

/// Reads the answer of GET /v1/agent/services. Errors: corruption.
result<std::vector<registered>> parse_agent_services(std::string_view json);

/// The key that marks an id as ours.
std::string mark_of(const std::string& id, const std::string& hostname);

/// Reads the ids in the answer of GET /v1/kv/registrator/<host name>/?keys.
/// Errors: corruption.
result<std::set<std::string>> parse_marks(std::string_view json,
                                          const std::string& hostname);

/// A mark that a registrator with another host name wrote.
struct other_mark {
  std::string key;
  std::string container_id;
};

/// Reads the marks by id in the answer of GET /v1/kv/registrator/?recurse, but
/// for those of `hostname`. Errors: corruption.
result<std::map<std::string, other_mark>>
parse_other_marks(std::string_view json, const std::string& hostname);

/// Whether the container's own HEALTHCHECK decides about the service.
bool follows_docker_health(const service& x);

/// Returns "host:port", with brackets around IPv6 addresses.
std::string address_text(const service& x);

} // namespace praetor::registrator
