#include "api/http/routes.hpp"

#include "api/http/handlers.hpp"

#include <algorithm>

namespace praetor::http {
namespace {

constexpr bool no_ns = true; // Namespaces are refused.
constexpr bool any_ns = false;

// clang-format off
constexpr route all_routes[] = {
  {"GET", "/v1/agent/checks", agent_checks, no_ns},
  {"PUT", "/v1/agent/check/deregister/", agent_check_deregister, no_ns},
  {"PUT", "/v1/agent/check/fail/", agent_check_fail, no_ns},
  {"PUT", "/v1/agent/check/pass/", agent_check_pass, no_ns},
  {"PUT", "/v1/agent/check/register", agent_check_register, no_ns},
  {"PUT", "/v1/agent/check/update/", agent_check_update, no_ns},
  {"PUT", "/v1/agent/check/warn/", agent_check_warn, no_ns},
  {"PUT", "/v1/agent/force-leave/", agent_force_leave},
  {"GET", "/v1/agent/health/service/id/", agent_health_by_id, no_ns},
  {"GET", "/v1/agent/health/service/name/", agent_health_by_name, no_ns},
  {"PUT", "/v1/agent/join/", agent_join},
  {"PUT", "/v1/agent/leave", agent_leave},
  {"PUT", "/v1/agent/maintenance", agent_maintenance},
  {"GET", "/v1/agent/members", agent_members},
  {"GET", "/v1/agent/metrics", agent_metrics},
  {"GET", "/v1/agent/monitor", agent_monitor},
  {"PUT", "/v1/agent/reload", agent_reload},
  {"GET", "/v1/agent/self", agent_self},
  {"GET", "/v1/agent/services", agent_services, no_ns},
  {"GET", "/v1/agent/service/", agent_service, no_ns},
  {"PUT", "/v1/agent/service/deregister/", agent_service_deregister, no_ns},
  {"PUT", "/v1/agent/service/maintenance/", agent_service_maintenance, no_ns},
  {"PUT", "/v1/agent/service/register", agent_service_register, no_ns},
  {"GET", "/v1/catalog/connect/", catalog_connect, no_ns},
  {"GET", "/v1/catalog/datacenters", catalog_datacenters},
  {"PUT", "/v1/catalog/deregister", catalog_deregister, no_ns},
  {"GET", "/v1/catalog/node/", catalog_node, no_ns},
  {"GET", "/v1/catalog/node-services/", catalog_node_services, no_ns},
  {"GET", "/v1/catalog/nodes", catalog_nodes},
  {"PUT", "/v1/catalog/register", catalog_register, no_ns},
  {"GET", "/v1/catalog/service/", catalog_service, no_ns},
  {"GET", "/v1/catalog/services", catalog_services, no_ns},
  {"GET", "/v1/coordinate/datacenters", coordinate_datacenters},
  {"GET", "/v1/coordinate/node/", coordinate_node},
  {"GET", "/v1/coordinate/nodes", coordinate_nodes},
  {"PUT", "/v1/coordinate/update", coordinate_update},
  {"PUT", "/v1/event/fire/", event_fire},
  {"GET", "/v1/event/list", event_list},
  {"GET", "/v1/health/checks/", health_checks, no_ns},
  {"GET", "/v1/health/connect/", health_connect, no_ns},
  {"GET", "/v1/health/node/", health_node, no_ns},
  {"GET", "/v1/health/service/", health_service, no_ns},
  {"GET", "/v1/health/state/", health_state, no_ns},
  {"GET", "/v1/internal/ui/node/", ui_node, no_ns},
  {"GET", "/v1/internal/ui/nodes", ui_nodes, no_ns},
  {"GET", "/v1/internal/ui/services", ui_services, no_ns},
  {"GET,PUT,DELETE", "/v1/kv/", kv_key, no_ns, body_limit::value},
  {"GET,PUT", "/v1/operator/autopilot/configuration",
   operator_autopilot_configuration},
  {"GET", "/v1/operator/autopilot/health", operator_autopilot_health},
  {"GET,POST,PUT,DELETE", "/v1/operator/keyring", operator_keyring},
  {"GET", "/v1/operator/raft/configuration", operator_raft_configuration},
  {"DELETE", "/v1/operator/raft/peer", operator_raft_peer},
  {"POST", "/v1/operator/raft/transfer-leader", operator_raft_transfer_leader},
  {"PUT", "/v1/session/create", session_create, no_ns},
  {"PUT", "/v1/session/destroy/", session_destroy, no_ns},
  {"GET", "/v1/session/info/", session_info, no_ns},
  {"GET", "/v1/session/list", session_list, no_ns},
  {"GET", "/v1/session/node/", session_node, no_ns},
  {"PUT", "/v1/session/renew/", session_renew, no_ns},
  {"GET", "/v1/status/leader", status_leader},
  {"GET", "/v1/status/peers", status_peers},
  {"PUT", "/v1/txn", transaction, any_ns, body_limit::transaction},
};
// clang-format on

} // namespace

bool route::allows(std::string_view method) const {
  for (auto rest = methods; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    if (rest.substr(0, comma) == method)
      return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

std::span<const route> routes() {
  return all_routes;
}

destination find_route(std::string_view path) {
  destination best;
  for (const auto& r : all_routes) {
    if (r.path == path)
      return {&r, false};
    if (!r.path.ends_with('/'))
      continue;
    if (r.path.size() == path.size() + 1 && r.path.starts_with(path))
      best = {&r, true};
    else if (!best.add_slash && path.starts_with(r.path)
             && (best.to == nullptr || r.path.size() > best.to->path.size()))
      best = {&r, false};
  }
  return best;
}

} // namespace praetor::http
