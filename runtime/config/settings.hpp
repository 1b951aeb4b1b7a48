// Everything that can be configured about one node, typed and with its default.
// Member names are the keys of the configuration language: `ports.http` is
// `settings::ports.http`. runtime/config/schema.cpp reads them, resolve.cpp
// derives `network`, validate.cpp says what is impossible.
//
// Keys of features that this version lacks are kept too; unsupported.cpp lists
// them, and setting one gives a warning.
//
// Source: Consul's agent configuration reference, version 1.8.

#pragma once

#include "runtime/base/time.hpp"
#include "runtime/config/definitions.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::config {

using string_list = std::vector<std::string>;
using string_map = std::map<std::string, std::string>;

// -- blocks -------------------------------------------------------------------

struct acl_tokens {
  /// Also `initial_management`.
  std::string master;
  /// Also `agent_recovery`.
  std::string agent_master;
  std::string default_token;
  std::string agent;
  std::string replication;
  std::string config_file_service_registration;
  value managed_service_provider;

  friend bool operator==(const acl_tokens&, const acl_tokens&) = default;
};

struct acl_settings {
  bool enabled = false;
  std::string default_policy = "allow";
  std::string down_policy = "extend-cache";
  duration token_ttl = std::chrono::seconds{30};
  duration policy_ttl = std::chrono::seconds{30};
  duration role_ttl = std::chrono::seconds{30};
  bool enable_key_list_policy = false;
  bool enable_token_persistence = false;
  bool enable_token_replication = false;
  bool msp_disable_bootstrap = false;
  acl_tokens tokens;

  friend bool operator==(const acl_settings&, const acl_settings&) = default;
};

/// The forms that ACL keys had before version 1.4.
struct legacy_acl_settings {
  std::string datacenter;
  std::string token;
  std::string agent_token;
  std::string agent_master_token;
  std::string master_token;
  std::string replication_token;
  std::string default_policy;
  std::string down_policy;
  duration ttl{};
  bool enable_key_list_policy = false;
  bool enable_replication = false;

  friend bool operator==(const legacy_acl_settings&,
                         const legacy_acl_settings&) = default;
};

/// Listen addresses of the front ends; empty means client_addr.
struct address_settings {
  std::string dns;
  std::string http;
  std::string https;
  std::string grpc;

  friend bool operator==(const address_settings&,
                         const address_settings&) = default;
};

/// -1 and 0 switch a listener off.
struct port_settings {
  int dns = 8600;
  int http = 8500;
  int https = -1;
  int grpc = -1;
  int grpc_tls = -1;
  int serf_lan = 8301;
  int serf_wan = 8302;
  int server = 8300;
  int sidecar_min_port = 21000;
  int sidecar_max_port = 21255;
  int expose_min_port = 21500;
  int expose_max_port = 21755;
  int proxy_min_port = 20000;
  int proxy_max_port = 20255;

  friend bool operator==(const port_settings&, const port_settings&) = default;
};

struct autopilot_settings {
  bool cleanup_dead_servers = true;
  duration last_contact_threshold = std::chrono::milliseconds{200};
  int max_trailing_logs = 250;
  unsigned min_quorum = 0;
  duration server_stabilization_time = std::chrono::seconds{10};
  bool disable_upgrade_migration = false;
  std::string redundancy_zone_tag;
  std::string upgrade_version_tag;

  friend bool operator==(const autopilot_settings&,
                         const autopilot_settings&) = default;
};

/// Seconds.
struct soa_settings {
  std::uint32_t refresh = 3600;
  std::uint32_t retry = 600;
  std::uint32_t expire = 86400;
  std::uint32_t min_ttl = 0;

  friend bool operator==(const soa_settings&, const soa_settings&) = default;
};

struct dns_settings {
  bool allow_stale = true;
  int a_record_limit = 0;
  bool disable_compression = false;
  bool enable_truncate = false;
  bool enable_additional_node_meta_txt = true;
  duration max_stale = std::chrono::hours{87600};
  duration node_ttl{};
  bool only_passing = false;
  duration recursor_timeout = std::chrono::seconds{2};
  /// By service name; "*" is for all, "web*" for a prefix.
  std::map<std::string, duration> service_ttl;
  int udp_answer_limit = 3;
  soa_settings soa;
  bool use_cache = false;
  duration cache_max_age{};
  bool prefer_namespace = false;

  friend bool operator==(const dns_settings&, const dns_settings&) = default;
};

/// SWIM parameters of one pool; see Consul's gossip_lan.
struct gossip_settings {
  duration gossip_interval{};
  int gossip_nodes = 3;
  duration probe_interval{};
  duration probe_timeout{};
  int retransmit_mult = 4;
  int suspicion_mult = 4;

  friend bool operator==(const gossip_settings&,
                         const gossip_settings&) = default;
};

struct http_settings {
  string_list block_endpoints;
  /// CIDRs.
  string_list allow_write_http_from;
  string_map response_headers;
  bool use_cache = true;

  friend bool operator==(const http_settings&, const http_settings&) = default;
};

struct limit_settings {
  int http_max_conns_per_client = 200;
  duration https_handshake_timeout = std::chrono::seconds{5};
  duration rpc_handshake_timeout = std::chrono::seconds{5};
  /// Requests per second; -1 is unlimited.
  double rpc_rate = -1;
  int rpc_max_burst = 1000;
  int rpc_max_conns_per_client = 100;
  std::uint64_t kv_max_value_size = 524288;
  std::uint64_t txn_max_req_len = 524288;
  value request_limits;

  friend bool operator==(const limit_settings&,
                         const limit_settings&) = default;
};

struct performance_settings {
  int raft_multiplier = 5;
  duration leave_drain_time = std::chrono::seconds{5};
  duration rpc_hold_timeout = std::chrono::seconds{7};

  friend bool operator==(const performance_settings&,
                         const performance_settings&) = default;
};

struct telemetry_settings {
  std::string metrics_prefix = "consul";
  std::string statsd_address;
  std::string statsite_address;
  std::string dogstatsd_addr;
  string_list dogstatsd_tags;
  duration prometheus_retention_time{};
  bool disable_hostname = false;
  /// "+prefix" lets through, "-prefix" holds back.
  string_list prefix_filter;
  bool filter_default = true;
  /// The circonus_* keys.
  string_map circonus;

  friend bool operator==(const telemetry_settings&,
                         const telemetry_settings&) = default;
};

struct tls_settings {
  std::string ca_file;
  std::string ca_path;
  std::string cert_file;
  std::string key_file;
  bool verify_incoming = false;
  bool verify_incoming_rpc = false;
  bool verify_incoming_https = false;
  bool verify_outgoing = false;
  bool verify_server_hostname = false;
  std::string server_name;
  std::string min_version = "tls12";
  std::string cipher_suites;
  bool prefer_server_cipher_suites = false;
  /// The `tls` block of newer versions.
  value blocks;

  friend bool operator==(const tls_settings&, const tls_settings&) = default;
};

struct unix_socket_settings {
  std::string user;
  std::string group;
  std::string mode;

  friend bool operator==(const unix_socket_settings&,
                         const unix_socket_settings&) = default;
};

/// Threads of the actor scheduler.
struct scheduler_settings {
  /// 0 lets the number of processors decide.
  int workers = 0;

  friend bool operator==(const scheduler_settings&,
                         const scheduler_settings&) = default;
};

/// `actor "NAME" { ... }`: this node hosts that actor, with these options. The
/// actor reads them; see runtime/config/decoder.hpp.
struct actor_block {
  std::string name;
  value options;
  /// "file.hcl, line 3, column 1"
  std::string where;

  friend bool operator==(const actor_block&, const actor_block&) = default;
};

// -- what follows from the settings -------------------------------------------

/// An IP address and a port, or the path of a unix socket.
struct endpoint {
  std::string address;
  /// -1 for a unix socket, which has its path as address.
  int port = -1;

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

/// Returns "127.0.0.1:8500", "[::1]:8500" or "unix:///path".
std::string to_string(const endpoint& x);

/// All addresses, with templates, defaults and detection done.
struct network_settings {
  std::string bind;
  std::string advertise_lan;
  std::string advertise_wan;
  string_list clients;
  std::vector<endpoint> http;
  std::vector<endpoint> https;
  std::vector<endpoint> dns;
  std::vector<endpoint> grpc;
  endpoint server;
  endpoint serf_lan;
  /// The port is -1 when the WAN pool is off.
  endpoint serf_wan;
};

// -- all ----------------------------------------------------------------------

struct settings {
  // identity
  std::string datacenter = "dc1";
  std::string primary_datacenter;
  /// Empty means the host name.
  std::string node_name;
  std::string node_id;
  bool disable_host_node_id = true;
  string_map node_meta;
  string_map tagged_addresses;
  /// Empty only with `dev`.
  std::string data_dir;
  std::string pid_file;
  /// -dev: everything in memory.
  bool dev = false;

  // role
  bool server = false;
  bool bootstrap = false;
  int bootstrap_expect = 0;
  bool non_voting_server = false;
  int protocol = 2;
  int raft_protocol = 3;
  int raft_snapshot_threshold = 16384;
  duration raft_snapshot_interval = std::chrono::seconds{30};
  int raft_trailing_logs = 10240;
  performance_settings performance;
  autopilot_settings autopilot;

  // addresses
  std::string bind_addr = "0.0.0.0";
  std::string client_addr = "127.0.0.1";
  std::string advertise_addr;
  std::string advertise_addr_ipv4;
  std::string advertise_addr_ipv6;
  std::string advertise_addr_wan;
  std::string advertise_addr_wan_ipv4;
  std::string advertise_addr_wan_ipv6;
  std::string serf_lan;
  std::string serf_wan;
  string_list serf_lan_allowed_cidrs;
  string_list serf_wan_allowed_cidrs;
  address_settings addresses;
  port_settings ports;
  unix_socket_settings unix_sockets;
  bool translate_wan_addrs = false;
  /// Filled by resolve().
  network_settings network;

  // membership
  string_list start_join;
  string_list start_join_wan;
  string_list retry_join;
  string_list retry_join_wan;
  duration retry_interval = std::chrono::seconds{30};
  duration retry_interval_wan = std::chrono::seconds{30};
  /// 0 is for ever.
  int retry_max = 0;
  int retry_max_wan = 0;
  bool rejoin_after_leave = false;
  /// Absent: a client leaves, a server does not.
  std::optional<bool> leave_on_terminate;
  std::optional<bool> skip_leave_on_interrupt;
  duration reconnect_timeout = std::chrono::hours{72};
  duration reconnect_timeout_wan = std::chrono::hours{72};
  gossip_settings gossip_lan{.gossip_interval = std::chrono::milliseconds{200},
                             .probe_interval = std::chrono::seconds{1},
                             .probe_timeout = std::chrono::milliseconds{500}};
  gossip_settings gossip_wan{.gossip_interval = std::chrono::milliseconds{500},
                             .probe_interval = std::chrono::seconds{5},
                             .probe_timeout = std::chrono::seconds{3},
                             .suspicion_mult = 6};
  std::string encrypt;
  bool encrypt_verify_incoming = true;
  bool encrypt_verify_outgoing = true;
  bool disable_keyring_file = false;
  bool disable_coordinates = false;

  // services and checks
  std::vector<service_definition> services;
  std::vector<check_definition> checks;
  std::vector<watch_definition> watches;
  bool enable_script_checks = false;
  bool enable_local_script_checks = false;
  bool disable_remote_exec = true;
  duration check_update_interval = std::chrono::minutes{5};
  /// Bytes.
  int check_output_max_size = 4096;
  bool discard_check_output = false;
  bool enable_agent_tls_for_checks = false;
  bool enable_central_service_config = false;

  // front ends
  std::string domain = "consul.";
  std::string alt_domain;
  string_list recursors;
  dns_settings dns_config;
  http_settings http_config;
  bool ui = false;
  std::string ui_dir;
  std::string ui_content_path = "/ui/";
  bool enable_debug = false;
  duration default_query_time = std::chrono::seconds{300};
  duration max_query_time = std::chrono::seconds{600};
  duration discovery_max_stale{};
  duration session_ttl_min = std::chrono::seconds{10};
  bool disable_http_unprintable_char_filter = false;
  limit_settings limits;

  // logs and metrics
  std::string log_level = "INFO";
  bool log_json = false;
  std::string log_file;
  duration log_rotate_duration = std::chrono::hours{24};
  int log_rotate_bytes = 0;
  int log_rotate_max_files = 0;
  bool enable_syslog = false;
  std::string syslog_facility = "LOCAL0";
  telemetry_settings telemetry;
  bool disable_update_check = false;
  bool disable_anonymous_signature = false;

  // security
  acl_settings acl;
  legacy_acl_settings legacy_acl;
  tls_settings tls;

  // actors of this node
  scheduler_settings scheduler;
  std::vector<actor_block> actors;

  // kept as written
  value audit;
  value auto_config;
  value auto_encrypt;
  value cache;
  value config_entries;
  value connect;
  value peering;
  value raft_logstore;
  value reporting;
  value rpc;
  value segments;
  value snapshot_agent;
  std::string segment;
  string_list primary_gateways;
  duration primary_gateways_interval = std::chrono::seconds{30};
  bool use_streaming_backend = false;
  bool auto_reload_config = false;

  bool leaves_on_terminate() const {
    return leave_on_terminate.value_or(!server);
  }

  bool leaves_on_interrupt() const {
    return !skip_leave_on_interrupt.value_or(server);
  }
};

/// What -dev changes before anything else is read.
void apply_dev_defaults(settings& x);

} // namespace praetor::config
