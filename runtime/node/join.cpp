#include "runtime/node/join.hpp"

#include "runtime/base/text.hpp"
#include "runtime/net/dialer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <utility>

namespace praetor::node {

namespace {

namespace asio = boost::asio;

/// How long the other side may take. Source: memberlist's TCPTimeout.
constexpr auto dial_time_max = std::chrono::seconds{10};

struct attempt {
  explicit attempt(asio::io_context& io) : socket{io}, limit{io} {}
  asio::ip::tcp::socket socket;
  asio::steady_timer limit;
  bool stop = false;
};

error failure(const std::string& host, const std::string& why) {
  return {errc::rejected, "1 error occurred:\n\t* Failed to join " + host + ": "
                            + why + "\n\n"};
}

asio::awaitable<void> dial_and_refuse(std::shared_ptr<attempt> a,
                                      std::string host, std::uint16_t port,
                                      reply<std::monostate> to) {
  const auto done = co_await net::dial(a->socket, a->stop, host, port);
  a->limit.cancel();
  to.complete(failure(host, done ? "this version cannot join other nodes"
                                 : done.error().context));
}

} // namespace

void try_join(asio::io_context& io, const std::string& address,
              int default_port, const reply<std::monostate>& to) {
  auto host = address;
  auto port = std::uint64_t(default_port);
  const auto colon = address.rfind(':');
  if (colon != std::string::npos && address.find(':') == colon) {
    host = address.substr(0, colon);
    const auto given = parse_uint(address.substr(colon + 1));
    if (!given || *given > 65535)
      return to.complete(failure(address, "invalid port"));
    port = *given;
  }
  auto a = std::make_shared<attempt>(io);
  a->limit.expires_after(dial_time_max);
  a->limit.async_wait([a](const auto& canceled) {
    if (canceled)
      return;
    boost::system::error_code ignored;
    a->stop = true;
    a->socket.close(ignored);
  });
  asio::co_spawn(
    io,
    dial_and_refuse(a, std::move(host), static_cast<std::uint16_t>(port), to),
    asio::detached);
}

} // namespace praetor::node
