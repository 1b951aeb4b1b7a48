// The one list of keys that are read and kept although no feature uses them
// yet. Who builds the feature removes the line.

#include "runtime/config/schema.hpp"

#include <algorithm>

namespace praetor::config {

namespace {

constexpr std::string_view unsupported_keys[] = {
  "acl",
  "acl_agent_master_token",
  "acl_agent_token",
  "acl_datacenter",
  "acl_default_policy",
  "acl_down_policy",
  "acl_enable_key_list_policy",
  "acl_master_token",
  "acl_replication_token",
  "acl_token",
  "acl_ttl",
  "addresses.grpc",
  "addresses.https",
  "alt_domain",
  "audit",
  "auto_config",
  "auto_encrypt",
  "auto_reload_config",
  "autopilot.disable_upgrade_migration",
  "autopilot.redundancy_zone_tag",
  "autopilot.upgrade_version_tag",
  "cache",
  "config_entries",
  "connect",
  "discovery_max_stale",
  "dns_config",
  "dns_config.prefer_namespace",
  "domain",
  "enable_acl_replication",
  "enable_agent_tls_for_checks",
  "enable_central_service_config",
  "limits.https_handshake_timeout",
  "limits.request_limits",
  "non_voting_server",
  "peering",
  "ports.expose_max_port",
  "ports.expose_min_port",
  "ports.grpc",
  "ports.grpc_tls",
  "ports.https",
  "ports.proxy_max_port",
  "ports.proxy_min_port",
  "primary_gateways",
  "primary_gateways_interval",
  "raft_logstore",
  "recursors",
  "reporting",
  "retry_join_wan",
  "rpc",
  "segments",
  "server_name",
  "service.connect",
  "service.kind",
  "service.proxy",
  "services.connect",
  "services.kind",
  "services.proxy",
  "snapshot_agent",
  "start_join_wan",
  "syslog_facility",
  "telemetry.circonus_api_app",
  "telemetry.circonus_api_token",
  "telemetry.circonus_api_url",
  "telemetry.circonus_broker_id",
  "telemetry.circonus_broker_select_tag",
  "telemetry.circonus_check_display_name",
  "telemetry.circonus_check_force_metric_activation",
  "telemetry.circonus_check_id",
  "telemetry.circonus_check_instance_id",
  "telemetry.circonus_check_search_tag",
  "telemetry.circonus_check_tags",
  "telemetry.circonus_submission_interval",
  "telemetry.circonus_submission_url",
  "telemetry.dogstatsd_addr",
  "telemetry.dogstatsd_tags",
  "telemetry.statsd_address",
  "telemetry.statsite_address",
  "tls",
  "tls_cipher_suites",
  "tls_min_version",
  "tls_prefer_server_cipher_suites",
  "unix_sockets",
  "use_streaming_backend",
  "verify_incoming_https",
  "watches",
};

static_assert(std::ranges::is_sorted(unsupported_keys));

} // namespace

bool is_unsupported(std::string_view key) {
  for (;;) {
    if (std::ranges::binary_search(unsupported_keys, key))
      return true;
    auto dot = key.rfind('.');
    if (dot == std::string_view::npos)
      return false;
    key = key.substr(0, dot);
  }
}

} // namespace praetor::config
