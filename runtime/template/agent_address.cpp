#include "runtime/template/agent_address.hpp"

#include "runtime/base/text.hpp"
#include "runtime/net/url.hpp"

#include <string_view>

namespace praetor::templates {

namespace {

constexpr std::string_view default_address = "127.0.0.1:8500";
constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

/// An address without its scheme.
struct scheme_and_rest {
  std::string scheme;
  std::string rest;
};

scheme_and_rest split(const std::string& address) {
  const auto mark = address.find("://");
  if (mark == address.npos)
    return {"", address.empty() ? std::string{default_address} : address};
  auto rest = address.substr(mark + 3);
  const auto scheme = to_lower(address.substr(0, mark));
  if (scheme != "unix" && rest.ends_with('/'))
    rest.pop_back();
  return {scheme, rest};
}

} // namespace

bool uses_tls(const consul_settings& x) {
  const auto scheme = split(x.address).scheme;
  return scheme == "https"
         || (scheme != "unix" && x.tls.enabled.value_or(false));
}

net::tls_options tls_of(const consul_settings& x) {
  return {.ca_file = x.tls.ca_cert,
          .ca_path = x.tls.ca_path,
          .cert_file = x.tls.cert,
          .key_file = x.tls.key,
          .server_name = x.tls.server_name,
          .verify = x.tls.verify};
}

result<net::http_server_address> agent_address(const consul_settings& x,
                                               const std::string& token) {
  const auto [scheme, rest] = split(x.address);
  net::http_server_address out;
  out.dial_time_max = x.transport.dial_timeout;
  out.handshake_time_max = x.transport.tls_handshake_timeout;
  out.keep_alive = !x.transport.disable_keep_alives;
  if (!token.empty())
    out.headers["X-Consul-Token"] = token;
  if (!x.basic_auth.empty())
    out.headers["Authorization"] = "Basic " + base64_encode(x.basic_auth);
  if (!x.name_space.empty())
    out.headers["X-Consul-Namespace"] = x.name_space;
  if (scheme == "unix") {
    out.unix_path = rest;
    out.authority = "localhost";
    return out;
  }
  if (!scheme.empty() && scheme != "http" && scheme != "https")
    return error{errc::invalid_argument, "Unknown protocol scheme: " + scheme};
  out.authority = rest;
  out.host = rest;
  out.port = uses_tls(x) ? https_port : http_port;
  if (const auto parts = net::split_host_port(rest)) {
    const auto port = net::parse_port(parts->port);
    if (!port)
      return port.error();
    out.host = parts->host;
    out.port = *port;
  }
  out.server_name = x.tls.server_name.empty() ? out.host : x.tls.server_name;
  if (!x.tls.verify)
    out.server_name = x.tls.server_name;
  return out;
}

variable_map derived_environment(const consul_settings& x,
                                 const std::string& token) {
  variable_map out;
  if (!x.address.empty())
    out["CONSUL_HTTP_ADDR"] = x.address;
  if (!x.basic_auth.empty())
    out["CONSUL_HTTP_AUTH"] = x.basic_auth;
  if (!token.empty())
    out["CONSUL_HTTP_TOKEN"] = token;
  if (!x.token_file.empty())
    out["CONSUL_HTTP_TOKEN_FILE"] = x.token_file;
  out["CONSUL_HTTP_SSL"] = uses_tls(x) ? "true" : "false";
  out["CONSUL_HTTP_SSL_VERIFY"] = x.tls.verify ? "true" : "false";
  return out;
}

} // namespace praetor::templates
