#include "actors/template/core/ip_number.hpp"

#include "actors/template/core/function.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/quoting.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace praetor::templates {

namespace {

constexpr std::size_t v4_from = 12; ///< where an IPv4 address begins
constexpr unsigned v4_prefix = 96;
constexpr unsigned bits_of_all = 128;

std::size_t first_byte(const ip_number& x) {
  return x.v4 ? v4_from : 0;
}

// -- arithmetic
// -----------------------------------------------------------------

ip_bits mask_of(unsigned prefix) {
  ip_bits out{};
  for (unsigned i = 0; i < prefix; ++i)
    out[i / 8] |= static_cast<std::uint8_t>(0x80U >> (i % 8));
  return out;
}

ip_bits inverted(ip_bits x) {
  for (auto& byte : x)
    byte = static_cast<std::uint8_t>(~byte);
  return x;
}

ip_bits both(ip_bits x, const ip_bits& y) {
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] &= y[i];
  return x;
}

/// Without the carry out of the top.
ip_bits sum(ip_bits x, const ip_bits& y) {
  unsigned carry = 0;
  for (std::size_t i = x.size(); i-- > 0;) {
    carry += static_cast<unsigned>(x[i]) + y[i];
    x[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8U;
  }
  return x;
}

/// A number in two's complement.
ip_bits bits_from(std::int64_t x) {
  ip_bits out{};
  if (x < 0)
    out.fill(0xFF);
  auto rest = static_cast<std::uint64_t>(x);
  for (std::size_t i = out.size(); i-- > out.size() - sizeof(rest);) {
    out[i] = static_cast<std::uint8_t>(rest);
    rest >>= 8U;
  }
  return out;
}

ip_number with(ip_number x, const ip_bits& bits) {
  x.bits = bits;
  std::fill_n(x.bits.begin(), first_byte(x), std::uint8_t{0});
  return x;
}

ip_bits network_of(const ip_number& x) {
  return both(x.bits, mask_of(x.prefix));
}

ip_number last_of(const ip_number& x) {
  return with(x, sum(network_of(x), inverted(mask_of(x.prefix))));
}

// -- texts
// ----------------------------------------------------------------------

std::string decimal(ip_bits x) {
  std::string out;
  do {
    unsigned rest = 0;
    for (auto& byte : x) {
      rest = rest << 8U | byte;
      byte = static_cast<std::uint8_t>(rest / 10);
      rest %= 10;
    }
    out.push_back(static_cast<char>('0' + rest));
  } while (x != ip_bits{});
  std::ranges::reverse(out);
  return out;
}

/// @param base_bits 1: binary, 4: hexadecimal
std::string digits(const ip_number& x, unsigned base_bits) {
  std::string out;
  for (auto i = first_byte(x); i < x.bits.size(); ++i)
    for (unsigned shift = 8; shift > 0;) {
      shift -= base_bits;
      const auto digit = x.bits[i] >> shift & ((1U << base_bits) - 1);
      out.push_back("0123456789abcdef"[digit]);
    }
  return out;
}

std::string octets(const ip_number& x) {
  std::string out;
  for (auto i = first_byte(x); i < x.bits.size(); ++i)
    out += (out.empty() ? "" : " ") + std::to_string(x.bits[i]);
  return out;
}

/// How many addresses the network has.
std::string size_of(const ip_number& x) {
  const auto bits = bits_of_all - x.prefix;
  if (bits == bits_of_all)
    return "340282366920938463463374607431768211456";
  ip_bits out{};
  out[out.size() - 1 - bits / 8] = static_cast<std::uint8_t>(1U << (bits % 8));
  return decimal(out);
}

/// IPv4 networks of more than two addresses keep the first for themselves.
ip_number first_usable(const ip_number& x) {
  const auto kept = x.v4 && x.prefix < bits_of_all - 1;
  return with(x, sum(network_of(x), bits_from(kept ? 1 : 0)));
}

ip_number last_usable(const ip_number& x) {
  const auto kept = x.v4 && x.prefix < bits_of_all - 1;
  return with(x, sum(last_of(x).bits, bits_from(kept ? -1 : 0)));
}

/// "10.0.0.0/24"; single addresses without their length.
std::string with_length(const ip_number& x) {
  const auto length = "/" + std::to_string(mask_bits(x));
  return ip_text(x) + (x.prefix == bits_of_all ? "" : length);
}

// -- math
// -----------------------------------------------------------------------

error unreadable(const std::string& operation, std::string_view function,
                 const std::string& value, number_flaw flaw) {
  return failure("unable to convert " + quote(value) + " to int for operation "
                 + quote(operation) + ": " + flaw_text(function, value, flaw));
}

result<std::int64_t> offset(const ip_number& x, const std::string& operation,
                            const std::string& value) {
  if (!value.starts_with('+') && !value.starts_with('-'))
    return failure("sign (+/-) is required for operation " + quote(operation));
  auto parsed = read_integer(value, 10);
  constexpr auto v4_end = std::int64_t{1} << 32U;
  if (x.v4 && (parsed.value < -v4_end || parsed.value >= v4_end))
    parsed.flaw = parsed.flaw.value_or(number_flaw::range);
  if (parsed.flaw)
    return unreadable(operation, "ParseInt", value, *parsed.flaw);
  return parsed.value;
}

result<ip_number> masked(ip_number x, const std::string& value) {
  const auto parsed = read_natural(value, 10);
  if (parsed.flaw)
    return unreadable("mask", "ParseUint", value, *parsed.flaw);
  const auto most = x.v4 ? bits_of_all - v4_prefix : bits_of_all;
  if (parsed.value > most)
    return failure("parameter for operation \"mask\" on "
                   + std::string{x.v4 ? "ipv4" : "ipv6"}
                   + " addresses must be between 0 and "
                   + std::to_string(most));
  const auto prefix =
    static_cast<unsigned>(parsed.value) + (x.v4 ? v4_prefix : 0);
  x.bits = both(x.bits, mask_of(prefix));
  std::fill_n(x.bits.begin(), first_byte(x), std::uint8_t{0});
  x.prefix = std::min(x.prefix, prefix);
  return x;
}

} // namespace

std::optional<ip_number> parse_ip(const std::string& address,
                                  unsigned prefix_bits) {
  ip_number out;
  if (inet_pton(AF_INET, address.c_str(), out.bits.data() + v4_from) == 1)
    out.v4 = true;
  else if (inet_pton(AF_INET6, address.c_str(), out.bits.data()) != 1)
    return std::nullopt;
  out.prefix = std::min(bits_of_all, prefix_bits + (out.v4 ? v4_prefix : 0));
  return out;
}

std::string ip_text(const ip_number& x) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const auto* found =
    inet_ntop(x.v4 ? AF_INET : AF_INET6, x.bits.data() + first_byte(x),
              out.data(), out.size());
  return found == nullptr ? std::string{} : std::string{found};
}

unsigned mask_bits(const ip_number& x) {
  return x.prefix - (x.v4 ? v4_prefix : 0);
}

bool lies_in(const ip_number& x, const ip_number& network) {
  return x.v4 == network.v4
         && both(x.bits, mask_of(network.prefix)) == network_of(network);
}

std::string ip_attribute(const ip_number& x, const std::string& name) {
  struct row {
    std::string_view name;
    std::string (*text)(const ip_number&);
  };
  static constexpr row rows[] = {
    {"host", ip_text},
    {"address", ip_text},
    {"string", with_length},
    {"type",
     [](const ip_number& y) { return std::string{y.v4 ? "IPv4" : "IPv6"}; }},
    {"port", [](const ip_number&) { return std::string{"0"}; }},
    {"netmask",
     [](const ip_number& y) { return ip_text(with(y, mask_of(y.prefix))); }},
    {"network",
     [](const ip_number& y) { return with_length(with(y, network_of(y))); }},
    {"mask_bits",
     [](const ip_number& y) { return std::to_string(mask_bits(y)); }},
    {"binary", [](const ip_number& y) { return digits(y, 1); }},
    {"hex", [](const ip_number& y) { return digits(y, 4); }},
    {"first_usable",
     [](const ip_number& y) { return ip_text(first_usable(y)); }},
    {"last_usable", [](const ip_number& y) { return ip_text(last_usable(y)); }},
    {"octets", octets},
    {"size", size_of},
    {"broadcast",
     [](const ip_number& y) {
       return y.v4 ? ip_text(last_of(y)) : std::string{};
     }},
    {"uint32",
     [](const ip_number& y) { return y.v4 ? decimal(y.bits) : std::string{}; }},
    {"uint128",
     [](const ip_number& y) { return y.v4 ? std::string{} : decimal(y.bits); }},
  };
  const auto* found = std::ranges::find(rows, name, &row::name);
  return found == std::end(rows) ? std::string{} : found->text(x);
}

result<ip_number> ip_math(ip_number x, const std::string& operation,
                          const std::string& value) {
  if (operation == "mask")
    return masked(x, value);
  if (operation != "address" && operation != "network")
    return failure("unsupported math operation: " + quote(operation));
  const auto by = offset(x, operation, value);
  if (!by)
    return by.error();
  if (operation == "address")
    return with(x, sum(x.bits, bits_from(*by)));
  // Within the network: -1 is its last address.
  const auto inside = both(bits_from(*by), inverted(mask_of(x.prefix)));
  return with(x, sum(network_of(x), inside));
}

} // namespace praetor::templates
