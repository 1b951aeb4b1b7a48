#include "runtime/config/schema.hpp"

#include "runtime/config/spelling.hpp"

#include <algorithm>

namespace praetor::config {

namespace {

// Consul merges neither `service` nor `check` blocks: each is one definition.
void read_service(decoder& in, const value& x, settings& to) {
  service_definition service;
  in.read(x, service);
  to.services.push_back(std::move(service));
}

void read_check(decoder& in, const value& x, settings& to) {
  check_definition check;
  in.read(x, check);
  to.checks.push_back(std::move(check));
}

/// The block that newer versions have instead of ui, ui_dir, ui_content_path.
constexpr field<settings> ui_config_fields[] = {
  bind<&settings::ui>("enabled"),
  bind<&settings::ui_dir>("dir"),
  bind<&settings::ui_content_path>("content_path"),
};

void read_ui_config(decoder& in, const value& x, settings& to) {
  in.read_fields<settings>(x, ui_config_fields, to);
}

constexpr std::string_view actor_names[] = {
  "acl",         "agent",  "api",    "catalog", "gossip",
  "health",      "kv",     "leader", "query",   "raft",
  "registrator", "router", "state",  "storage", "template",
};

/// Reads `actor "NAME" { ... }`.
void read_actors(decoder& in, const value& x, settings& to) {
  const auto* named = x.as<value_object>();
  if (named == nullptr)
    return in.bad_value(x, "expected actor \"NAME\" { ... }");
  for (const auto& entry : *named) {
    const auto& name = entry.key;
    if (std::ranges::find(actor_names, name) == std::end(actor_names)) {
      auto meant = nearest(name, actor_names);
      in.bad_value(entry.content,
                   "there is no actor \"" + name + "\""
                     + (meant.empty()
                          ? ""
                          : "; did you mean \"" + std::string{meant} + "\"?"));
    } else if (entry.content.as<value_object>() == nullptr) {
      in.bad_value(entry.content, "expected actor \"" + name + "\" { ... }");
    } else {
      to.actors.push_back({name, entry.content, in.place(entry.where)});
    }
  }
}

using tls = tls_settings;
using old = legacy_acl_settings;

constexpr field<settings> setting_fields[] = {
  // identity
  bind<&settings::datacenter>("datacenter"),
  bind<&settings::primary_datacenter>("primary_datacenter"),
  bind<&settings::node_name>("node_name"),
  bind<&settings::node_id>("node_id"),
  bind<&settings::disable_host_node_id>("disable_host_node_id"),
  bind<&settings::node_meta>("node_meta"),
  bind<&settings::tagged_addresses>("tagged_addresses"),
  bind<&settings::data_dir>("data_dir"),
  bind<&settings::pid_file>("pid_file"),
  // role
  bind<&settings::server>("server"),
  bind<&settings::bootstrap>("bootstrap"),
  bind<&settings::bootstrap_expect>("bootstrap_expect"),
  bind<&settings::non_voting_server>("non_voting_server"),
  bind<&settings::protocol>("protocol"),
  bind<&settings::raft_protocol>("raft_protocol"),
  bind<&settings::raft_snapshot_threshold>("raft_snapshot_threshold"),
  bind<&settings::raft_snapshot_interval>("raft_snapshot_interval"),
  bind<&settings::raft_trailing_logs>("raft_trailing_logs"),
  bind<&settings::performance>("performance"),
  bind<&settings::autopilot>("autopilot"),
  // addresses
  bind<&settings::bind_addr>("bind_addr"),
  bind<&settings::client_addr>("client_addr"),
  bind<&settings::advertise_addr>("advertise_addr"),
  bind<&settings::advertise_addr_ipv4>("advertise_addr_ipv4"),
  bind<&settings::advertise_addr_ipv6>("advertise_addr_ipv6"),
  bind<&settings::advertise_addr_wan>("advertise_addr_wan"),
  bind<&settings::advertise_addr_wan_ipv4>("advertise_addr_wan_ipv4"),
  bind<&settings::advertise_addr_wan_ipv6>("advertise_addr_wan_ipv6"),
  bind<&settings::serf_lan>("serf_lan"),
  bind<&settings::serf_wan>("serf_wan"),
  bind<&settings::serf_lan_allowed_cidrs>("serf_lan_allowed_cidrs"),
  bind<&settings::serf_wan_allowed_cidrs>("serf_wan_allowed_cidrs"),
  bind<&settings::addresses>("addresses"),
  bind<&settings::ports>("ports"),
  bind<&settings::unix_sockets>("unix_sockets"),
  bind<&settings::translate_wan_addrs>("translate_wan_addrs"),
  // membership
  bind<&settings::start_join>("start_join"),
  bind<&settings::start_join_wan>("start_join_wan"),
  bind<&settings::retry_join>("retry_join"),
  bind<&settings::retry_join_wan>("retry_join_wan"),
  bind<&settings::retry_interval>("retry_interval"),
  bind<&settings::retry_interval_wan>("retry_interval_wan"),
  bind<&settings::retry_max>("retry_max"),
  bind<&settings::retry_max_wan>("retry_max_wan"),
  bind<&settings::rejoin_after_leave>("rejoin_after_leave"),
  bind<&settings::leave_on_terminate>("leave_on_terminate"),
  bind<&settings::skip_leave_on_interrupt>("skip_leave_on_interrupt"),
  bind<&settings::reconnect_timeout>("reconnect_timeout"),
  bind<&settings::reconnect_timeout_wan>("reconnect_timeout_wan"),
  bind<&settings::gossip_lan>("gossip_lan"),
  bind<&settings::gossip_wan>("gossip_wan"),
  bind<&settings::encrypt>("encrypt"),
  bind<&settings::encrypt_verify_incoming>("encrypt_verify_incoming"),
  bind<&settings::encrypt_verify_outgoing>("encrypt_verify_outgoing"),
  bind<&settings::disable_keyring_file>("disable_keyring_file"),
  bind<&settings::disable_coordinates>("disable_coordinates"),
  // services and checks
  bind<&settings::services>("services"),
  bind<&settings::checks>("checks"),
  bind<&settings::watches>("watches"),
  bind<&settings::enable_script_checks>("enable_script_checks"),
  bind<&settings::enable_local_script_checks>("enable_local_script_checks"),
  bind<&settings::disable_remote_exec>("disable_remote_exec"),
  bind<&settings::check_update_interval>("check_update_interval"),
  bind<&settings::check_output_max_size>("check_output_max_size"),
  bind<&settings::discard_check_output>("discard_check_output"),
  bind<&settings::enable_agent_tls_for_checks>("enable_agent_tls_for_checks"),
  bind<&settings::enable_central_service_config>(
    "enable_central_service_config"),
  {.key = "service", .read = read_service},
  {.key = "check", .read = read_check},
  // front ends
  bind<&settings::domain>("domain"),
  bind<&settings::alt_domain>("alt_domain"),
  bind<&settings::recursors>("recursors"),
  bind<&settings::dns_config>("dns_config"),
  bind<&settings::http_config>("http_config"),
  bind<&settings::ui>("ui"),
  bind<&settings::ui_dir>("ui_dir"),
  bind<&settings::ui_content_path>("ui_content_path"),
  bind<&settings::enable_debug>("enable_debug"),
  bind<&settings::default_query_time>("default_query_time"),
  bind<&settings::max_query_time>("max_query_time"),
  bind<&settings::discovery_max_stale>("discovery_max_stale"),
  bind<&settings::session_ttl_min>("session_ttl_min"),
  bind<&settings::disable_http_unprintable_char_filter>(
    "disable_http_unprintable_char_filter"),
  bind<&settings::limits>("limits"),
  {.key = "ui_config", .read = read_ui_config},
  // logs and metrics
  bind<&settings::log_level>("log_level"),
  bind<&settings::log_json>("log_json"),
  bind<&settings::log_file>("log_file"),
  bind<&settings::log_rotate_duration>("log_rotate_duration"),
  bind<&settings::log_rotate_bytes>("log_rotate_bytes"),
  bind<&settings::log_rotate_max_files>("log_rotate_max_files"),
  bind<&settings::enable_syslog>("enable_syslog"),
  bind<&settings::syslog_facility>("syslog_facility"),
  bind<&settings::telemetry>("telemetry"),
  bind<&settings::disable_update_check>("disable_update_check"),
  bind<&settings::disable_anonymous_signature>("disable_anonymous_signature"),
  // security and scheduling
  bind<&settings::acl>("acl"),
  bind<&settings::scheduler>("scheduler"),
  bind_in<&settings::legacy_acl, &old::datacenter>("acl_datacenter"),
  bind_in<&settings::legacy_acl, &old::token>("acl_token"),
  bind_in<&settings::legacy_acl, &old::agent_token>("acl_agent_token"),
  bind_in<&settings::legacy_acl, &old::agent_master_token>(
    "acl_agent_master_token"),
  bind_in<&settings::legacy_acl, &old::master_token>("acl_master_token"),
  bind_in<&settings::legacy_acl, &old::replication_token>(
    "acl_replication_token"),
  bind_in<&settings::legacy_acl, &old::default_policy>("acl_default_policy"),
  bind_in<&settings::legacy_acl, &old::down_policy>("acl_down_policy"),
  bind_in<&settings::legacy_acl, &old::ttl>("acl_ttl"),
  bind_in<&settings::legacy_acl, &old::enable_key_list_policy>(
    "acl_enable_key_list_policy"),
  bind_in<&settings::legacy_acl, &old::enable_replication>(
    "enable_acl_replication"),
  bind_in<&settings::tls, &tls::ca_file>("ca_file"),
  bind_in<&settings::tls, &tls::ca_path>("ca_path"),
  bind_in<&settings::tls, &tls::cert_file>("cert_file"),
  bind_in<&settings::tls, &tls::key_file>("key_file"),
  bind_in<&settings::tls, &tls::verify_incoming>("verify_incoming"),
  bind_in<&settings::tls, &tls::verify_incoming_rpc>("verify_incoming_rpc"),
  bind_in<&settings::tls, &tls::verify_incoming_https>("verify_incoming_https"),
  bind_in<&settings::tls, &tls::verify_outgoing>("verify_outgoing"),
  bind_in<&settings::tls, &tls::verify_server_hostname>(
    "verify_server_hostname"),
  bind_in<&settings::tls, &tls::server_name>("server_name"),
  bind_in<&settings::tls, &tls::min_version>("tls_min_version"),
  bind_in<&settings::tls, &tls::cipher_suites>("tls_cipher_suites"),
  bind_in<&settings::tls, &tls::prefer_server_cipher_suites>(
    "tls_prefer_server_cipher_suites"),
  bind_in<&settings::tls, &tls::blocks>("tls"),
  {.key = "actor", .read = read_actors, .repeatable = true},
  // kept as written
  bind<&settings::audit>("audit"),
  bind<&settings::auto_config>("auto_config"),
  bind<&settings::auto_encrypt>("auto_encrypt"),
  bind<&settings::cache>("cache"),
  bind<&settings::config_entries>("config_entries"),
  bind<&settings::connect>("connect"),
  bind<&settings::peering>("peering"),
  bind<&settings::raft_logstore>("raft_logstore"),
  bind<&settings::reporting>("reporting"),
  bind<&settings::rpc>("rpc"),
  bind<&settings::segments>("segments"),
  bind<&settings::snapshot_agent>("snapshot_agent"),
  bind<&settings::segment>("segment"),
  bind<&settings::primary_gateways>("primary_gateways"),
  bind<&settings::primary_gateways_interval>("primary_gateways_interval"),
  bind<&settings::use_streaming_backend>("use_streaming_backend"),
  bind<&settings::auto_reload_config>("auto_reload_config"),
};

} // namespace

fields<settings> fields_of(const settings*) {
  return setting_fields;
}

} // namespace praetor::config
