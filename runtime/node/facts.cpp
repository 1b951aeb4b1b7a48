#include "runtime/node/facts.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"
#include "runtime/config/version.hpp"
#include "runtime/node/cidr.hpp"

#include <utility>

namespace praetor::node {

namespace {

/// "lan_ipv4" or "lan_ipv6", by the look of the address.
std::string family_key(const std::string& pool, const std::string& address) {
  return pool + (address.find(':') == std::string::npos ? "_ipv4" : "_ipv6");
}

agent::member_facts member(const config::settings& x,
                           const std::string& node_id, const std::string& name,
                           const std::string& address, int port) {
  agent::member_facts out;
  out.name = name;
  out.address = address;
  out.port = static_cast<std::uint16_t>(port);
  out.tags = {{"acls", x.acl.enabled ? "1" : "0"},
              {"build", std::string{compatible_version} + ":"},
              {"dc", x.datacenter},
              {"id", node_id},
              {"role", x.server ? "consul" : "node"},
              {"segment", ""},
              {"vsn", "2"},
              {"vsn_max", "3"},
              {"vsn_min", "2"}};
  if (!x.server)
    return out;
  out.tags["ft_fs"] = "1";
  out.tags["port"] = std::to_string(x.network.server.port);
  out.tags["raft_vsn"] = std::to_string(x.raft_protocol);
  out.tags["wan_join_port"] = std::to_string(x.network.serf_wan.port);
  if (x.bootstrap)
    out.tags["bootstrap"] = "1";
  if (x.bootstrap_expect > 0)
    out.tags["expect"] = std::to_string(x.bootstrap_expect);
  return out;
}

/// Member as /v1/agent/self shows it.
std::string member_json(const agent::member_facts& x) {
  // The list of one, without its brackets.
  auto list = agent::encode_members(x);
  return list.substr(1, list.size() - 2);
}

/// The part of the settings that people look up. Secrets stay hidden.
std::string debug_config(const config::settings& x) {
  std::string out;
  json_writer w{out};
  const auto text = [&w](std::string_view key, std::string_view value) {
    w.key(key).string(value);
  };
  const auto truth = [&w](std::string_view key, bool value) {
    w.key(key).boolean(value);
  };
  const auto count = [&w](std::string_view key, int value) {
    w.key(key).number(value);
  };
  const auto span = [&w](std::string_view key, duration value) {
    w.key(key).string(format_duration(value));
  };
  w.begin_object();
  text("AdvertiseAddrLAN", x.network.advertise_lan);
  text("AdvertiseAddrWAN", x.network.advertise_wan);
  text("BindAddr", x.network.bind);
  truth("Bootstrap", x.bootstrap);
  count("BootstrapExpect", x.bootstrap_expect);
  count("CheckOutputMaxSize", x.check_output_max_size);
  span("CheckUpdateInterval", x.check_update_interval);
  w.key("ClientAddrs").begin_array();
  for (const auto& address : x.network.clients)
    w.string(address);
  w.end_array();
  count("DNSPort", x.ports.dns);
  text("DataDir", x.data_dir);
  text("Datacenter", x.datacenter);
  span("DefaultQueryTime", x.default_query_time);
  truth("DevMode", x.dev);
  truth("DisableRemoteExec", x.disable_remote_exec);
  truth("EnableDebug", x.enable_debug);
  truth("EnableLocalScriptChecks", x.enable_local_script_checks);
  truth("EnableRemoteScriptChecks", x.enable_script_checks);
  text("EncryptKey", x.encrypt.empty() ? "" : "hidden");
  w.key("HTTPAddrs").begin_array();
  for (const auto& where : x.network.http)
    w.string(to_string(where));
  w.end_array();
  count("HTTPMaxConnsPerClient", x.limits.http_max_conns_per_client);
  count("HTTPPort", x.ports.http);
  w.key("KVMaxValueSize").number(x.limits.kv_max_value_size);
  truth("LeaveOnTerm", x.leaves_on_terminate());
  text("LogLevel", x.log_level);
  span("MaxQueryTime", x.max_query_time);
  text("NodeName", x.node_name);
  text("PidFile", x.pid_file);
  count("RaftProtocol", x.raft_protocol);
  span("RPCHoldTimeout", x.performance.rpc_hold_timeout);
  count("SerfPortLAN", x.ports.serf_lan);
  count("SerfPortWAN", x.ports.serf_wan);
  truth("ServerMode", x.server);
  count("ServerPort", x.ports.server);
  span("SessionTTLMin", x.session_ttl_min);
  truth("SkipLeaveOnInt", !x.leaves_on_interrupt());
  w.key("TxnMaxReqLen").number(x.limits.txn_max_req_len);
  text("UIContentPath", x.ui_content_path);
  truth("UIEnabled", x.ui);
  w.end_object();
  return out;
}

} // namespace

catalog::node_row node_record(const config::settings& x,
                              const std::string& node_id) {
  catalog::node_row out;
  out.id = node_id;
  out.name = x.node_name;
  out.address = x.network.advertise_lan;
  out.datacenter = x.datacenter;
  auto& tagged = out.tagged_addresses.emplace();
  tagged["lan"] = x.network.advertise_lan;
  tagged["wan"] = x.network.advertise_wan;
  tagged[family_key("lan", x.network.advertise_lan)] = x.network.advertise_lan;
  tagged[family_key("wan", x.network.advertise_wan)] = x.network.advertise_wan;
  for (const auto& [key, value] : x.tagged_addresses)
    tagged[key] = value;
  auto& meta = out.meta.emplace();
  for (const auto& [key, value] : x.node_meta)
    meta[key] = value;
  meta["consul-network-segment"] = "";
  return out;
}

catalog::register_node server_registration(const config::settings& x,
                                           const std::string& node_id) {
  catalog::register_node out;
  out.node.id = node_id;
  out.node.name = x.node_name;
  out.node.address = x.network.advertise_lan;
  out.node.datacenter = x.datacenter;
  out.skip_node_update = true;
  auto& service = out.service.emplace();
  service.node = x.node_name;
  service.id = "consul";
  service.name = "consul";
  service.port = x.network.server.port;
  service.meta.emplace(
    catalog::string_map{{"non_voter", x.non_voting_server ? "true" : "false"},
                        {"raft_version", std::to_string(x.raft_protocol)},
                        {"serf_protocol_current", "2"},
                        {"serf_protocol_min", "1"},
                        {"serf_protocol_max", "5"},
                        {"version", std::string{compatible_version}}});
  auto& check = out.checks.emplace_back();
  check.node = x.node_name;
  check.id = "serfHealth";
  check.name = "Serf Health Status";
  check.status = "passing";
  check.output = "Agent alive and reachable";
  return out;
}

agent::member_facts lan_member(const config::settings& x,
                               const std::string& node_id) {
  return member(x, node_id, x.node_name, x.network.advertise_lan,
                x.network.serf_lan.port);
}

agent::member_facts wan_member(const config::settings& x,
                               const std::string& node_id) {
  return member(x, node_id, x.node_name + "." + x.datacenter,
                x.network.advertise_wan, x.network.serf_wan.port);
}

http::node_facts http_facts(const config::settings& x,
                            const std::string& node_id) {
  http::node_facts out;
  out.node_name = x.node_name;
  out.node_id = node_id;
  out.datacenter = x.datacenter;
  out.server = x.server;
  out.rpc_address =
    to_string(config::endpoint{x.network.advertise_lan, x.network.server.port});
  out.serf_lan_address = to_string(
    config::endpoint{x.network.advertise_lan, x.network.serf_lan.port});
  out.version = compatible_version;
  out.debug_config_json = debug_config(x);
  out.member_json = member_json(lan_member(x, node_id));
  out.acl_enabled = x.acl.enabled;
  out.bootstrap = x.bootstrap || x.bootstrap_expect == 1;
  out.disable_coordinates = x.disable_coordinates;
  out.remote_scripts = x.enable_script_checks;
  out.session_ttl_min = x.session_ttl_min;
  out.default_query_time = x.default_query_time;
  out.max_query_time = x.max_query_time;
  out.kv_max_value_size = x.limits.kv_max_value_size;
  out.txn_max_req_len = x.limits.txn_max_req_len;
  out.check_output_max_size = x.check_output_max_size;
  return out;
}

http::site http_site(const config::settings& x) {
  http::site out;
  out.ui = x.ui;
  out.always_pretty = x.dev;
  out.printable_paths = !x.disable_http_unprintable_char_filter;
  out.blocked_endpoints = x.http_config.block_endpoints;
  for (const auto& [name, value] : x.http_config.response_headers)
    out.response_headers.emplace_back(name, value);
  out.translate_addresses = x.translate_wan_addrs;
  if (!x.http_config.allow_write_http_from.empty())
    out.may_write = [networks = x.http_config.allow_write_http_from](
                      std::string_view client) {
      return in_any_network(client, networks);
    };
  return out;
}

} // namespace praetor::node
