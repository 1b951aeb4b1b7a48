// The part of URLs that an HTTP client needs. Pure; total over any text.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::net {

/// http://user:password@host:port/path?query
struct url {
  /// In lower case.
  std::string scheme;
  /// user:password, or empty.
  std::string user;
  /// Without brackets.
  std::string host;
  std::uint16_t port = 0;
  /// As the Host header has it: port and brackets only if given.
  std::string authority;
  /// Path and query, at least "/"; bytes that may not be sent are escaped.
  std::string target;
};

/// Errors: invalid_argument with Go's sentence, e.g.
/// `unsupported protocol scheme "ftp"`.
result<url> parse_url(std::string_view text);

/// Returns the absolute form of `reference`, which `base` refers to.
std::string resolve_url(const url& base, std::string_view reference);

/// host:port, with brackets around IPv6 addresses.
struct host_port {
  std::string host;
  std::string port;
};

/// Errors: invalid_argument with Go's sentence, e.g.
/// `address 127.0.0.1: missing port in address`.
result<host_port> split_host_port(std::string_view text);

/// A port's number, from digits or a name such as "http". Errors:
/// invalid_argument with Go's sentence.
result<std::uint16_t> parse_port(const std::string& text);

/// host:port with brackets if needed.
std::string join_host_port(const std::string& host, std::uint16_t port);

} // namespace praetor::net
