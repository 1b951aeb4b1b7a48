#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"
#include "runtime/config/go_flags.hpp"
#include "runtime/config/resolve.hpp"

#include <algorithm>
#include <map>

namespace praetor::config {

namespace {

constexpr std::size_t node_meta_pairs_max = 64;
constexpr std::size_t node_meta_key_max = 128;
constexpr std::size_t node_meta_value_max = 512;
constexpr std::size_t dns_label_max = 63;
constexpr int raft_multiplier_max = 10;
constexpr auto reconnect_timeout_min = std::chrono::hours{8};

status refuse(std::string text) {
  return error{errc::invalid_argument, std::move(text)};
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9');
}

template <class Legal>
bool consists_of(std::string_view text, Legal legal) {
  return std::ranges::all_of(text, legal);
}

bool is_datacenter(std::string_view name) {
  return !name.empty() && consists_of(name, [](char c) {
    return (is_alphanumeric(c) && !(c >= 'A' && c <= 'Z')) || c == '-'
           || c == '_';
  });
}

bool is_dns_label(std::string_view name) {
  return !name.empty() && consists_of(name, [](char c) {
    return is_alphanumeric(c) || c == '-';
  });
}

// -- rules, in the order in which Consul reports them
// --------------------------

status check_identity(const settings& x) {
  if (x.datacenter.empty())
    return refuse("datacenter cannot be empty");
  if (!is_datacenter(x.datacenter))
    return refuse("datacenter cannot be " + go_quote(x.datacenter)
                  + ". Please use only [a-z0-9-_]");
  if (!is_datacenter(x.primary_datacenter))
    return refuse("primary_datacenter cannot be "
                  + go_quote(x.primary_datacenter)
                  + ". Please use only [a-z0-9-_]");
  if (x.data_dir.empty() && !x.dev)
    return refuse("data_dir cannot be empty");
  return ok;
}

status check_ui_path(std::string_view path) {
  if (!consists_of(path, [](char c) {
        return is_alphanumeric(c) || c == '-' || c == '_' || c == '/';
      }))
    return refuse("ui-content-path can only contain alphanumeric, -, _, or /. "
                  "received: "
                  + std::string{path});
  for (std::size_t i = 1; i < path.size(); ++i)
    if (path[i - 1] == 'v' && path[i] >= '0' && path[i] <= '9')
      return refuse("ui-content-path cannot have 'v[0-9]'. received: "
                    + std::string{path});
  return ok;
}

status check_addresses(const settings& x) {
  if (x.node_name.empty())
    return refuse("node_name cannot be empty");
  if (!x.segment.empty() || x.segments.as<std::monostate>() == nullptr)
    return refuse("Network segments are not supported in this version of "
                  "Consul");
  for (const auto& listener : x.network.dns)
    if (listener.port < 0)
      return refuse("DNS address cannot be a unix socket");
  for (const auto& recursor : x.recursors)
    if (is_any(recursor))
      return refuse("DNS recursor address cannot be 0.0.0.0, :: or [::]");
  return ok;
}

status check_bootstrap(const settings& x) {
  if (x.bootstrap && !x.server)
    return refuse("'bootstrap = true' requires 'server = true'");
  if (x.bootstrap_expect < 0)
    return refuse("bootstrap_expect cannot be "
                  + std::to_string(x.bootstrap_expect)
                  + ". Must be greater than or equal to zero");
  if (x.bootstrap_expect > 0 && !x.server)
    return refuse("'bootstrap_expect > 0' requires 'server = true'");
  if (x.bootstrap_expect > 0 && x.dev)
    return refuse("'bootstrap_expect > 0' not allowed in dev mode");
  if (x.bootstrap_expect > 0 && x.bootstrap)
    return refuse("'bootstrap_expect > 0' and 'bootstrap = true' are mutually "
                  "exclusive");
  return ok;
}

status not_negative(std::string_view key, int number) {
  if (number >= 0)
    return ok;
  return refuse(std::string{key} + " cannot be " + std::to_string(number)
                + ". Must be greater than or equal to zero");
}

status check_numbers(const settings& x) {
  if (auto done = not_negative("autopilot.max_trailing_logs",
                               x.autopilot.max_trailing_logs);
      !done)
    return done;
  if (x.ui && !x.ui_dir.empty())
    return refuse(
      "Both the ui and ui-dir flags were specified, please provide only one.\n"
      "If trying to use your own web UI resources, use the ui-dir flag.\n"
      "The web UI is included in the binary so use ui to enable it");
  if (auto done = not_negative("dns_config.udp_answer_limit",
                               x.dns_config.udp_answer_limit);
      !done)
    return done;
  if (auto done =
        not_negative("dns_config.a_record_limit", x.dns_config.a_record_limit);
      !done)
    return done;
  if (x.check_output_max_size < 1)
    return refuse("check_output_max_size must be positive, to discard check "
                  "output use the discard_check_output flag");
  const auto multiplier = x.performance.raft_multiplier;
  if (multiplier < 1 || multiplier > raft_multiplier_max)
    return refuse("performance.raft_multiplier cannot be "
                  + std::to_string(multiplier) + ". Must be between 1 and "
                  + std::to_string(raft_multiplier_max));
  for (const auto& [key, number] :
       {std::pair{"retry_max", x.retry_max},
        std::pair{"retry_max_wan", x.retry_max_wan},
        std::pair{"raft_snapshot_threshold", x.raft_snapshot_threshold},
        std::pair{"raft_trailing_logs", x.raft_trailing_logs},
        std::pair{"scheduler.workers", x.scheduler.workers}})
    if (auto done = not_negative(key, number); !done)
      return done;
  return ok;
}

status check_durations(const settings& x) {
  for (const auto& [key, span] :
       {std::pair{"reconnect_timeout", x.reconnect_timeout},
        std::pair{"reconnect_timeout_wan", x.reconnect_timeout_wan}})
    if (span < reconnect_timeout_min)
      return refuse(std::string{key} + " cannot be " + format_duration(span)
                    + ". Must be at least "
                    + format_duration(reconnect_timeout_min));
  for (const auto& [key, span] :
       {std::pair{"retry_interval", x.retry_interval},
        std::pair{"retry_interval_wan", x.retry_interval_wan},
        std::pair{"check_update_interval", x.check_update_interval},
        std::pair{"session_ttl_min", x.session_ttl_min},
        std::pair{"default_query_time", x.default_query_time},
        std::pair{"max_query_time", x.max_query_time},
        std::pair{"log_rotate_duration", x.log_rotate_duration},
        std::pair{"performance.leave_drain_time",
                  x.performance.leave_drain_time},
        std::pair{"performance.rpc_hold_timeout",
                  x.performance.rpc_hold_timeout}})
    if (span < duration{})
      return refuse(std::string{key} + " cannot be " + format_duration(span)
                    + ". Must be greater than or equal to zero");
  return ok;
}

status check_gossip(std::string_view pool, const gossip_settings& x) {
  auto positive = x.gossip_interval > duration{} && x.gossip_nodes > 0
                  && x.probe_interval > duration{}
                  && x.probe_timeout > duration{} && x.retransmit_mult > 0
                  && x.suspicion_mult > 0;
  if (positive)
    return ok;
  return refuse("every value of " + std::string{pool} + " must be positive");
}

std::string node_meta_problem(const std::string& key, const std::string& text) {
  if (key.empty())
    return "Key cannot be blank";
  if (!consists_of(
        key, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; }))
    return "Key contains invalid characters";
  if (key.size() > node_meta_key_max)
    return "Key is too long (limit: " + std::to_string(node_meta_key_max)
           + " characters)";
  if (key.starts_with("consul-"))
    return "Key prefix 'consul-' is reserved for internal use";
  if (text.size() > node_meta_value_max)
    return "Value is too long (limit: " + std::to_string(node_meta_value_max)
           + " characters)";
  return {};
}

status check_node_meta(const string_map& meta) {
  if (meta.size() > node_meta_pairs_max)
    return refuse("node_meta invalid: Node metadata cannot contain more than "
                  + std::to_string(node_meta_pairs_max) + " key/value pairs");
  for (const auto& [key, text] : meta)
    if (auto problem = node_meta_problem(key, text); !problem.empty())
      return refuse("node_meta invalid: Couldn't load metadata pair ('" + key
                    + "', '" + text + "'): " + problem);
  return ok;
}

status check_encrypt(const std::string& encrypt) {
  if (encrypt.empty())
    return ok;
  auto key = base64_decode(encrypt);
  if (!key)
    return refuse("encrypt has invalid key: " + key.error().context);
  if (key->size() != 16 && key->size() != 24 && key->size() != 32)
    return refuse("encrypt has invalid key: key size must be 16, 24 or 32 "
                  "bytes");
  return ok;
}

status check_acl(const acl_settings& acl) {
  if (!acl.enabled)
    return ok;
  if (acl.default_policy != "allow" && acl.default_policy != "deny")
    return refuse("Unsupported default ACL policy: " + acl.default_policy);
  constexpr std::string_view down_policies[] = {"allow", "deny", "extend-cache",
                                                "async-cache"};
  if (std::ranges::find(down_policies, acl.down_policy)
      == std::end(down_policies))
    return refuse("Unsupported down ACL policy: " + acl.down_policy);
  return ok;
}

/// No two listeners of one kind may share an address.
status check_unique(const settings& x) {
  std::map<std::string, std::string_view> in_use;
  auto claim = [&in_use](std::string_view name, const endpoint& at) -> status {
    auto [other, is_new] = in_use.emplace(to_string(at), name);
    if (is_new)
      return ok;
    return refuse(std::string{name} + " address " + other->first
                  + " already configured for " + std::string{other->second});
  };
  const auto& n = x.network;
  std::vector<std::pair<std::string_view, endpoint>> claims;
  for (const auto& at : n.dns)
    claims.emplace_back("DNS", at);
  for (const auto& at : n.http)
    claims.emplace_back("HTTP", at);
  for (const auto& at : n.https)
    claims.emplace_back("HTTPS", at);
  claims.emplace_back("RPC Advertise",
                      endpoint{n.advertise_lan, x.ports.server});
  claims.emplace_back("Serf Advertise LAN",
                      endpoint{n.advertise_lan, x.ports.serf_lan});
  // Zero and less mean: no WAN pool.
  if (x.ports.serf_wan > 0)
    claims.emplace_back("Serf Advertise WAN",
                        endpoint{n.advertise_wan, x.ports.serf_wan});
  for (const auto& [name, at] : claims)
    if (auto done = claim(name, at); !done)
      return done;
  return ok;
}

status check_node_id(const std::string& id) {
  if (id.empty() || is_uuid(id))
    return ok;
  return refuse(std::string{"failed to setup node ID: specified NodeID is "
                            "invalid: "}
                + (id.size() == 36 ? "uuid is improperly formatted"
                                   : "uuid string is wrong length"));
}

status check_log_level(const std::string& level) {
  if (log::parse_level(level))
    return ok;
  return refuse("Invalid log level: " + level
                + ". Valid log levels are: [TRACE DEBUG INFO WARN ERR ERROR]");
}

status check_primary_gateways(const settings& x) {
  if (!x.primary_gateways.empty() && !x.server)
    return refuse("'primary_gateways' requires 'server = true'");
  return ok;
}

// -- what is reported together
// --------------------------------------------------

void collect_service_errors(const settings& x, problems& found) {
  for (const auto& service : x.services) {
    auto weights = service.weights.value_or(service_weights{});
    auto complain = [&found, &service](std::string_view text) {
      found.errors.push_back("Invalid weight definition for service "
                             + service.name + ": " + std::string{text});
    };
    if (weights.passing < 1)
      complain("Passing must be greater than 0");
    else if (weights.warning < 0)
      complain("Warning must be greater or equal than 0");
  }
}

// -- warnings
// -------------------------------------------------------------------

void warn_dns_name(std::string_view kind, const std::string& name,
                   problems& found) {
  auto start = std::string{kind} + " name " + go_quote(name)
               + " will not be discoverable via DNS due to ";
  if (name.size() > dns_label_max)
    found.warnings.push_back(start
                             + "it being too long. Valid lengths are "
                               "between 1 and 63 bytes.");
  else if (!is_dns_label(name))
    found.warnings.push_back(start
                             + "invalid characters. Valid characters include "
                               "all alpha-numerics and dashes.");
}

void warn_bootstrap(const settings& x, problems& found) {
  constexpr std::string_view see =
    "See https://www.consul.io/docs/internals/consensus.html"
    "#deployment-table";
  if (!x.server)
    return;
  const auto expect = x.bootstrap_expect;
  if (expect == 2)
    found.warnings.push_back(
      "bootstrap_expect = 2: A cluster with 2 servers will provide no failure "
      "tolerance. "
      + std::string{see});
  if (expect > 2 && expect % 2 == 0)
    found.warnings.push_back(
      "bootstrap_expect is even number: A cluster with an even number of "
      "servers does not achieve optimum fault tolerance. "
      + std::string{see});
  if (x.bootstrap)
    found.warnings.emplace_back(
      "bootstrap = true: do not enable unless necessary");
  if (expect > 1)
    found.warnings.push_back("bootstrap_expect > 0: expecting "
                             + std::to_string(expect) + " servers");
}

void warn_others(const settings& x, problems& found) {
  if (x.enable_script_checks && !x.acl.enabled
      && x.http_config.allow_write_http_from.empty())
    found.warnings.emplace_back(
      "using enable-script-checks without ACLs and without "
      "allow_write_http_from is DANGEROUS, use enable-local-script-checks "
      "instead, see https://www.hashicorp.com/blog/"
      "protecting-consul-from-rce-risk-in-specific-configurations/");
  for (const auto& rule : x.telemetry.prefix_filter)
    if (rule.empty())
      found.warnings.emplace_back(
        "Cannot have empty filter rule in prefix_filter");
    else if (rule[0] != '+' && rule[0] != '-')
      found.warnings.push_back("Filter rule must begin with either '+' or '-': "
                               + go_quote(rule));
}

status check_all(const settings& x) {
  status (*const checks[])(const settings&) = {
    check_identity,
    [](const settings& s) { return check_ui_path(s.ui_content_path); },
    check_addresses,
    check_bootstrap,
    check_numbers,
    check_durations,
    [](const settings& s) { return check_gossip("gossip_lan", s.gossip_lan); },
    [](const settings& s) { return check_gossip("gossip_wan", s.gossip_wan); },
    check_primary_gateways,
    [](const settings& s) { return check_node_meta(s.node_meta); },
    [](const settings& s) { return check_encrypt(s.encrypt); },
    [](const settings& s) { return check_acl(s.acl); },
    check_unique,
    [](const settings& s) { return check_node_id(s.node_id); },
    [](const settings& s) { return check_log_level(s.log_level); },
  };
  for (auto check : checks)
    if (auto done = check(x); !done)
      return done;
  return ok;
}

} // namespace

status validate(const settings& x, problems& found) {
  if (auto done = check_all(x); !done)
    return done;
  collect_service_errors(x, found);
  if (!found.errors.empty())
    return refuse(error_list(found.errors));
  warn_dns_name("Node", x.node_name, found);
  for (const auto& service : x.services)
    if (!service.name.empty())
      warn_dns_name("Service", service.name, found);
  warn_others(x, found);
  warn_bootstrap(x, found);
  return ok;
}

} // namespace praetor::config
