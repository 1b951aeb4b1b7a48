#include "actors/registrator/core/registry_uri.hpp"

#include "runtime/base/percent.hpp"
#include "runtime/base/text.hpp"

#include <limits>
#include <optional>

namespace praetor::registrator {

namespace {

struct scheme_row {
  std::string_view name;
  registry_kind kind;
  std::uint16_t port;
  bool tls;
  bool unix_socket;
};

constexpr std::uint16_t consul_port = 8500;
constexpr std::uint16_t etcd_port = 2379;
constexpr std::uint16_t zookeeper_port = 2181;

constexpr scheme_row schemes[] = {
  {"consul", registry_kind::consul, consul_port, false, false},
  {"consul-tls", registry_kind::consul, consul_port, true, false},
  {"consul-unix", registry_kind::consul, 0, false, true},
  {"consulkv", registry_kind::consulkv, consul_port, false, false},
  {"consulkv-unix", registry_kind::consulkv, 0, false, true},
  {"etcd", registry_kind::etcd, etcd_port, false, false},
  {"etcd3", registry_kind::etcd3, etcd_port, false, false},
  {"skydns2", registry_kind::skydns2, etcd_port, false, false},
  {"zookeeper", registry_kind::zookeeper, zookeeper_port, false, false},
};

const scheme_row* find_scheme(std::string_view name) {
  for (const auto& x : schemes)
    if (x.name == name)
      return &x;
  return nullptr;
}

error bad_uri(std::string_view text, std::string_view why) {
  return {errc::invalid_argument,
          "bad adapter uri: " + std::string{text} + ": " + std::string{why}};
}

std::string trimmed(std::string_view path) {
  while (path.starts_with('/'))
    path.remove_prefix(1);
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return std::string{path};
}

/// Cuts "host:port"; brackets around IPv6 addresses.
status read_authority(std::string_view text, std::string_view uri,
                      registry_address& to) {
  if (const auto at = text.rfind('@'); at != text.npos) {
    to.user = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  auto colon = text.rfind(':');
  const auto bracket = text.rfind(']');
  if (colon != text.npos && bracket != text.npos && colon < bracket)
    colon = text.npos;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  if (host.find_first_of(" []%") != host.npos
      || (bracket == text.npos && host.find(':') != host.npos))
    return bad_uri(uri, "no such host");
  to.host = host;
  if (colon == text.npos)
    return ok;
  const auto port = parse_uint(text.substr(colon + 1));
  if (!port || *port == 0 || *port > std::numeric_limits<std::uint16_t>::max())
    return bad_uri(uri, "no such port");
  to.port = static_cast<std::uint16_t>(*port);
  return ok;
}

} // namespace

result<registry_address> parse_registry_uri(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0)
    return bad_uri(text, "it has no scheme");
  const auto* row = find_scheme(text.substr(0, colon));
  if (row == nullptr)
    return error{errc::invalid_argument,
                 "unrecognized adapter: " + std::string{text}};
  registry_address out;
  out.kind = row->kind;
  out.scheme = row->name;
  out.tls = row->tls;
  out.port = row->port;
  auto rest = text.substr(colon + 1);
  if (rest.starts_with("//"))
    rest.remove_prefix(2);
  if (row->unix_socket) {
    const auto cut = rest.find(':');
    out.socket_path = rest.substr(0, cut);
    if (cut != rest.npos)
      out.path = trimmed(rest.substr(cut + 1));
    if (!out.socket_path.starts_with('/'))
      return bad_uri(text, "it names no socket");
  } else {
    const auto slash = rest.find('/');
    if (auto read = read_authority(rest.substr(0, slash), text, out); !read)
      return read.error();
    if (slash != rest.npos)
      out.path = trimmed(rest.substr(slash));
  }
  const auto needs_path =
    out.kind == registry_kind::consulkv || out.kind == registry_kind::skydns2;
  if (needs_path && out.path.empty())
    return bad_uri(text, out.kind == registry_kind::skydns2
                           ? "dns domain required, e.g. skydns2://host/domain"
                           : "prefix required, e.g. consulkv://host/prefix");
  return out;
}

std::string escape_path(std::string_view text) {
  return percent_encode(text, "/:@$&+=");
}

} // namespace praetor::registrator
