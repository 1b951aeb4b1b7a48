#include "actors/agent/core/definitions.hpp"

#include <arpa/inet.h>

#include <array>
#include <utility>

namespace praetor::agent {

namespace {

enum class family { none, v4, v6 };

family family_of(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> out{};
  if (inet_pton(AF_INET, address.c_str(), out.data()) == 1)
    return family::v4;
  if (inet_pton(AF_INET6, address.c_str(), out.data()) == 1)
    return family::v6;
  return family::none;
}

} // namespace

std::string go_quote(std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (const auto c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (byte >= 0x20 && byte != 0x7F) {
          out += c;
          break;
        }
        out += "\\x";
        out += hex[byte >> 4U];
        out += hex[byte & 0xFU];
    }
  }
  return out += '"';
}

bool is_maintenance_id(std::string_view check_id) {
  return check_id == node_maintenance_id
         || check_id.starts_with(service_maintenance_prefix);
}

std::string_view type_of(const catalog::check_definition_row& how) {
  if (!how.alias_node.empty() || !how.alias_service.empty())
    return "alias";
  if (!how.grpc.empty())
    return "grpc";
  if (!how.http.empty())
    return "http";
  if (how.ttl > duration::zero())
    return "ttl";
  if (!how.tcp.empty())
    return "tcp";
  if (!how.script_args.empty())
    return how.docker_container_id.empty() ? "script" : "docker";
  return "";
}

status check_scripts(const health::check_plan& plan, origin from,
                     const script_rights& rights) {
  if (plan.how.script_args.empty() || rights.remote)
    return ok;
  if (from == origin::api)
    return error{errc::rejected,
                 "Scripts are disabled on this agent from remote calls; to "
                 "enable, configure 'enable_script_checks' to true"};
  if (rights.local)
    return ok;
  return error{errc::rejected,
               "Scripts are disabled on this agent; to enable, configure "
               "'enable_script_checks' or 'enable_local_script_checks' to "
               "true"};
}

status check_tagged_addresses(const catalog::service_row& service) {
  struct rule {
    const char* name;
    family wanted;
    const char* text;
  };
  static constexpr std::array<rule, 4> rules = {{
    {"lan_ipv4", family::v4, "ipv4"},
    {"wan_ipv4", family::v4, "ipv4"},
    {"lan_ipv6", family::v6, "ipv6"},
    {"wan_ipv6", family::v6, "ipv6"},
  }};
  for (const auto& x : rules) {
    const auto i = service.tagged_addresses.find(x.name);
    if (i != service.tagged_addresses.end()
        && family_of(i->second.address) != x.wanted)
      return error{errc::rejected, "Service tagged address " + go_quote(x.name)
                                     + " must be a valid " + x.text
                                     + " address"};
  }
  return ok;
}

void add_default_addresses(catalog::service_row& service) {
  const auto found = family_of(service.address);
  if (found == family::none)
    return;
  const std::string suffix = found == family::v4 ? "_ipv4" : "_ipv6";
  const catalog::service_address value{service.address, service.port};
  service.tagged_addresses.try_emplace("lan" + suffix, value);
  service.tagged_addresses.try_emplace("wan" + suffix, value);
}

void add_check_defaults(const catalog::service_row& service,
                        std::vector<health::check_plan>& checks) {
  const auto several = checks.size() > 1;
  std::size_t number = 0;
  for (auto& x : checks) {
    ++number;
    if (x.id.empty())
      x.id =
        "service:" + service.id + (several ? ":" + std::to_string(number) : "");
    if (x.name.empty())
      x.name = "Service '" + service.name + "' check";
    x.service_id = service.id;
  }
}

std::vector<health::check_plan> sidecar_checks(const std::string& sidecar_id,
                                               const std::string& service_id,
                                               std::int64_t port) {
  std::vector<health::check_plan> out(2);
  out[0].id = "service:" + sidecar_id + ":1";
  out[0].name = "Connect Sidecar Listening";
  out[0].how.tcp = "127.0.0.1:" + std::to_string(port);
  out[0].how.interval = std::chrono::seconds{10};
  out[1].id = "service:" + sidecar_id + ":2";
  out[1].name = "Connect Sidecar Aliasing " + service_id;
  out[1].how.alias_service = service_id;
  return out;
}

health::check_plan maintenance_check(const std::string& service_id,
                                     const std::string& reason) {
  const auto of_node = service_id.empty();
  health::check_plan out;
  out.id = of_node ? std::string{node_maintenance_id}
                   : std::string{service_maintenance_prefix} + service_id;
  out.name = of_node ? "Node Maintenance Mode" : "Service Maintenance Mode";
  out.notes = reason;
  if (reason.empty())
    out.notes = std::string{"Maintenance mode is enabled for this "}
                + (of_node ? "node" : "service")
                + ", but no reason was provided. This is a default message.";
  out.status = "critical";
  out.service_id = service_id;
  return out;
}

} // namespace praetor::agent
