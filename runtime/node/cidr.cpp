#include "runtime/node/cidr.hpp"

#include "runtime/base/text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace praetor::node {

namespace {

using address_bytes = std::vector<std::uint8_t>;

std::optional<address_bytes> bytes_of(std::string_view text) {
  const std::string zero_ended{text};
  std::array<std::uint8_t, 16> buffer{};
  if (inet_pton(AF_INET, zero_ended.c_str(), buffer.data()) == 1)
    return address_bytes{buffer.begin(), buffer.begin() + 4};
  if (inet_pton(AF_INET6, zero_ended.c_str(), buffer.data()) == 1)
    return address_bytes{buffer.begin(), buffer.end()};
  return std::nullopt;
}

} // namespace

bool in_network(std::string_view address, std::string_view network) {
  const auto slash = network.find('/');
  const auto a = bytes_of(address);
  const auto n = bytes_of(network.substr(0, slash));
  if (!a || !n || a->size() != n->size())
    return false;
  auto bits = std::uint64_t{a->size()} * 8;
  if (slash != std::string_view::npos) {
    const auto given = parse_uint(network.substr(slash + 1));
    if (!given || *given > bits)
      return false;
    bits = *given;
  }
  for (std::size_t i = 0; i < bits; ++i) {
    const auto mask = 0x80U >> (i % 8);
    if (((*a)[i / 8] & mask) != ((*n)[i / 8] & mask))
      return false;
  }
  return true;
}

bool in_any_network(std::string_view address,
                    const std::vector<std::string>& networks) {
  return std::any_of(networks.begin(), networks.end(),
                     [address](auto& n) { return in_network(address, n); });
}

} // namespace praetor::node
