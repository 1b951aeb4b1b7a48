#include "runtime/template/exec_child.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>

namespace praetor::templates {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// For a child that hangs in the kernel.
constexpr duration kill_patience = std::chrono::seconds{5};

asio::awaitable<void> rest(asio::steady_timer& timer, duration span) {
  timer.expires_after(
    std::chrono::duration_cast<asio::steady_timer::duration>(span));
  error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

} // namespace

exec_child::exec_child(asio::io_context& io, exec_settings how,
                       variable_map variables, rng random,
                       std::function<void(int)> on_end)
  : io_{io},
    how_{std::move(how)},
    variables_{std::move(variables)},
    random_{random},
    on_end_{std::move(on_end)},
    splay_{io},
    gone_{io} {}

status exec_child::start() {
  log::info("child", "spawning: " + shown_command(how_.command));
  auto made = child::start(io_, order_of(how_.command, variables_));
  if (!made)
    return error{errc::io_error, "child: " + made.error().context};
  started_ = true;
  current_ = std::make_shared<child>(std::move(*made));
  asio::co_spawn(
    io_, [this, which = current_] { return follow(which); }, asio::detached);
  return ok;
}

asio::awaitable<void> exec_child::follow(std::shared_ptr<child> which) {
  const auto code = co_await which->wait();
  if (!code || which != current_)
    co_return;
  current_.reset();
  gone_.cancel();
  if (!stopping_)
    on_end_(*code);
}

asio::awaitable<void> exec_child::wait_for_splay() {
  if (how_.splay <= duration::zero())
    co_return;
  const auto span =
    duration{random_.below(static_cast<std::uint64_t>(how_.splay.count()))};
  log::debug("child", "waiting " + format_duration(span) + " for random splay");
  co_await rest(splay_, span);
}

asio::awaitable<status> exec_child::reload() {
  if (!running())
    co_return ok;
  co_await wait_for_splay();
  if (how_.reload_signal != 0) {
    log::info("child", "reloading process");
    send(how_.reload_signal);
    co_return ok;
  }
  log::info("child", "restarting process");
  co_await stop();
  co_return start();
}

asio::awaitable<void> exec_child::stop() {
  if (!running())
    co_return;
  log::info("child", "stopping process");
  stopping_ = true;
  send(how_.kill_signal == 0 ? SIGKILL : how_.kill_signal);
  co_await rest(gone_, how_.kill_timeout);
  if (running()) {
    log::debug("child", "waited " + format_duration(how_.kill_timeout)
                          + ", killing the process");
    send(SIGKILL);
    co_await rest(gone_, kill_patience);
  }
  current_.reset();
  stopping_ = false;
}

void exec_child::send(int signal) const {
  if (current_)
    current_->send(signal);
}

} // namespace praetor::templates
