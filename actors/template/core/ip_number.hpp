// IP addresses with their networks as numbers: what go-sockaddr can tell about
// one, and how it calculates with them. Pure.
// Source: github.com/hashicorp/go-sockaddr, ipv4addr.go, ipv6addr.go,
// ifaddrs.go (IfAddrMath).

#pragma once

#include "runtime/base/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace praetor::templates {

/// 128 bits, most significant byte first.
using ip_bits = std::array<std::uint8_t, 16>;

/// An address in its network.
struct ip_number {
  ip_bits bits{}; ///< IPv4 in the last four bytes
  bool v4 = false;
  unsigned prefix = 0; ///< of `bits`: an IPv4 /24 is 120
};

/// Reads "10.0.0.1" or "fe80::1"; nothing: it is no address.
std::optional<ip_number> parse_ip(const std::string& address,
                                  unsigned prefix_bits);

std::string ip_text(const ip_number& x);

/// The network's length as people write it: 24 of 10.0.0.0/24.
unsigned mask_bits(const ip_number& x);

/// Whether an address belongs to a network of the same family.
bool lies_in(const ip_number& x, const ip_number& network);

/// "network", "broadcast", "last_usable" and the like; "" if there is no such
/// attribute.
std::string ip_attribute(const ip_number& x, const std::string& name);

/// `math "address" "+5"`, `math "network" "-1"`, `math "mask" "16"`.
/// Errors: invalid_argument with go-sockaddr's words.
result<ip_number> ip_math(ip_number x, const std::string& operation,
                          const std::string& value);

} // namespace praetor::templates
