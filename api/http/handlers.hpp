// All handlers of endpoints, grouped by the file that has them. Which path
// leads to which of them says routes.cpp. Where one path takes several methods,
// the handler looks at `rq.method`; others never arrive here.

#pragma once

#include "api/http/handler.hpp"

namespace praetor::http {

// -- status_handlers.cpp
void status_leader(exchange x);
void status_peers(exchange x);

// -- kv_handlers.cpp
void kv_key(exchange x);

// -- txn_handlers.cpp
void transaction(exchange x);

// -- session_handlers.cpp
void session_create(exchange x);
void session_destroy(exchange x);
void session_renew(exchange x);
void session_info(exchange x);
void session_node(exchange x);
void session_list(exchange x);

// -- event_handlers.cpp
void event_fire(exchange x);
void event_list(exchange x);

// -- keyring_handlers.cpp
void operator_keyring(exchange x);

// -- autopilot_handlers.cpp
void operator_autopilot_configuration(exchange x);
void operator_autopilot_health(exchange x);

// -- operator_handlers.cpp
void operator_raft_configuration(exchange x);
void operator_raft_peer(exchange x);
void operator_raft_transfer_leader(exchange x);

// -- coordinate_handlers.cpp
void coordinate_datacenters(exchange x);
void coordinate_nodes(exchange x);
void coordinate_node(exchange x);
void coordinate_update(exchange x);

// -- agent_self_handlers.cpp
void agent_self(exchange x);
void agent_members(exchange x);
void agent_join(exchange x);
void agent_leave(exchange x);
void agent_force_leave(exchange x);
void agent_reload(exchange x);
void agent_monitor(exchange x);
void agent_metrics(exchange x);

// -- catalog_handlers.cpp
void catalog_register(exchange x);
void catalog_deregister(exchange x);
void catalog_datacenters(exchange x);
void catalog_nodes(exchange x);
void catalog_services(exchange x);
void catalog_service(exchange x);
void catalog_connect(exchange x);
void catalog_node(exchange x);
void catalog_node_services(exchange x);

// -- health_handlers.cpp
void health_node(exchange x);
void health_checks(exchange x);
void health_state(exchange x);
void health_service(exchange x);
void health_connect(exchange x);

// -- agent_handlers.cpp: this node's services
void agent_services(exchange x);
void agent_service(exchange x);
void agent_service_register(exchange x);
void agent_service_deregister(exchange x);
void agent_service_maintenance(exchange x);
void agent_maintenance(exchange x);
void agent_health_by_id(exchange x);
void agent_health_by_name(exchange x);

// -- agent_check_handlers.cpp: this node's checks
void agent_checks(exchange x);
void agent_check_register(exchange x);
void agent_check_deregister(exchange x);
void agent_check_pass(exchange x);
void agent_check_warn(exchange x);
void agent_check_fail(exchange x);
void agent_check_update(exchange x);

// -- ui_handlers.cpp: /v1/internal/ui
void ui_nodes(exchange x);
void ui_node(exchange x);
void ui_services(exchange x);

} // namespace praetor::http
