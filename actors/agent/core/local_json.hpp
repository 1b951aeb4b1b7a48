// How the HTTP API shows this node's services and checks. Pure.
// Source: Consul 1.8, api/agent.go (AgentService, AgentCheck).

#pragma once

#include "actors/agent/core/local_state.hpp"
#include "actors/gossip/messages.hpp"
#include "runtime/base/owner.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace praetor::agent {

/// /v1/agent/services: map by id.
std::string encode_services(const std::map<std::string, local_service>& all);

/// /v1/agent/checks: map by id.
std::string encode_checks(const std::map<std::string, local_check>& all);

/// Hash over everything that /v1/agent/service/<id> shows, in hex. It stays the
/// same over restarts and changes of version that do not change the service.
std::string content_hash(const catalog::service_row& service);

/// /v1/agent/service/<id>: with ContentHash.
std::string encode_service(const catalog::service_row& service,
                           const std::string& hash);

/// /v1/agent/health/service/id/<id>.
get_service_health::found health_by_id(const local_state& state,
                                       const std::string& id);

/// /v1/agent/health/service/name/<name>: all instances; the worst counts.
get_service_health::found health_by_name(const local_state& state,
                                         const std::string& name);

/// What `info` and /v1/agent/self count.
get_counts::counts count(const local_state& state);

/// What gossip knows about a member, as this agent knows itself.
struct member_facts {
  std::string name;
  std::string address;
  std::uint16_t port = 0;
  std::map<std::string, std::string> tags;
};

/// /v1/agent/members with this member alone, alive.
std::string encode_members(const member_facts& self);

/// /v1/agent/members as gossip knows them.
std::string encode_members(const std::vector<gossip::pool_member>& all);

} // namespace praetor::agent
