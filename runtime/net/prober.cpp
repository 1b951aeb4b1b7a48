#include "runtime/net/prober.hpp"

#include "runtime/net/dialer.hpp"
#include "runtime/net/http_check.hpp"
#include "runtime/net/script_runner.hpp"
#include "runtime/net/url.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it

namespace praetor::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// A connection under way. Kept alive by its coroutine and its timer.
class tcp_check : public std::enable_shared_from_this<tcp_check> {
public:
  tcp_check(asio::io_context& io, health::tcp_probe what,
            reply<std::monostate> to)
    : what_{std::move(what)}, to_{std::move(to)}, socket_{io}, timer_{io} {}

  void start() {
    timer_.expires_after(
      std::chrono::duration_cast<asio::steady_timer::duration>(what_.timeout));
    timer_.async_wait([me = shared_from_this()](const error_code& code) {
      if (!code)
        me->finish(error{errc::io_error,
                         "dial tcp " + me->what_.address + ": i/o timeout"});
    });
    asio::co_spawn(
      socket_.get_executor(), [me = shared_from_this()]() { return me->run(); },
      asio::detached);
  }

  void finish(const status& outcome) {
    to_.complete(outcome);
    stopped_ = true;
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

private:
  // `this` lives as long as the coroutine: its lambda holds it.
  asio::awaitable<void> run() {
    auto outcome = co_await connect();
    if (!stopped_)
      finish(outcome);
  }

  asio::awaitable<status> connect() {
    const auto parts = split_host_port(what_.address);
    if (!parts)
      co_return error{errc::io_error, "dial tcp: " + parts.error().context};
    const auto port = parse_port(parts->port);
    if (!port)
      co_return error{errc::io_error, "dial tcp: " + port.error().context};
    co_return co_await dial(socket_, stopped_, parts->host, *port);
  }

  health::tcp_probe what_;
  reply<std::monostate> to_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  bool stopped_ = false;
};

/// Owned by its users and by probes under way, which end before `io` does.
class asio_prober : public health::prober,
                    public std::enable_shared_from_this<asio_prober> {
public:
  explicit asio_prober(asio::io_context& io) : io_{io} {}

  void http(std::uint64_t id, health::http_probe what,
            reply<health::http_outcome> to) override {
    asio::post(io_, [me = shared_from_this(), id, what = std::move(what),
                     to = std::move(to)]() mutable {
      me->under_way_[id] = {};
      me->remember(id, start_http_check(me->io_, me->tls_, std::move(what),
                                        me->forgetting(id, std::move(to))));
    });
  }

  void tcp(std::uint64_t id, health::tcp_probe what,
           reply<std::monostate> to) override {
    asio::post(io_, [me = shared_from_this(), id, what = std::move(what),
                     to = std::move(to)]() mutable {
      me->under_way_[id] = {};
      const auto x = std::make_shared<tcp_check>(
        me->io_, std::move(what), me->forgetting(id, std::move(to)));
      x->start();
      me->remember(id, [weak = std::weak_ptr{x}] {
        if (const auto y = weak.lock())
          y->finish(error{errc::canceled, "the check was canceled"});
      });
    });
  }

  void script(std::uint64_t id, health::script_probe what,
              reply<health::script_outcome> to) override {
    asio::post(io_, [me = shared_from_this(), id, what = std::move(what),
                     to = std::move(to)]() mutable {
      me->run_script(id, std::move(what), std::move(to));
    });
  }

  void cancel(std::uint64_t id) override {
    asio::post(io_, [me = shared_from_this(), id] {
      const auto i = me->under_way_.find(id);
      if (i == me->under_way_.end())
        return;
      const auto stop = std::move(i->second);
      me->under_way_.erase(i);
      stop();
    });
  }

private:
  void run_script(std::uint64_t id, health::script_probe what,
                  reply<health::script_outcome> to) {
    command x;
    x.args = std::move(what.args);
    x.timeout = what.timeout;
    x.output_max = what.output_max;
    under_way_[id] = {};
    auto done = forgetting(id, std::move(to));
    const auto running = run_command(
      io_, std::move(x),
      reply<command_outcome>{[done](const result<command_outcome>& y) {
        if (!y)
          return done.complete(y.error());
        done.complete(health::script_outcome{y->timed_out, y->exit_code,
                                             y->output, y->output_size});
      }});
    remember(id, [running] { running.cancel(); });
  }

  /// A probe that failed at once is over before it can be canceled.
  void remember(std::uint64_t id, std::function<void()> stop) {
    const auto i = under_way_.find(id);
    if (i != under_way_.end())
      i->second = std::move(stop);
  }

  /// A reply that also takes the probe out of the books.
  template <class T>
  reply<T> forgetting(std::uint64_t id, reply<T> to) {
    return reply<T>{[me = shared_from_this(), id, to](result<T> x) {
      me->under_way_.erase(id);
      to.complete(std::move(x));
    }};
  }

  asio::io_context& io_;
  tls_clients tls_;
  /// What cancels each probe.
  std::map<std::uint64_t, std::function<void()>> under_way_;
};

} // namespace

std::shared_ptr<health::prober> make_prober(asio::io_context& io) {
  return std::make_shared<asio_prober>(io);
}

} // namespace praetor::net
