#include "runtime/node/docker_place.hpp"

#include "runtime/net/url.hpp"

#include <unistd.h>

namespace praetor::node {

namespace {

constexpr std::string_view socket_in_container = "/tmp/docker.sock";
constexpr std::string_view socket_on_host = "/var/run/docker.sock";

error bad(const std::string& text) {
  return {errc::invalid_argument, "DOCKER_HOST: " + text};
}

} // namespace

result<net::http_place> docker_place(std::string host,
                                     const variable_reader& variable) {
  net::http_place out;
  if (host.empty())
    host = variable("DOCKER_HOST");
  if (host.empty())
    host = "unix://"
           + std::string{::access(socket_in_container.data(), F_OK) == 0
                           ? socket_in_container
                           : socket_on_host};
  constexpr std::string_view unix_scheme = "unix://";
  if (host.starts_with(unix_scheme)) {
    out.socket_path = host.substr(unix_scheme.size());
    return out;
  }
  const auto scheme = host.find("://");
  const auto name = host.substr(0, scheme);
  if (scheme == host.npos
      || (name != "tcp" && name != "http" && name != "https"))
    return bad("unix:///PATH or tcp://HOST:PORT expected, got \"" + host
               + "\"");
  const auto parts = net::split_host_port(host.substr(scheme + 3));
  const auto port =
    parts ? net::parse_port(parts->port) : result<std::uint16_t>{parts.error()};
  if (!port)
    return bad(port.error().context);
  out.host = parts->host;
  out.port = *port;
  out.tls = !variable("DOCKER_TLS_VERIFY").empty() || name == "https";
  if (const auto folder = variable("DOCKER_CERT_PATH");
      out.tls && !folder.empty())
    out.files = {folder + "/ca.pem", folder + "/cert.pem", folder + "/key.pem",
                 true};
  return out;
}

} // namespace praetor::node
