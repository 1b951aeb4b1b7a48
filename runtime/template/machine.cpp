#include "runtime/template/machine.hpp"

#include "runtime/template/disk.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>

namespace praetor::templates {

namespace {

namespace fs = std::filesystem;

/// The interface of the default route of IPv4, or "".
std::string default_interface() {
  std::ifstream routes{"/proc/net/route"};
  std::string name;
  std::string destination;
  std::string rest;
  std::getline(routes, rest);
  while (routes >> name >> destination && std::getline(routes, rest))
    if (destination == "00000000")
      return name;
  return {};
}

unsigned ones(std::span<const unsigned char> mask) {
  unsigned out = 0;
  for (const auto byte : mask)
    out += static_cast<unsigned>(std::popcount(byte));
  return out;
}

/// Address and prefix of one entry; false if it is neither IPv4 nor IPv6.
bool read_address(const ifaddrs& x, interface_address& out) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (x.ifa_addr == nullptr)
    return false;
  const auto family = x.ifa_addr->sa_family;
  if (family == AF_INET) {
    const auto* at = reinterpret_cast<const sockaddr_in*>(x.ifa_addr);
    const auto* mask = reinterpret_cast<const sockaddr_in*>(x.ifa_netmask);
    ::inet_ntop(AF_INET, &at->sin_addr, text.data(), text.size());
    if (mask != nullptr)
      out.prefix_bits = static_cast<unsigned>(
        std::popcount(static_cast<std::uint32_t>(mask->sin_addr.s_addr)));
  } else if (family == AF_INET6) {
    const auto* at = reinterpret_cast<const sockaddr_in6*>(x.ifa_addr);
    const auto* mask = reinterpret_cast<const sockaddr_in6*>(x.ifa_netmask);
    ::inet_ntop(AF_INET6, &at->sin6_addr, text.data(), text.size());
    if (mask != nullptr)
      out.prefix_bits = ones(mask->sin6_addr.s6_addr);
  } else {
    return false;
  }
  out.address = text.data();
  return true;
}

/// Refuses a path that is, or lies in, a symbolic link.
status refuse_links(const fs::path& path) {
  std::error_code code;
  if (fs::is_symlink(path, code))
    return error{errc::rejected, path.string() + " is a symbolic link"};
  if (path.has_parent_path() && fs::is_symlink(path.parent_path(), code))
    return error{errc::rejected,
                 path.parent_path().string() + " is a symbolic link"};
  return ok;
}

} // namespace

std::optional<std::string> machine::variable(const std::string& name) {
  if (const auto x = derived_.find(name); x != derived_.end())
    return x->second;
  const char* found = std::getenv(name.c_str());
  return found == nullptr ? std::nullopt : std::optional<std::string>{found};
}

std::int64_t machine::now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

result<program_outcome>
machine::run_program(const std::vector<std::string>& arguments) {
  return run_to_end(arguments, own_environment(), program_time_max);
}

status machine::write_file(const file_order& order) {
  if (auto good = refuse_links(order.path); !good)
    return good;
  auto content = order.content;
  if (order.append) {
    const auto old = read_whole_file(order.path);
    if (!old && old.error().code != errc::not_found)
      return old.error();
    if (old)
      content.insert(0, *old);
  }
  write_options how;
  how.mode = order.mode;
  how.user = order.user;
  how.group = order.group;
  const auto done = write_destination(order.path, content, how);
  return done ? status{ok} : status{done.error()};
}

std::vector<interface_address> machine::addresses() {
  std::vector<interface_address> out;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0)
    return out;
  const auto route = default_interface();
  for (const auto* x = all; x != nullptr; x = x->ifa_next) {
    interface_address one;
    one.interface_name = x->ifa_name;
    one.up = (x->ifa_flags & IFF_UP) != 0;
    one.loopback = (x->ifa_flags & IFF_LOOPBACK) != 0;
    one.default_route = one.interface_name == route;
    if (read_address(*x, one))
      out.push_back(std::move(one));
  }
  ::freeifaddrs(all);
  return out;
}

} // namespace praetor::templates
