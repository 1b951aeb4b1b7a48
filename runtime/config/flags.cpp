#include "runtime/config/flags.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>

namespace praetor::config {

namespace {

/// A flag and the key it stands for; "ports.http" is a key inside a block.
struct agent_flag {
  flag_spec spec;
  std::string_view key = {};
};

constexpr agent_flag text(std::string_view name, std::string_view key,
                          std::string_view help) {
  return {{.name = name, .help = help, .dialect = flag_dialect::consul}, key};
}

constexpr agent_flag boolean(std::string_view name, std::string_view key,
                             std::string_view help) {
  return {{.name = name,
           .kind = flag_kind::boolean,
           .help = help,
           .dialect = flag_dialect::consul},
          key};
}

constexpr agent_flag integer(std::string_view name, std::string_view key,
                             std::string_view help) {
  return {{.name = name,
           .kind = flag_kind::integer,
           .help = help,
           .dialect = flag_dialect::consul},
          key};
}

constexpr agent_flag list(std::string_view name, std::string_view key,
                          std::string_view help) {
  return {{.name = name,
           .kind = flag_kind::list,
           .help = help,
           .dialect = flag_dialect::consul},
          key};
}

constexpr flag_spec config_format_flag = {
  .name = "config-format",
  .help = "Reads configuration files in this format whatever their "
          "extension is. Must be 'hcl' or 'json'."};

constexpr agent_flag table[] = {
  text("advertise", "advertise_addr",
       "Address that other nodes reach this one at. Defaults to the bind "
       "address, or to the private address of this host."),
  text("advertise-wan", "advertise_addr_wan",
       "Address that other datacenters reach this node at, instead of the "
       "-advertise address."),
  list("allow-write-http-from", "http_config.allow_write_http_from",
       "Network that may call write endpoints, in CIDR form. Can be given "
       "several times."),
  text("alt-domain", "alt_domain", "Second domain that DNS answers for."),
  boolean("auto-reload-config", "auto_reload_config",
          "Reloads configuration files when they change."),
  text("bind", "bind_addr", "Address to listen on for other nodes."),
  boolean("bootstrap", "bootstrap",
          "Lets this server elect itself. Only for the first server of a "
          "datacenter."),
  integer("bootstrap-expect", "bootstrap_expect",
          "Number of servers to wait for before the first election."),
  integer("check_output_max_size", "check_output_max_size",
          "Bytes of a check's output that are kept."),
  text("client", "client_addr",
       "Address to listen on for clients: HTTP and DNS. Several are separated "
       "by spaces."),
  list("config-dir", {},
       "Directory to read configuration from: every file that ends in .json "
       "or .hcl, in the order of their names. Can be given several times."),
  list("config-file", {},
       "File to read configuration from; it must end in .json or .hcl. Can be "
       "given several times."),
  {config_format_flag},
  text("data-dir", "data_dir", "Directory for everything that is kept."),
  agent_flag{{.name = "datacenter",
              .help = "Datacenter of this agent. Defaults to dc1.",
              .group = flag_group::http_api,
              .dialect = flag_dialect::consul},
             "datacenter"},
  text("default-query-time", "default_query_time",
       "Time that a blocking query waits unless it says otherwise."),
  boolean("dev", {},
          "Starts a server for development: it keeps everything in memory and "
          "listens on this host only."),
  boolean("disable-host-node-id", "disable_host_node_id",
          "Makes the node's ID random instead of deriving it from the host."),
  boolean("disable-keyring-file", "disable_keyring_file",
          "Does not write gossip keys to files."),
  integer("dns-port", "ports.dns", "Port for DNS. -1 switches it off."),
  text("domain", "domain", "Domain that DNS answers for."),
  boolean("enable-local-script-checks", "enable_local_script_checks",
          "Allows checks that run programs if a configuration file defines "
          "them."),
  boolean("enable-script-checks", "enable_script_checks",
          "Allows checks that run programs, also those defined over HTTP."),
  text("encrypt", "encrypt", "Key that encrypts gossip, in base64."),
  integer("grpc-port", "ports.grpc", "Port for gRPC. -1 switches it off."),
  integer("grpc-tls-port", "ports.grpc_tls",
          "Port for gRPC over TLS. -1 switches it off."),
  list("hcl", {},
       "Configuration in HCL that wins over files and other flags. Can be "
       "given several times."),
  integer("http-port", "ports.http",
          "Port for the HTTP API. -1 switches it off."),
  integer("https-port", "ports.https",
          "Port for the HTTP API over TLS. -1 switches it off."),
  list("join", "start_join",
       "Address of an agent to join at start, once. Can be given several "
       "times."),
  list("join-wan", "start_join_wan",
       "Address of a server of another datacenter to join at start, once. Can "
       "be given several times."),
  text("log-file", "log_file",
       "Path of a file, or a directory that ends in /, to write logs to."),
  boolean("log-json", "log_json", "Writes logs as JSON."),
  text("log-level", "log_level",
       "Least severe messages to log: trace, debug, info, warn or err."),
  integer("log-rotate-bytes", "log_rotate_bytes",
          "Bytes after which a new log file is begun."),
  text("log-rotate-duration", "log_rotate_duration",
       "Time after which a new log file is begun."),
  integer("log-rotate-max-files", "log_rotate_max_files",
          "Number of old log files that are kept. 0 keeps all."),
  text("max-query-time", "max_query_time",
       "Longest time that a blocking query may wait."),
  text("node", "node_name",
       "Name of this node, unique in the cluster. Defaults to the host name."),
  text("node-id", "node_id",
       "ID of this node, a UUID. Defaults to a random one that is kept in the "
       "data directory."),
  list("node-meta", "node_meta",
       "Metadata of this node, of the form `key:value`. Can be given several "
       "times."),
  boolean("non-voting-server", "non_voting_server",
          "Lets this server follow the cluster without a vote."),
  text("pid-file", "pid_file", "File to write the process ID to."),
  list("primary-gateway", "primary_gateways",
       "Address of a mesh gateway in the primary datacenter. Can be given "
       "several times."),
  integer("protocol", "protocol",
          "Version of the gossip protocol. Defaults to the latest."),
  integer("raft-protocol", "raft_protocol",
          "Version of the Raft protocol. Defaults to the latest."),
  boolean("read-replica", "non_voting_server",
          "The newer name of -non-voting-server."),
  list("recursor", "recursors",
       "Address of a DNS server that answers for other domains. Can be given "
       "several times."),
  boolean("rejoin", "rejoin_after_leave",
          "Joins the known nodes again even after a leave."),
  text("retry-interval", "retry_interval", "Time between attempts to join."),
  text("retry-interval-wan", "retry_interval_wan",
       "Time between attempts to join other datacenters."),
  list("retry-join", "retry_join",
       "Address of an agent to join at start, again and again until it works. "
       "Can be given several times."),
  list("retry-join-wan", "retry_join_wan",
       "Address of a server of another datacenter to join at start, again and "
       "again until it works. Can be given several times."),
  integer("retry-max", "retry_max",
          "Number of attempts to join before giving up. 0 never gives up."),
  integer("retry-max-wan", "retry_max_wan",
          "Number of attempts to join other datacenters before giving up. 0 "
          "never gives up."),
  text("segment", "segment",
       "Network segment to join; only the default segment exists."),
  list("serf-lan-allowed-cidrs", "serf_lan_allowed_cidrs",
       "Network that members of the LAN pool may come from, in CIDR form. Can "
       "be given several times."),
  text("serf-lan-bind", "serf_lan", "Address to listen on for LAN gossip."),
  integer("serf-lan-port", "ports.serf_lan", "Port for LAN gossip."),
  list("serf-wan-allowed-cidrs", "serf_wan_allowed_cidrs",
       "Network that members of the WAN pool may come from, in CIDR form. Can "
       "be given several times."),
  text("serf-wan-bind", "serf_wan", "Address to listen on for WAN gossip."),
  integer("serf-wan-port", "ports.serf_wan",
          "Port for WAN gossip. -1 switches it off."),
  boolean("server", "server", "Makes this agent a server."),
  integer("server-port", "ports.server",
          "Port for requests and Raft between servers."),
  boolean("syslog", "enable_syslog", "Logs to syslog, too."),
  boolean("ui", "ui", "Serves the built-in web UI."),
  text("ui-content-path", "ui_content_path",
       "Path of the web UI. Defaults to /ui/."),
  text("ui-dir", "ui_dir", "Directory with a web UI of your own."),
};

constexpr std::string_view agent_usage = R"(Usage: consul agent [options]

  Starts an agent and runs until it is interrupted. An agent is one node of a
  cluster: a server, which keeps the state, or a client of the servers.)";

constexpr std::string_view validate_usage =
  R"(Usage: consul validate [options] FILE_OR_DIRECTORY...

  Reads configuration files as "consul agent" would, in the order given, and
  checks the result. The files must make a complete configuration: one without
  data_dir, for example, is not valid.

  Returns 0 if the configuration is valid, or 1 if there are problems.)";

constexpr flag_spec validate_table[] = {
  config_format_flag,
  {.name = "quiet",
   .kind = flag_kind::boolean,
   .help = "Prints nothing if the configuration is valid."},
};

/// Flags whose key holds a list of its own, not one inside a block or a map.
bool is_list_key(const agent_flag& flag) {
  return flag.spec.kind == flag_kind::list && flag.key != "node_meta"
         && flag.key.find('.') == std::string_view::npos;
}

constexpr position command_line{.line = 0, .column = 0};

value& child(value& parent, std::string_view key) {
  auto& members = std::get<value_object>(parent.data);
  auto found = std::ranges::find(members, key, &member::key);
  if (found != members.end())
    return found->content;
  members.push_back({std::string{key}, command_line, {{}, command_line}});
  return members.back().content;
}

void become_object(value& x) {
  if (x.as<value_object>() == nullptr)
    x.data = value_object{};
}

/// Puts a flag's text where its key belongs in the tree.
void put(value& tree, const agent_flag& flag, const std::string& text) {
  auto key = flag.key;
  auto* parent = &tree;
  if (auto dot = key.find('.'); dot != std::string_view::npos) {
    parent = &child(tree, key.substr(0, dot));
    become_object(*parent);
    key = key.substr(dot + 1);
  }
  auto& target = child(*parent, key);
  if (key == "node_meta") {
    auto colon = std::min(text.find(':'), text.size());
    become_object(target);
    child(target, text.substr(0, colon)).data =
      colon < text.size() ? text.substr(colon + 1) : std::string{};
    return;
  }
  switch (flag.spec.kind) {
    case flag_kind::list:
      if (target.as<value_list>() == nullptr)
        target.data = value_list{};
      std::get<value_list>(target.data).push_back({text, command_line});
      break;
    case flag_kind::boolean: target.data = parse_bool(text).value(); break;
    case flag_kind::integer: target.data = *go_atoi(text); break;
    default: target.data = text;
  }
}

} // namespace

flag_specs agent_flags() {
  static const auto specs = [] {
    std::vector<flag_spec> out;
    for (const auto& x : table)
      out.push_back(x.spec);
    return out;
  }();
  return specs;
}

flag_specs validate_flags() {
  return validate_table;
}

std::string agent_help() {
  return flag_help(agent_usage, agent_flags());
}

std::string validate_help() {
  return flag_help(validate_usage, validate_flags());
}

flag_sources sources_of(const parsed_flags& flags) {
  flag_sources out{.dev = flags.boolean("dev"),
                   .format = flags.string("config-format"),
                   .paths = {},
                   .lists = {value_object{}, command_line},
                   .scalars = {value_object{}, command_line},
                   .fragments = flags.list("hcl")};
  for (const auto& [spec, text] : flags.in_order()) {
    if (spec->name == "config-file" || spec->name == "config-dir")
      out.paths.push_back(text);
    const auto& flag =
      table[static_cast<std::size_t>(spec - agent_flags().data())];
    if (!flag.key.empty())
      put(is_list_key(flag) ? out.lists : out.scalars, flag, text);
  }
  return out;
}

} // namespace praetor::config
