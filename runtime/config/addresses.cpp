#include "runtime/config/addresses.hpp"

#include "runtime/base/text.hpp"
#include "runtime/config/go_flags.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace praetor::config {

namespace {

bool parse(int family, std::string_view text, void* out) {
  return inet_pton(family, std::string{text}.c_str(), out) == 1
         && text.find('\0') == std::string_view::npos;
}

/// Returns the address as a number, 0 if it is none.
std::uint32_t ipv4_number(std::string_view text) {
  in_addr out{};
  return parse(AF_INET, text, &out) ? ntohl(out.s_addr) : 0;
}

struct ipv4_range {
  std::string_view first;
  int bits;
};

// RFC 6890, "not globally reachable".
constexpr ipv4_range private_ranges[] = {
  {"10.0.0.0", 8},      {"100.64.0.0", 10},  {"127.0.0.0", 8},
  {"169.254.0.0", 16},  {"172.16.0.0", 12},  {"192.0.0.0", 24},
  {"192.0.2.0", 24},    {"192.168.0.0", 16}, {"198.18.0.0", 15},
  {"198.51.100.0", 24}, {"203.0.113.0", 24},
};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out.append(out.empty() ? "" : " ").append(word);
  return out;
}

std::vector<std::string> public_ipv4(interface_addresses host) {
  std::vector<std::string> out;
  for (const auto& x : host)
    if (is_ipv4(x.address) && !x.loopback && !is_private_ipv4(x.address))
      out.push_back(x.address);
  return out;
}

std::vector<std::string> of_interface(interface_addresses host,
                                      std::string_view name) {
  std::vector<std::string> out;
  for (const auto& x : host)
    if (x.interface == name)
      out.push_back(x.address);
  // An IPv4 address is what most people mean.
  std::ranges::stable_partition(out, is_ipv4);
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

std::string first_of(const std::vector<std::string>& words) {
  return words.empty() ? std::string{} : words.front();
}

result<std::string> call(std::string_view expression,
                         interface_addresses host) {
  auto space = std::min(expression.find(' '), expression.size());
  auto function = expression.substr(0, space);
  auto argument = trimmed(expression.substr(space));
  if (function == "GetPrivateIP" && argument.empty())
    return first_of(private_ipv4(host));
  if (function == "GetPrivateIPs" && argument.empty())
    return joined(private_ipv4(host));
  if (function == "GetPublicIP" && argument.empty())
    return first_of(public_ipv4(host));
  if (function == "GetPublicIPs" && argument.empty())
    return joined(public_ipv4(host));
  bool quoted = argument.size() >= 2 && argument.front() == argument.back()
                && (argument.front() == '"' || argument.front() == '`');
  if (function == "GetInterfaceIP" && quoted)
    return first_of(
      of_interface(host, argument.substr(1, argument.size() - 2)));
  return error{errc::invalid_argument,
               "cannot evaluate {{ " + std::string{expression}
                 + " }}; known are GetPrivateIP, GetPrivateIPs, GetPublicIP, "
                   "GetPublicIPs and GetInterfaceIP \"NAME\""};
}

} // namespace

bool is_ipv4(std::string_view text) {
  in_addr out{};
  return parse(AF_INET, text, &out);
}

bool is_ipv6(std::string_view text) {
  in6_addr out{};
  return parse(AF_INET6, text, &out);
}

bool is_any(std::string_view text) {
  if (text == "[::]")
    return true;
  if (is_ipv4(text))
    return ipv4_number(text) == 0;
  in6_addr out{};
  return parse(AF_INET6, text, &out) && IN6_IS_ADDR_UNSPECIFIED(&out) != 0;
}

bool is_cidr(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos)
    return false;
  auto address = text.substr(0, slash);
  auto bits = parse_uint(text.substr(slash + 1));
  return bits
         && ((is_ipv4(address) && *bits <= 32)
             || (is_ipv6(address) && *bits <= 128));
}

bool is_private_ipv4(std::string_view text) {
  if (!is_ipv4(text))
    return false;
  auto number = ipv4_number(text);
  return std::ranges::any_of(private_ranges, [number](const ipv4_range& x) {
    return (number ^ ipv4_number(x.first)) >> (32 - x.bits) == 0;
  });
}

std::vector<std::string> private_ipv4(interface_addresses host) {
  bool only_loopback = std::ranges::all_of(host, &interface_address::loopback);
  std::vector<std::string> out;
  for (const auto& x : host)
    if (x.loopback == only_loopback && is_private_ipv4(x.address))
      out.push_back(x.address);
  return out;
}

std::vector<std::string> public_ipv6(interface_addresses host) {
  std::vector<std::string> out;
  for (const auto& x : host) {
    in6_addr bytes{};
    if (x.loopback || !parse(AF_INET6, x.address, &bytes))
      continue;
    bool unique_local = (bytes.s6_addr[0] & 0xFE) == 0xFC;
    if (!IN6_IS_ADDR_LINKLOCAL(&bytes) && !unique_local)
      out.push_back(x.address);
  }
  return out;
}

result<std::string> expand_template(std::string_view text,
                                    interface_addresses host) {
  std::string out;
  while (true) {
    auto open = text.find("{{");
    if (open == std::string_view::npos)
      return out.append(text);
    auto close = text.find("}}", open);
    if (close == std::string_view::npos)
      return error{errc::invalid_argument, "{{ without }}"};
    auto address = call(trimmed(text.substr(open + 2, close - open - 2)), host);
    if (!address)
      return address.error();
    out.append(text.substr(0, open)).append(*address);
    text.remove_prefix(close + 2);
  }
}

} // namespace praetor::config
