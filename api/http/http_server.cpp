#include "api/http/http_server.hpp"

#include "api/http/worker.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <thread>

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

/// How long to wait when the process has no file descriptors left.
constexpr duration accept_pause = std::chrono::milliseconds{100};
constexpr std::string_view unix_scheme = "unix://";

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

/// A thread of its own for a worker.
class worker_thread {
public:
  worker_thread(const server_options& options, std::size_t number,
                const limits& most, std::shared_ptr<client_counts> counts) {
    to_.post = [this](std::function<void()> f) {
      asio::post(io_, std::move(f));
    };
    to_.next_watch_id += number << watch_id_bits;
    options.connect(to_);
    it_ = std::make_shared<worker>(io_, to_, options.settings, most,
                                   std::move(counts));
    it_->run();
    thread_ = std::thread{[this] { io_.run(); }};
  }
  worker_thread(const worker_thread&) = delete;
  worker_thread& operator=(const worker_thread&) = delete;

  ~worker_thread() {
    end();
    it_->abandon();
  }

  void end() {
    io_.stop();
    if (thread_.joinable())
      thread_.join();
  }

  const std::shared_ptr<worker>& it() const { return it_; }

private:
  /// So many watches can each thread number before another's ids begin.
  static constexpr unsigned watch_id_bits = 48;

  backends to_;
  asio::io_context io_{1};
  asio::executor_work_guard<executor> open_{io_.get_executor()};
  std::shared_ptr<worker> it_;
  std::thread thread_;
};

} // namespace

struct http_server::parts : std::enable_shared_from_this<parts> {
  parts(asio::io_context& io, backends& to, const server_options& options)
    : where{io.get_executor()},
      connections_per_thread_min{options.connections_per_thread_min} {
    limits most;
    counts = std::make_shared<client_counts>(
      most.connections_max, options.connections_per_client_max);
    workers.push_back(
      std::make_shared<worker>(io, to, options.settings, most, counts));
    for (std::size_t i = 1; i < options.threads; ++i) {
      threads.push_back(
        std::make_unique<worker_thread>(options, i, most, counts));
      workers.push_back(threads.back()->it());
    }
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
    workers.front()->run();
  }

  /// Parameters keep what a coroutine needs; members of `this` would not.
  static task<> accept_from(std::shared_ptr<parts> self,
                            std::shared_ptr<acceptor> a) {
    while (a->is_open() && !self->stopping) {
      error_code ec;
      const auto to = self->next_worker();
      stream socket{to->where()};
      endpoint from;
      co_await a->async_accept(socket, from,
                               asio::redirect_error(use_task, ec));
      if (!ec) {
        self->admit_client(to, std::move(socket), from);
      } else if (ec != asio::error::operation_aborted
                 && ec != asio::error::connection_aborted) {
        log::warn("agent.http", "Cannot accept a connection",
                  {{"error", ec.message()}});
        timer pause{self->where, accept_pause};
        co_await pause.async_wait(asio::redirect_error(use_task, ec));
      }
    }
  }

  /// The first that has few connections, or else the one that has fewest.
  std::shared_ptr<worker> next_worker() const {
    auto best = workers.front();
    for (const auto& w : workers) {
      if (w->load() < connections_per_thread_min)
        return w;
      if (w->load() < best->load())
        best = w;
    }
    return best;
  }

  void admit_client(const std::shared_ptr<worker>& to, stream socket,
                    const endpoint& from) {
    auto client = is_tcp(from) ? tcp_of(from).address().to_string() : "";
    if (!counts->enter(client))
      return; // The socket closes.
    error_code ignored;
    if (is_tcp(from))
      socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
    to->serve(std::move(socket), std::move(client));
  }

  void stop() {
    stopping = true;
    for (const auto& a : listeners) {
      error_code ignored;
      a->close(ignored);
    }
    for (const auto& w : workers)
      asio::dispatch(w->where(), [w] { w->stop(); });
  }

  executor where;
  std::size_t connections_per_thread_min;
  std::shared_ptr<client_counts> counts;
  std::vector<std::unique_ptr<worker_thread>> threads;
  /// The first is the one of the server's own io_context.
  std::vector<std::shared_ptr<worker>> workers;
  std::vector<std::shared_ptr<acceptor>> listeners;
  bool stopping = false;
};

http_server::http_server(std::shared_ptr<parts> p) : parts_{std::move(p)} {}

http_server::~http_server() {
  parts_->stop();
  parts_->threads.clear();
  parts_->workers.front()->abandon();
}

result<std::unique_ptr<http_server>>
http_server::start(asio::io_context& io, backends& to, server_options options) {
  auto p = std::make_shared<parts>(io, to, options);
  for (const auto& address : options.addresses)
    if (auto s = p->listen(address); !s)
      return s.error();
  p->run();
  return std::unique_ptr<http_server>{new http_server{std::move(p)}};
}

void http_server::stop() {
  parts_->stop();
}

void http_server::end_threads() {
  for (const auto& t : parts_->threads)
    t->end();
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
  return parts_->counts->total();
}

} // namespace praetor::http
