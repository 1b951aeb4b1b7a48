// Defaults and checks of service and check definitions, as registrations over
// HTTP and in files have them. Pure. What needs no state and is HTTP 400 has
// been refused by the api; here is what is 500 or depends on the node.
// Source: Consul 1.8, agent/agent.go (validateService, validateCheck).

#pragma once

#include "actors/agent/messages.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace praetor::agent {

/// Who may have scripts carried out here.
struct script_rights {
  /// enable_script_checks: definitions from the API and from files.
  bool remote = false;
  /// enable_local_script_checks: definitions from files.
  bool local = false;
};

/// Id and name of the check that puts this node into maintenance.
inline constexpr std::string_view node_maintenance_id = "_node_maintenance";
inline constexpr std::string_view service_maintenance_prefix =
  "_service_maintenance:";

/// Quotes as Go's %q does.
std::string go_quote(std::string_view text);

/// Whether a check with this id stands for maintenance mode.
bool is_maintenance_id(std::string_view check_id);

/// http, tcp, ttl, script, grpc, docker, alias, or empty.
std::string_view type_of(const catalog::check_definition_row& how);

/// Errors: rejected with Consul's text, if the check runs a script and its
/// origin has no right to.
status check_scripts(const health::check_plan& plan, origin from,
                     const script_rights& rights);

/// Errors: rejected, if lan_ipv4 and the like are not of their family.
status check_tagged_addresses(const catalog::service_row& service);

/// Adds lan_ipv4 and wan_ipv4 (or ipv6) if the address is a literal and they
/// are not given.
void add_default_addresses(catalog::service_row& service);

/// Ids `service:<id>` or `service:<id>:<n>`, names, and the service's id.
void add_check_defaults(const catalog::service_row& service,
                        std::vector<health::check_plan>& checks);

/// The two checks of an automatic sidecar on `port`.
std::vector<health::check_plan> sidecar_checks(const std::string& sidecar_id,
                                               const std::string& service_id,
                                               std::int64_t port);

/// The check that `maintain_service` and `maintain_node` add. Without
/// `service_id`: of the node.
health::check_plan maintenance_check(const std::string& service_id,
                                     const std::string& reason);

} // namespace praetor::agent
