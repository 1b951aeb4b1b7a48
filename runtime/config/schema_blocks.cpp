#include "runtime/config/schema.hpp"

#include <array>

namespace praetor::config {

namespace {

constexpr field<acl_settings> acl_fields[] = {
  bind<&acl_settings::enabled>("enabled"),
  bind<&acl_settings::default_policy>("default_policy"),
  bind<&acl_settings::down_policy>("down_policy"),
  bind<&acl_settings::token_ttl>("token_ttl"),
  bind<&acl_settings::policy_ttl>("policy_ttl"),
  bind<&acl_settings::role_ttl>("role_ttl"),
  bind<&acl_settings::enable_key_list_policy>("enable_key_list_policy"),
  bind<&acl_settings::enable_token_persistence>("enable_token_persistence"),
  bind<&acl_settings::enable_token_replication>("enable_token_replication"),
  bind<&acl_settings::msp_disable_bootstrap>("msp_disable_bootstrap"),
  bind<&acl_settings::tokens>("tokens"),
};

constexpr field<address_settings> address_fields[] = {
  bind<&address_settings::dns>("dns"),
  bind<&address_settings::http>("http"),
  bind<&address_settings::https>("https"),
  bind<&address_settings::grpc>("grpc"),
};

constexpr field<autopilot_settings> autopilot_fields[] = {
  bind<&autopilot_settings::cleanup_dead_servers>("cleanup_dead_servers"),
  bind<&autopilot_settings::last_contact_threshold>("last_contact_threshold"),
  bind<&autopilot_settings::max_trailing_logs>("max_trailing_logs"),
  bind<&autopilot_settings::min_quorum>("min_quorum"),
  bind<&autopilot_settings::server_stabilization_time>(
    "server_stabilization_time"),
  bind<&autopilot_settings::disable_upgrade_migration>(
    "disable_upgrade_migration"),
  bind<&autopilot_settings::redundancy_zone_tag>("redundancy_zone_tag"),
  bind<&autopilot_settings::upgrade_version_tag>("upgrade_version_tag"),
};

constexpr field<dns_settings> dns_fields[] = {
  bind<&dns_settings::allow_stale>("allow_stale"),
  bind<&dns_settings::a_record_limit>("a_record_limit"),
  bind<&dns_settings::disable_compression>("disable_compression"),
  bind<&dns_settings::enable_truncate>("enable_truncate"),
  bind<&dns_settings::enable_additional_node_meta_txt>(
    "enable_additional_node_meta_txt"),
  bind<&dns_settings::max_stale>("max_stale"),
  bind<&dns_settings::node_ttl>("node_ttl"),
  bind<&dns_settings::only_passing>("only_passing"),
  bind<&dns_settings::recursor_timeout>("recursor_timeout"),
  bind<&dns_settings::service_ttl>("service_ttl"),
  bind<&dns_settings::udp_answer_limit>("udp_answer_limit"),
  bind<&dns_settings::soa>("soa"),
  bind<&dns_settings::use_cache>("use_cache"),
  bind<&dns_settings::cache_max_age>("cache_max_age"),
  bind<&dns_settings::prefer_namespace>("prefer_namespace"),
};

constexpr field<gossip_settings> gossip_fields[] = {
  bind<&gossip_settings::gossip_interval>("gossip_interval"),
  bind<&gossip_settings::gossip_nodes>("gossip_nodes"),
  bind<&gossip_settings::probe_interval>("probe_interval"),
  bind<&gossip_settings::probe_timeout>("probe_timeout"),
  bind<&gossip_settings::retransmit_mult>("retransmit_mult"),
  bind<&gossip_settings::suspicion_mult>("suspicion_mult"),
};

constexpr field<http_settings> http_fields[] = {
  bind<&http_settings::block_endpoints>("block_endpoints"),
  bind<&http_settings::allow_write_http_from>("allow_write_http_from"),
  bind<&http_settings::response_headers>("response_headers"),
  bind<&http_settings::use_cache>("use_cache"),
};

constexpr field<limit_settings> limit_fields[] = {
  bind<&limit_settings::http_max_conns_per_client>("http_max_conns_per_client"),
  bind<&limit_settings::https_handshake_timeout>("https_handshake_timeout"),
  bind<&limit_settings::rpc_handshake_timeout>("rpc_handshake_timeout"),
  bind<&limit_settings::rpc_rate>("rpc_rate"),
  bind<&limit_settings::rpc_max_burst>("rpc_max_burst"),
  bind<&limit_settings::rpc_max_conns_per_client>("rpc_max_conns_per_client"),
  bind<&limit_settings::kv_max_value_size>("kv_max_value_size"),
  bind<&limit_settings::txn_max_req_len>("txn_max_req_len"),
  bind<&limit_settings::request_limits>("request_limits"),
};

constexpr field<performance_settings> performance_fields[] = {
  bind<&performance_settings::raft_multiplier>("raft_multiplier"),
  bind<&performance_settings::leave_drain_time>("leave_drain_time"),
  bind<&performance_settings::rpc_hold_timeout>("rpc_hold_timeout"),
};

constexpr field<port_settings> port_fields[] = {
  bind<&port_settings::dns>("dns"),
  bind<&port_settings::http>("http"),
  bind<&port_settings::https>("https"),
  bind<&port_settings::grpc>("grpc"),
  bind<&port_settings::grpc_tls>("grpc_tls"),
  bind<&port_settings::serf_lan>("serf_lan"),
  bind<&port_settings::serf_wan>("serf_wan"),
  bind<&port_settings::server>("server"),
  bind<&port_settings::sidecar_min_port>("sidecar_min_port"),
  bind<&port_settings::sidecar_max_port>("sidecar_max_port"),
  bind<&port_settings::expose_min_port>("expose_min_port"),
  bind<&port_settings::expose_max_port>("expose_max_port"),
  bind<&port_settings::proxy_min_port>("proxy_min_port"),
  bind<&port_settings::proxy_max_port>("proxy_max_port"),
};

constexpr field<scheduler_settings> scheduler_fields[] = {
  bind<&scheduler_settings::workers>("workers"),
};

constexpr field<soa_settings> soa_fields[] = {
  bind<&soa_settings::refresh>("refresh"),
  bind<&soa_settings::retry>("retry"),
  bind<&soa_settings::expire>("expire"),
  bind<&soa_settings::min_ttl>("min_ttl"),
};

constexpr field<unix_socket_settings> unix_socket_fields[] = {
  bind<&unix_socket_settings::user>("user"),
  bind<&unix_socket_settings::group>("group"),
  bind<&unix_socket_settings::mode>("mode"),
};

constexpr field<acl_tokens> acl_token_fields[] = {
  bind<&acl_tokens::master>("master", "initial_management"),
  bind<&acl_tokens::agent_master>("agent_master", "agent_recovery"),
  bind<&acl_tokens::default_token>("default"),
  bind<&acl_tokens::agent>("agent"),
  bind<&acl_tokens::replication>("replication"),
  bind<&acl_tokens::config_file_service_registration>(
    "config_file_service_registration"),
  bind<&acl_tokens::managed_service_provider>("managed_service_provider"),
};

constexpr std::array<std::string_view, 13> circonus_keys = {
  "circonus_api_app",
  "circonus_api_token",
  "circonus_api_url",
  "circonus_broker_id",
  "circonus_broker_select_tag",
  "circonus_check_display_name",
  "circonus_check_force_metric_activation",
  "circonus_check_id",
  "circonus_check_instance_id",
  "circonus_check_search_tag",
  "circonus_check_tags",
  "circonus_submission_interval",
  "circonus_submission_url",
};

/// All keys of this third-party service go into one map.
template <std::size_t Index>
constexpr field<telemetry_settings> circonus() {
  field<telemetry_settings> out{};
  out.key = circonus_keys[Index];
  out.replaces = true;
  out.read = [](decoder& in, const value& x, telemetry_settings& to) {
    in.read(x, to.circonus[std::string{circonus_keys[Index]}]);
  };
  out.differs = [](const telemetry_settings& a, const telemetry_settings& b) {
    return a.circonus != b.circonus;
  };
  return out;
}

constexpr field<telemetry_settings> telemetry_fields[] = {
  bind<&telemetry_settings::metrics_prefix>("metrics_prefix"),
  bind<&telemetry_settings::statsd_address>("statsd_address"),
  bind<&telemetry_settings::statsite_address>("statsite_address"),
  bind<&telemetry_settings::dogstatsd_addr>("dogstatsd_addr"),
  bind<&telemetry_settings::dogstatsd_tags>("dogstatsd_tags"),
  bind<&telemetry_settings::prometheus_retention_time>(
    "prometheus_retention_time"),
  bind<&telemetry_settings::disable_hostname>("disable_hostname"),
  bind<&telemetry_settings::prefix_filter>("prefix_filter"),
  bind<&telemetry_settings::filter_default>("filter_default"),
  circonus<0>(),
  circonus<1>(),
  circonus<2>(),
  circonus<3>(),
  circonus<4>(),
  circonus<5>(),
  circonus<6>(),
  circonus<7>(),
  circonus<8>(),
  circonus<9>(),
  circonus<10>(),
  circonus<11>(),
  circonus<12>(),
};

} // namespace

fields<acl_settings> fields_of(const acl_settings*) {
  return acl_fields;
}

fields<acl_tokens> fields_of(const acl_tokens*) {
  return acl_token_fields;
}

fields<address_settings> fields_of(const address_settings*) {
  return address_fields;
}

fields<autopilot_settings> fields_of(const autopilot_settings*) {
  return autopilot_fields;
}

fields<dns_settings> fields_of(const dns_settings*) {
  return dns_fields;
}

fields<gossip_settings> fields_of(const gossip_settings*) {
  return gossip_fields;
}

fields<http_settings> fields_of(const http_settings*) {
  return http_fields;
}

fields<limit_settings> fields_of(const limit_settings*) {
  return limit_fields;
}

fields<performance_settings> fields_of(const performance_settings*) {
  return performance_fields;
}

fields<port_settings> fields_of(const port_settings*) {
  return port_fields;
}

fields<scheduler_settings> fields_of(const scheduler_settings*) {
  return scheduler_fields;
}

fields<soa_settings> fields_of(const soa_settings*) {
  return soa_fields;
}

fields<telemetry_settings> fields_of(const telemetry_settings*) {
  return telemetry_fields;
}

fields<unix_socket_settings> fields_of(const unix_socket_settings*) {
  return unix_socket_fields;
}

} // namespace praetor::config
