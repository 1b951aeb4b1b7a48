#include "runtime/config/host.hpp"

#include "runtime/config/hcl.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace praetor::config {

namespace {

namespace fs = std::filesystem;

/// Returns the system's words as Go spells them: with a small first letter.
error system_error(std::error_code code) {
  auto text = code.message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  bool missing = code == std::errc::no_such_file_or_directory;
  return error{missing ? errc::not_found : errc::io_error, std::move(text)};
}

std::error_code last_error() {
  return {errno, std::generic_category()};
}

std::string address_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET)
    bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  else if (address.sa_family == AF_INET6)
    bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (bytes == nullptr
      || inet_ntop(address.sa_family, bytes, text.data(), text.size())
           == nullptr)
    return {};
  return text.data();
}

std::vector<interface_address> interface_list() {
  std::vector<interface_address> out;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0)
    return out;
  for (const auto* x = first; x != nullptr; x = x->ifa_next) {
    if (x->ifa_addr == nullptr || (x->ifa_flags & IFF_UP) == 0)
      continue;
    auto address = address_of(*x->ifa_addr);
    if (!address.empty())
      out.push_back({x->ifa_name, address, (x->ifa_flags & IFF_LOOPBACK) != 0});
  }
  freeifaddrs(first);
  return out;
}

} // namespace

result<path_kind> disk_files::kind_of(const std::string& path) const {
  std::error_code code;
  auto found = fs::status(path, code);
  if (found.type() == fs::file_type::not_found)
    return system_error(
      std::make_error_code(std::errc::no_such_file_or_directory));
  if (code)
    return system_error(code);
  if (found.type() == fs::file_type::directory)
    return path_kind::directory;
  return found.type() == fs::file_type::regular ? path_kind::file
                                                : path_kind::other;
}

result<std::vector<std::string>>
disk_files::list(const std::string& path) const {
  std::vector<std::string> out;
  std::error_code code;
  for (fs::directory_iterator at{path, code}, end; !code && at != end;
       at.increment(code))
    out.push_back(at->path().filename().string());
  if (code)
    return system_error(code);
  return out;
}

result<std::string> disk_files::read(const std::string& path) const {
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return system_error(last_error());
  std::string out;
  std::array<char, 65536> piece;
  while (in && out.size() <= document_bytes_max) {
    in.read(piece.data(), piece.size());
    out.append(piece.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad())
    return system_error(last_error());
  return out;
}

environment host_environment() {
  constexpr std::size_t name_bytes_max = 256;
  std::array<char, name_bytes_max> name{};
  if (gethostname(name.data(), name.size() - 1) != 0)
    name[0] = '\0';
  return {name.data(), interface_list()};
}

} // namespace praetor::config
