#include "api/http/proxy_decode.hpp"

#include "api/http/go_text.hpp"
#include "runtime/base/json.hpp"

#include <set>

namespace praetor::http {

namespace {

/// Takes a JSON object as canonical text; an empty one counts as none.
template <class T, std::string T::*Member>
status take_object(const json_value& from, std::string_view field, T& to) {
  if (!from.IsObject())
    return json_mismatch(from, field, "map[string]interface {}");
  (to.*Member).clear();
  if (!from.ObjectEmpty())
    append_json(from, to.*Member);
  return ok;
}

// What follows is checked, but has no place in a row: this node keeps neither
// mesh gateways nor exposed paths.
struct mesh_gateway_body {
  std::string mode;
};

constexpr json_member<mesh_gateway_body> mesh_gateway_members[] = {
  field<&mesh_gateway_body::mode>("Mode"),
};

struct exposed_path_body {
  std::int64_t listener_port = 0;
  std::string path;
  std::int64_t local_path_port = 0;
  std::string protocol;
  bool parsed = false;
};

constexpr json_member<exposed_path_body> exposed_path_members[] = {
  field<&exposed_path_body::listener_port>("ListenerPort", "listener_port"),
  field<&exposed_path_body::path>("Path"),
  field<&exposed_path_body::local_path_port>("LocalPathPort",
                                             "local_path_port"),
  field<&exposed_path_body::protocol>("Protocol"),
  field<&exposed_path_body::parsed>("ParsedFromCheck"),
};

struct expose_body {
  bool checks = false;
  std::vector<exposed_path_body> paths;
};

constexpr json_member<expose_body> expose_members[] = {
  field<&expose_body::checks>("Checks"),
  objects<&expose_body::paths, exposed_path_members>("Paths"),
};

template <class T>
status check_mesh_gateway(const json_value& from, std::string_view field, T&) {
  mesh_gateway_body unused;
  return decode_object(from, field, mesh_gateway_members, unused);
}

status check_expose(const json_value& from, std::string_view field,
                    proxy_body&) {
  expose_body unused;
  return decode_object(from, field, expose_members, unused);
}

constexpr json_member<upstream_body> upstream_members[] = {
  field<&upstream_body::type>("DestinationType", "destination_type"),
  field<&upstream_body::space>("DestinationNamespace", "destination_namespace"),
  field<&upstream_body::name>("DestinationName", "destination_name"),
  field<&upstream_body::datacenter>("Datacenter"),
  field<&upstream_body::address>("LocalBindAddress", "local_bind_address"),
  field<&upstream_body::port>("LocalBindPort", "local_bind_port"),
  {"Config", take_object<upstream_body, &upstream_body::config>},
  {"MeshGateway", check_mesh_gateway<upstream_body>},
};

constexpr json_member<proxy_body> proxy_members[] = {
  field<&proxy_body::destination_name>("DestinationServiceName",
                                       "destination_service_name"),
  field<&proxy_body::destination_id>("DestinationServiceID",
                                     "destination_service_id"),
  field<&proxy_body::local_address>("LocalServiceAddress",
                                    "local_service_address"),
  field<&proxy_body::local_port>("LocalServicePort", "local_service_port"),
  {"Config", take_object<proxy_body, &proxy_body::config>},
  objects<&proxy_body::upstreams, upstream_members>("Upstreams"),
  {"MeshGateway", check_mesh_gateway<proxy_body>},
  {"Expose", check_expose},
};

std::string_view type_of(const upstream_body& u) {
  return u.type.empty() ? "service" : std::string_view{u.type};
}

bool is_gateway(std::string_view kind) {
  return kind == "mesh-gateway" || kind == "terminating-gateway"
         || kind == "ingress-gateway";
}

void write_upstream(json_writer& w, const upstream_body& u) {
  w.begin_object().key("DestinationType").string(type_of(u));
  if (!u.space.empty())
    w.key("DestinationNamespace").string(u.space);
  w.key("DestinationName").string(u.name);
  w.key("Datacenter").string(u.datacenter);
  if (!u.address.empty())
    w.key("LocalBindAddress").string(u.address);
  w.key("LocalBindPort").number(u.port);
  w.key("Config").raw(u.config.empty() ? "null" : u.config);
  w.key("MeshGateway").raw("{}").end_object();
}

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Returns what is wrong with one upstream by itself.
std::string upstream_violation(const upstream_body& u) {
  if (type_of(u) != "service" && type_of(u) != "prepared_query")
    return "unknown upstream destination type: " + go_quote(u.type);
  if (u.name.empty())
    return "upstream destination name cannot be empty";
  if (u.port == 0)
    return "upstream local bind port cannot be zero";
  return {};
}

void add_upstream_violations(const proxy_body& proxy,
                             std::vector<std::string>& to) {
  std::set<std::string> seen;
  std::set<std::string> bound;
  for (const auto& u : proxy.upstreams) {
    if (auto violation = upstream_violation(u); !violation.empty()) {
      to.push_back(std::move(violation));
      continue;
    }
    const auto key = "[type=" + go_quote(type_of(u)) + ", name="
                     + go_quote(u.name) + ", namespace=" + go_quote(u.space)
                     + ", datacenter=" + go_quote(u.datacenter) + "]";
    if (!seen.insert(key).second) {
      to.push_back("upstreams cannot contain duplicates of " + key);
      continue;
    }
    const auto address = (u.address.empty() ? "127.0.0.1" : u.address) + ":"
                         + std::to_string(u.port);
    if (!bound.insert(address).second)
      to.push_back("upstreams cannot contain duplicates by local bind address "
                   "and port; "
                   + go_quote(address) + " is specified twice");
  }
}

void add_proxy_violations(const catalog::service_row& row,
                          const proxy_body& proxy,
                          std::vector<std::string>& to) {
  if (blank(proxy.destination_name))
    to.emplace_back("Proxy.DestinationServiceName must be non-empty for "
                    "Connect proxy services");
  if (row.port == 0)
    to.emplace_back("Port must be set for a Connect proxy");
  if (row.connect_native)
    to.emplace_back("A Proxy cannot also be Connect Native, only typical "
                    "services");
  add_upstream_violations(proxy, to);
}

void add_gateway_violations(const catalog::service_row& row,
                            const proxy_body& proxy,
                            std::vector<std::string>& to) {
  if (row.port == 0 && row.kind != "ingress-gateway")
    to.push_back("Port must be non-zero for a " + row.kind);
  const auto refuse = [&to, &row](bool given, std::string_view member) {
    if (given)
      to.push_back("The Proxy." + std::string{member}
                   + " configuration is invalid for a " + row.kind);
  };
  refuse(!proxy.destination_name.empty(), "DestinationServiceName");
  refuse(!proxy.destination_id.empty(), "DestinationServiceID");
  refuse(!proxy.local_address.empty(), "LocalServiceAddress");
  refuse(proxy.local_port != 0, "LocalServicePort");
  refuse(!proxy.upstreams.empty(), "Upstreams");
}

} // namespace

status take_proxy(const json_value& from, std::string_view field,
                  proxy_body& to) {
  return decode_object(from, field, proxy_members, to);
}

void store_proxy(const proxy_body& proxy, catalog::service_row& row) {
  row.proxy_destination = proxy.destination_name;
  std::string json;
  json_writer w{json};
  w.begin_object();
  if (!proxy.destination_name.empty())
    w.key("DestinationServiceName").string(proxy.destination_name);
  if (!proxy.destination_id.empty())
    w.key("DestinationServiceID").string(proxy.destination_id);
  if (!proxy.local_address.empty())
    w.key("LocalServiceAddress").string(proxy.local_address);
  if (proxy.local_port != 0)
    w.key("LocalServicePort").number(proxy.local_port);
  if (!proxy.config.empty())
    w.key("Config").raw(proxy.config);
  if (!proxy.upstreams.empty()) {
    w.key("Upstreams").begin_array();
    for (const auto& upstream : proxy.upstreams)
      write_upstream(w, upstream);
    w.end_array();
  }
  w.end_object();
  row.proxy_json = json.substr(1, json.size() - 2);
}

std::string proxy_violations(const catalog::service_row& row,
                             const proxy_body& proxy,
                             const std::vector<std::string>& more) {
  std::vector<std::string> all;
  if (row.kind == "connect-proxy")
    add_proxy_violations(row, proxy, all);
  else if (is_gateway(row.kind))
    add_gateway_violations(row, proxy, all);
  all.insert(all.end(), more.begin(), more.end());
  if (all.empty())
    return {};
  auto text = all.size() == 1
                ? std::string{"1 error occurred:"}
                : std::to_string(all.size()) + " errors occurred:";
  for (const auto& violation : all)
    text.append("\n\t* ").append(violation);
  return text + "\n\n";
}

} // namespace praetor::http
