#include "runtime/net/dialer.hpp"

#include "runtime/net/url.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cctype>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it
#include <vector>

namespace praetor::net {

namespace asio = boost::asio;
using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Numbers are not looked up, so that they need no thread of the resolver.
asio::awaitable<std::vector<tcp::endpoint>>
look_up(asio::any_io_executor executor, const std::string& host,
        std::uint16_t port) {
  error_code code;
  const auto literal =
    asio::ip::make_address(host.empty() ? "127.0.0.1" : host, code);
  if (!code)
    co_return std::vector<tcp::endpoint>{{literal, port}};
  tcp::resolver resolver{executor};
  const auto found = co_await resolver.async_resolve(
    host, std::to_string(port), tcp::resolver::numeric_service,
    asio::redirect_error(asio::use_awaitable, code));
  std::vector<tcp::endpoint> out;
  for (const auto& x : found)
    out.push_back(x.endpoint());
  co_return out;
}

} // namespace

std::string lower_message(const error_code& code) {
  auto text = code.message();
  if (!text.empty())
    text[0] =
      static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

asio::awaitable<status> dial(tcp::socket& socket, const bool& stop,
                             std::string host, std::uint16_t port) {
  const auto endpoints = co_await look_up(socket.get_executor(), host, port);
  if (endpoints.empty())
    co_return error{errc::io_error,
                    "dial tcp: lookup " + host + ": no such host"};
  status first = ok;
  for (const auto& x : endpoints) {
    if (stop)
      break;
    error_code code;
    error_code ignored;
    socket.close(ignored);
    co_await socket.async_connect(
      x, asio::redirect_error(asio::use_awaitable, code));
    if (!code)
      co_return ok;
    const auto where = host.empty()
                         ? ":" + std::to_string(port)
                         : join_host_port(x.address().to_string(), port);
    if (first)
      first = error{errc::io_error,
                    "dial tcp " + where + ": connect: " + lower_message(code)};
  }
  if (stop)
    co_return error{errc::canceled, "dial tcp: operation was canceled"};
  co_return first;
}

} // namespace praetor::net
