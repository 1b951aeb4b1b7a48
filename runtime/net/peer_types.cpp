#include "runtime/net/peer_types.hpp"

#include "runtime/net/url.hpp"

namespace praetor::net {

result<peer_endpoint> parse_endpoint(const std::string& text) {
  const auto parts = split_host_port(text);
  if (!parts)
    return parts.error();
  boost::system::error_code code;
  const auto address = boost::asio::ip::make_address(parts->host, code);
  if (code)
    return error{errc::invalid_argument,
                 "address " + text + ": not an IP address"};
  const auto port = parse_port(parts->port);
  if (!port)
    return port.error();
  return peer_endpoint{address, *port};
}

} // namespace praetor::net
