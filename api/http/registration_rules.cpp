#include "api/http/registration_rules.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>

namespace praetor::http {

namespace {

constexpr std::size_t metadata_pairs_max = 64;
constexpr std::size_t metadata_key_bytes_max = 128;
constexpr std::size_t metadata_value_bytes_max = 512;
constexpr std::string_view reserved_prefix = "consul-";
constexpr std::int64_t weight_max = 65535;

enum class ip_kind : std::uint8_t { none, v4, v6 };

/// IPv6 addresses that contain an IPv4 one count as v4, as in Go.
ip_kind ip_kind_of(const std::string& text) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1)
    return ip_kind::v4;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1)
    return ip_kind::none;
  static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0,    0,
                                                       0, 0, 0, 0, 0xFF, 0xFF};
  return std::equal(mapped.begin(), mapped.end(), v6.s6_addr) ? ip_kind::v4
                                                              : ip_kind::v6;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
         || (c >= 'A' && c <= 'F');
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string pair_violation(const std::string& key, const std::string& value) {
  if (key.empty())
    return "Key cannot be blank";
  if (!std::all_of(key.begin(), key.end(), is_key_character))
    return "Key contains invalid characters";
  if (key.size() > metadata_key_bytes_max)
    return "Key is too long (limit: " + std::to_string(metadata_key_bytes_max)
           + " characters)";
  if (key.starts_with(reserved_prefix))
    return "Key prefix '" + std::string{reserved_prefix}
           + "' is reserved for internal use";
  if (value.size() > metadata_value_bytes_max)
    return "Value is too long (limit: "
           + std::to_string(metadata_value_bytes_max) + " characters)";
  return {};
}

} // namespace

std::string metadata_violation(const catalog::string_map& meta) {
  if (meta.size() > metadata_pairs_max)
    return "Node metadata cannot contain more than "
           + std::to_string(metadata_pairs_max) + " key/value pairs";
  for (const auto& [key, value] : meta)
    if (const auto why = pair_violation(key, value); !why.empty())
      return "Couldn't load metadata pair ('" + key + "', '" + value
             + "'): " + why;
  return {};
}

std::string weights_violation(std::int64_t passing, std::int64_t warning) {
  if (passing < 1)
    return "Passing must be greater than 0";
  if (warning < 0)
    return "Warning must be greater or equal than 0";
  if (passing > weight_max || warning > weight_max)
    return "DNS Weight must be between 0 and 65535";
  return {};
}

std::string check_violation(const health::check_plan& check) {
  const auto& how = check.how;
  const auto has_interval = how.interval > duration{0};
  const auto has_ttl = how.ttl > duration{0};
  const auto probes = !how.script_args.empty() || !how.http.empty()
                      || !how.tcp.empty() || !how.grpc.empty();
  const auto alias = !how.alias_node.empty() || !how.alias_service.empty();
  if (has_interval && has_ttl)
    return "Interval and TTL cannot both be specified";
  if (probes && !has_interval)
    return "Interval must be > 0 for Script, HTTP, or TCP checks";
  if (probes && alias)
    return "Interval cannot be set for Alias checks";
  if (alias && has_ttl)
    return "TTL must be not be set for Alias checks";
  if (!probes && !alias && !has_ttl)
    return "TTL must be > 0 for TTL checks";
  if (how.output_max_size < 0)
    return "MaxOutputMaxSize must be positive";
  return {};
}

std::string tagged_address_violation(
  const std::map<std::string, catalog::service_address>& tagged) {
  const auto wrong = [&tagged](const char* tag, bool v4) {
    const auto at = tagged.find(tag);
    if (at == tagged.end())
      return false;
    const auto kind = ip_kind_of(at->second.address);
    return v4 ? kind != ip_kind::v4 : kind == ip_kind::none;
  };
  for (const auto* tag : {"lan_ipv4", "wan_ipv4", "lan_ipv6", "wan_ipv6"}) {
    const auto v4 = std::string_view{tag}.ends_with("4");
    if (wrong(tag, v4))
      return "Service tagged address \"" + std::string{tag}
             + "\" must be a valid " + (v4 ? "ipv4" : "ipv6") + " address";
  }
  return {};
}

std::string node_id_violation(std::string_view id) {
  constexpr std::size_t dashes[] = {8, 13, 18, 23};
  if (id.size() != 36)
    return "uuid string is wrong length";
  for (const auto at : dashes)
    if (id[at] != '-')
      return "uuid is improperly formatted";
  for (std::size_t i = 0; i < id.size(); ++i) {
    const auto dash = std::find(std::begin(dashes), std::end(dashes), i);
    if (dash != std::end(dashes) || is_hex(id[i]))
      continue;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "U+%04X '%c'",
                  static_cast<unsigned char>(id[i]), id[i]);
    return "encoding/hex: invalid byte: " + std::string{text.data()};
  }
  return {};
}

bool is_any_address(std::string_view address) {
  return address == "0.0.0.0" || address == "::" || address == "[::]";
}

bool is_check_status(std::string_view status) {
  return status == "passing" || status == "warning" || status == "critical";
}

void add_tagged_addresses(catalog::service_row& service) {
  const auto kind = ip_kind_of(service.address);
  if (kind == ip_kind::none)
    return;
  const std::string family = kind == ip_kind::v4 ? "ipv4" : "ipv6";
  for (const auto* side : {"lan_", "wan_"})
    service.tagged_addresses.try_emplace(
      side + family, catalog::service_address{service.address, service.port});
}

std::string check_type(const catalog::check_definition_row& how) {
  const auto repeated = how.interval > duration{0};
  const auto script = !how.script_args.empty();
  if (!how.grpc.empty() && repeated)
    return "grpc";
  if (!how.http.empty() && repeated)
    return "http";
  if (how.ttl > duration{0})
    return "ttl";
  if (!how.tcp.empty() && repeated)
    return "tcp";
  if (!how.alias_node.empty() || !how.alias_service.empty())
    return "alias";
  if (script && !how.docker_container_id.empty() && repeated)
    return "docker";
  return script ? "script" : "";
}

} // namespace praetor::http
