// Where a registry is: the argument of `registrator`. Pure.
//
//   consul://host:port   consul-tls://host:port    consul-unix:///path/sock
//   consulkv://host:port/prefix consulkv-unix:///path/sock:/prefix
//   etcd://host:port/prefix      the keys of etcd's version 2
//   etcd3://host:port/prefix     the same keys in version 3
//   skydns2://host:port/domain   zookeeper://host:port/base
//
// Source: gliderlabs/registrator 7.4, the backends' factories.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::registrator {

enum class registry_kind : std::uint8_t {
  consul,
  consulkv,
  etcd,
  etcd3,
  skydns2,
  zookeeper,
};

/// See the head of the file.
struct registry_address {
  registry_kind kind = registry_kind::consul;
  /// The word before the colon.
  std::string scheme;
  bool tls = false;
  /// Not empty: a unix socket.
  std::string socket_path;
  /// Empty: wherever CONSUL_HTTP_ADDR says, or this host.
  std::string host;
  std::uint16_t port = 0;
  /// Without slashes at the ends: prefix, domain or base.
  std::string path;
  /// user:password, or empty.
  std::string user;

  friend bool operator==(const registry_address&,
                         const registry_address&) = default;
};

/// Errors: invalid_argument, `unrecognized adapter: foo://x` or
/// `bad adapter uri: ...`.
result<registry_address> parse_registry_uri(std::string_view text);

/// Escapes a path for a request; slashes stay.
std::string escape_path(std::string_view text);

} // namespace praetor::registrator
