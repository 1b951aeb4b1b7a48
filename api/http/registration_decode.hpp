// Bodies that describe nodes, services and checks, as the catalog's, the
// agent's and the transactions' endpoints take them: members, aliases, defaults
// and every refusal that needs no state. Pure.
//
// Errors carry the sentence for the client: invalid_argument (400) or rejected
// (500), as Consul answers.
// Source: Consul agent/structs (service_definition.go, check_type.go,
// structs.go), agent/agent_endpoint.go, agent/consul/catalog_endpoint.go.

#pragma once

#include "actors/agent/messages.hpp"
#include "actors/catalog/messages.hpp"
#include "api/http/json_decode.hpp"
#include "runtime/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace praetor::http {

// -- catalog
// ----------------------------------------------------------------------

/// Body of PUT /v1/catalog/register.
result<catalog::register_node>
decode_node_registration(std::string_view body,
                         const std::string& own_datacenter);

/// Body of PUT /v1/catalog/deregister.
result<catalog::deregister_node>
decode_node_deregistration(std::string_view body,
                           const std::string& own_datacenter);

// -- agent
// ------------------------------------------------------------------------

/// What one registration at an agent asks for.
struct service_registration {
  agent::register_service service;
  /// `Connect.SidecarService`: registered next to it. Port 0: the first free
  /// one is to be chosen (see `complete_sidecar`).
  std::optional<agent::register_service> sidecar;
};

/// Body of PUT /v1/agent/service/register.
result<service_registration> decode_service_registration(std::string_view body);

/// Gives a sidecar its port and the checks that it has by default.
void complete_sidecar(agent::register_service& sidecar, std::int64_t port);

/// Body of PUT /v1/agent/check/register.
result<agent::register_check> decode_check_registration(std::string_view body);

/// Whether carrying out the check means to start a program.
bool runs_script(const health::check_plan& check);

/// Refuses such a check where only files may ask for it.
error remote_scripts_disabled();

// -- objects of transactions
// ------------------------------------------------------
//
// Shaped as json_member wants them: {"Node", take_node_row}. ModifyIndex is
// kept. Defaults that catalog/register fills in are not.

status take_node_row(const json_value& from, std::string_view field,
                     catalog::node_row& to);
status take_service_row(const json_value& from, std::string_view field,
                        catalog::service_row& to);
status take_check_row(const json_value& from, std::string_view field,
                      catalog::check_row& to);

} // namespace praetor::http
