#include "api/http/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/redirect_error.hpp>

#include <ctime>
#include <utility>

namespace praetor::http {
namespace {

using boost::system::error_code;

constexpr duration tick_interval = std::chrono::seconds{1};

std::string http_date() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  const auto size =
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

task<> serve_one(std::shared_ptr<connection> c) {
  co_await c->run();
}

} // namespace

worker::worker(asio::io_context& io, backends& to, site settings, limits most,
               std::shared_ptr<client_counts> counts)
  : where_{io.get_executor()},
    home_{std::make_shared<lobby>(to, std::move(settings), most,
                                  std::move(counts))},
    clock_{where_} {
  refresh_time();
}

void worker::run() {
  asio::co_spawn(where_, tick(shared_from_this()), asio::detached);
}

void worker::serve(stream socket, std::string client) {
  ++home_->load;
  asio::dispatch(where_, [me = shared_from_this(), socket = std::move(socket),
                          client = std::move(client)]() mutable {
    auto c = std::make_shared<connection>(std::move(socket), std::move(client),
                                          me->home_);
    asio::co_spawn(me->where_, serve_one(std::move(c)), asio::detached);
  });
}

/// Renews the time and ends connections that take too long.
task<> worker::tick(std::shared_ptr<worker> self) {
  while (!self->abandoned_
         && (!self->home_->stopping || !self->home_->open.empty())) {
    error_code ec;
    self->clock_.expires_after(tick_interval);
    co_await self->clock_.async_wait(asio::redirect_error(use_task, ec));
    self->refresh_time();
    self->for_each_open([](connection& c) { c.expire(); });
  }
}

void worker::refresh_time() {
  home_->now = std::chrono::steady_clock::now();
  home_->date = http_date();
}

/// Closing one removes it from the set, possibly at once.
template <class F>
void worker::for_each_open(F f) {
  std::vector<std::weak_ptr<connection>> all;
  for (auto* c : home_->open)
    all.push_back(c->weak_from_this());
  for (const auto& c : all)
    if (const auto alive = c.lock())
      f(*alive);
}

void worker::stop() {
  home_->stopping = true;
  for_each_open([](connection& c) { c.stop(); });
  clock_.cancel();
}

void worker::abandon() {
  abandoned_ = true;
  stop();
  for_each_open([](connection& c) { c.close(); });
}

} // namespace praetor::http
