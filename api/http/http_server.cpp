#include "api/http/http_server.hpp"

#include "api/http/connection.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

namespace praetor::http {
namespace {

using boost::system::error_code;
using acceptor =
  asio::basic_socket_acceptor<asio::generic::stream_protocol, executor>;
using endpoint = asio::generic::stream_protocol::endpoint;
using timer =
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             executor>;

constexpr duration tick_interval = std::chrono::seconds{1};
/// How long to wait when the process has no file descriptors left.
constexpr duration accept_pause = std::chrono::milliseconds{100};
constexpr std::string_view unix_scheme = "unix://";

std::string http_date() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  const auto size =
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

bool is_tcp(const endpoint& x) {
  return x.protocol().family() == AF_INET || x.protocol().family() == AF_INET6;
}

asio::ip::tcp::endpoint tcp_of(const endpoint& x) {
  asio::ip::tcp::endpoint out;
  std::memcpy(out.data(), x.data(), std::min(out.capacity(), x.size()));
  return out;
}

result<endpoint> parse_address(const std::string& text) {
  const error bad{errc::invalid_argument, "invalid address \"" + text + "\""};
  if (text.starts_with(unix_scheme)) {
    const auto path = text.substr(unix_scheme.size());
    constexpr std::size_t path_max = sizeof(sockaddr_un::sun_path) - 1;
    if (path.empty() || path.size() > path_max)
      return bad;
    return endpoint{asio::local::stream_protocol::endpoint{path}};
  }
  const auto colon = text.rfind(':');
  if (colon == std::string::npos)
    return bad;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  const auto port = parse_uint(std::string_view{text}.substr(colon + 1));
  error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  if (ec || !port || *port > 65535)
    return bad;
  return endpoint{
    asio::ip::tcp::endpoint{address, static_cast<std::uint16_t>(*port)}};
}

error listen_error(const std::string& address, std::string_view step,
                   const error_code& ec) {
  const auto local = address.starts_with(unix_scheme);
  const auto shown = local ? address.substr(unix_scheme.size()) : address;
  return {errc::io_error, "listen " + std::string{local ? "unix " : "tcp "}
                            + shown + ": " + std::string{step} + ": "
                            + to_lower(ec.message())};
}

/// A socket file that a former process left would make bind fail.
void remove_socket_file(const std::string& address) {
  const auto path = address.substr(unix_scheme.size());
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode))
    ::unlink(path.c_str());
}

} // namespace

struct http_server::parts : std::enable_shared_from_this<parts> {
  parts(asio::io_context& io, backends& to, server_options options)
    : where{io.get_executor()},
      home{std::make_shared<lobby>(
        lobby{to, std::move(options.settings), {}, {}, {}, false, {}, {}})},
      clock{where} {
    home->most.connections_per_client_max = options.connections_per_client_max;
    refresh_time();
  }

  status listen(const std::string& address) {
    const auto at = parse_address(address);
    if (!at)
      return at.error();
    if (!is_tcp(*at))
      remove_socket_file(address);
    error_code ec;
    acceptor a{where};
    a.open(at->protocol(), ec);
    if (ec)
      return listen_error(address, "socket", ec);
    a.set_option(asio::socket_base::reuse_address{is_tcp(*at)}, ec);
    if (at->protocol().family() == AF_INET6)
      a.set_option(asio::ip::v6_only{true}, ec);
    a.bind(*at, ec);
    if (ec)
      return listen_error(address, "bind", ec);
    a.listen(asio::socket_base::max_listen_connections, ec);
    if (ec)
      return listen_error(address, "listen", ec);
    listeners.push_back(std::make_shared<acceptor>(std::move(a)));
    return ok;
  }

  void run() {
    for (const auto& a : listeners)
      asio::co_spawn(where, accept_from(shared_from_this(), a), asio::detached);
    asio::co_spawn(where, tick(shared_from_this()), asio::detached);
  }

  /// Parameters keep what a coroutine needs; members of `this` would not.
  static task<> accept_from(std::shared_ptr<parts> self,
                            std::shared_ptr<acceptor> a) {
    while (a->is_open() && !self->home->stopping) {
      error_code ec;
      stream socket{self->where};
      endpoint from;
      co_await a->async_accept(socket, from,
                               asio::redirect_error(use_task, ec));
      if (!ec) {
        self->admit_client(std::move(socket), from);
      } else if (ec != asio::error::operation_aborted
                 && ec != asio::error::connection_aborted) {
        log::warn("agent.http", "Cannot accept a connection",
                  {{"error", ec.message()}});
        timer pause{self->where, accept_pause};
        co_await pause.async_wait(asio::redirect_error(use_task, ec));
      }
    }
  }

  void admit_client(stream socket, const endpoint& from) {
    const auto limited = is_tcp(from);
    auto client = limited ? tcp_of(from).address().to_string() : "";
    auto& count = home->per_client[client];
    const auto full =
      home->open.size() >= home->most.connections_max
      || (limited && count >= home->most.connections_per_client_max);
    if (full) {
      if (count == 0)
        home->per_client.erase(client);
      return; // The socket closes.
    }
    ++count;
    error_code ignored;
    if (limited)
      socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
    auto c =
      std::make_shared<connection>(std::move(socket), std::move(client), home);
    asio::co_spawn(where, serve(std::move(c)), asio::detached);
  }

  static task<> serve(std::shared_ptr<connection> c) { co_await c->run(); }

  /// Renews the time and ends connections that take too long.
  static task<> tick(std::shared_ptr<parts> self) {
    while (!self->abandoned
           && (!self->home->stopping || !self->home->open.empty())) {
      error_code ec;
      self->clock.expires_after(tick_interval);
      co_await self->clock.async_wait(asio::redirect_error(use_task, ec));
      self->refresh_time();
      self->for_each_open([](connection& c) { c.expire(); });
    }
  }

  void refresh_time() {
    home->now = std::chrono::steady_clock::now();
    home->date = http_date();
  }

  /// Closing one removes it from the set, possibly at once.
  template <class F>
  void for_each_open(F f) {
    std::vector<std::weak_ptr<connection>> all;
    for (auto* c : home->open)
      all.push_back(c->weak_from_this());
    for (const auto& c : all)
      if (const auto alive = c.lock())
        f(*alive);
  }

  void stop() {
    home->stopping = true;
    for (const auto& a : listeners) {
      error_code ignored;
      a->close(ignored);
    }
    for_each_open([](connection& c) { c.stop(); });
    clock.cancel();
  }

  executor where;
  std::shared_ptr<lobby> home;
  timer clock;
  std::vector<std::shared_ptr<acceptor>> listeners;
  /// Nobody owns the server any more.
  bool abandoned = false;
};

http_server::http_server(std::shared_ptr<parts> p) : parts_{std::move(p)} {}

http_server::~http_server() {
  parts_->abandoned = true;
  parts_->stop();
  parts_->for_each_open([](connection& c) { c.close(); });
}

result<std::unique_ptr<http_server>>
http_server::start(asio::io_context& io, backends& to, server_options options) {
  const auto addresses = options.addresses;
  auto p = std::make_shared<parts>(io, to, std::move(options));
  for (const auto& address : addresses)
    if (auto s = p->listen(address); !s)
      return s.error();
  p->run();
  return std::unique_ptr<http_server>{new http_server{std::move(p)}};
}

void http_server::stop() {
  parts_->stop();
}

std::vector<std::uint16_t> http_server::ports() const {
  std::vector<std::uint16_t> out;
  for (const auto& a : parts_->listeners) {
    error_code ignored;
    const auto at = a->local_endpoint(ignored);
    if (is_tcp(at))
      out.push_back(tcp_of(at).port());
  }
  return out;
}

std::size_t http_server::connections() const {
  return parts_->home->open.size();
}

} // namespace praetor::http
