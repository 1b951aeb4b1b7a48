// Tables that the bodies of the catalog's and the agent's registrations share.
// Private to the files that decode them.

#pragma once

#include "actors/catalog/messages.hpp"
#include "api/http/json_decode.hpp"
#include "api/http/proxy_decode.hpp"
#include "runtime/base/result.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace praetor::http {

struct weights_body {
  std::int64_t passing = 0;
  std::int64_t warning = 0;
};

inline constexpr json_member<weights_body> weights_members[] = {
  field<&weights_body::passing>("Passing"),
  field<&weights_body::warning>("Warning"),
};

inline constexpr json_member<catalog::service_address> address_members[] = {
  field<&catalog::service_address::address>("Address"),
  field<&catalog::service_address::port>("Port"),
};

template <class Body>
status take_tagged(const json_value& from, std::string_view name, Body& to) {
  return decode_entries(
    from, name, to.row.tagged_addresses,
    [name](const json_value& x, catalog::service_address& address) {
      return decode_object(x, name, address_members, address);
    });
}

template <class Body>
status take_body_proxy(const json_value& from, std::string_view name,
                       Body& to) {
  return take_proxy(from, name, to.proxy);
}

/// What the catalog and agents call by the same names. `Body` has members
/// `row`, `weights` and `proxy`.
template <class Body>
inline constexpr std::array<json_member<Body>, 9> common_service_members{{
  field<&Body::row, &catalog::service_row::id>("ID"),
  field<&Body::row, &catalog::service_row::kind>("Kind"),
  field<&Body::row, &catalog::service_row::tags>("Tags"),
  field<&Body::row, &catalog::service_row::address>("Address"),
  field<&Body::row, &catalog::service_row::meta>("Meta"),
  field<&Body::row, &catalog::service_row::port>("Port"),
  field<&Body::row, &catalog::service_row::enable_tag_override>(
    "EnableTagOverride"),
  object<&Body::weights, weights_members>("Weights"),
  {"Proxy", take_body_proxy<Body>},
}};

/// How a check is carried out. `Path` leads from the body to the definition; no
/// path: the body is one.
template <class Body, auto... Path>
inline constexpr std::array<json_member<Body>, 18> definition_members{{
  field<Path..., &catalog::check_definition_row::ttl>("TTL"),
  field<Path..., &catalog::check_definition_row::http>("HTTP"),
  field<Path..., &catalog::check_definition_row::tls_skip_verify>(
    "TLSSkipVerify", "tls_skip_verify"),
  field<Path..., &catalog::check_definition_row::header>("Header"),
  field<Path..., &catalog::check_definition_row::method>("Method"),
  field<Path..., &catalog::check_definition_row::body>("Body"),
  field<Path..., &catalog::check_definition_row::tcp>("TCP"),
  field<Path..., &catalog::check_definition_row::interval>("Interval"),
  field<Path..., &catalog::check_definition_row::timeout>("Timeout"),
  field<Path..., &catalog::check_definition_row::deregister_after>(
    "DeregisterCriticalServiceAfter", "deregister_critical_service_after"),
  field<Path..., &catalog::check_definition_row::output_max_size>(
    "OutputMaxSize"),
  field<Path..., &catalog::check_definition_row::script_args>("ScriptArgs",
                                                              "script_args"),
  field<Path..., &catalog::check_definition_row::docker_container_id>(
    "DockerContainerID", "docker_container_id"),
  field<Path..., &catalog::check_definition_row::shell>("Shell"),
  field<Path..., &catalog::check_definition_row::grpc>("GRPC"),
  field<Path..., &catalog::check_definition_row::grpc_use_tls>("GRPCUseTLS"),
  field<Path..., &catalog::check_definition_row::alias_node>("AliasNode"),
  field<Path..., &catalog::check_definition_row::alias_service>("AliasService"),
}};

} // namespace praetor::http
