// IP addresses as texts: what they are, which one this host has, and the
// address templates of Consul. Pure: the host's interfaces are handed in.
//
// Templates: {{ GetPrivateIP }}, {{ GetPublicIP }}, {{ GetInterfaceIP "eth0"
// }},
// {{ GetPrivateIPs }}, {{ GetPublicIPs }}. Source: hashicorp/go-sockaddr.

#pragma once

#include "runtime/base/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::config {

/// One address of an interface that is up.
struct interface_address {
  std::string interface;
  /// "192.168.41.31" or "fe80::1", without zone.
  std::string address;
  bool loopback = false;
};

using interface_addresses = std::span<const interface_address>;

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);

inline bool is_ip(std::string_view text) {
  return is_ipv4(text) || is_ipv6(text);
}

/// Whether it means "all interfaces": 0.0.0.0, :: or [::].
bool is_any(std::string_view text);

/// Whether it is "<ip>/<bits>" with few enough bits.
bool is_cidr(std::string_view text);

/// Whether it belongs to a range that is not routed on the internet; loopback
/// and link-local count.
bool is_private_ipv4(std::string_view text);

/// Returns the private IPv4 addresses of interfaces other than loopback; those
/// of loopback if there is no other interface.
std::vector<std::string> private_ipv4(interface_addresses host);

/// Returns the IPv6 addresses that other hosts may route to.
std::vector<std::string> public_ipv6(interface_addresses host);

/// Replaces {{ ... }}. Several addresses are separated by spaces.
/// Errors: invalid_argument for a function that does not exist.
result<std::string> expand_template(std::string_view text,
                                    interface_addresses host);

} // namespace praetor::config
