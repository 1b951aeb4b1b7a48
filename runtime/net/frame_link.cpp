#include "runtime/net/frame_link.hpp"

#include "runtime/net/dialer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <deque>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it

namespace praetor::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t frame_bytes_max = std::size_t{4} << 20U;
constexpr std::size_t length_bytes = 4;

error failed(std::string text, errc code = errc::io_error) {
  return {code, std::move(text)};
}

asio::steady_timer::duration ticks(duration x) {
  return std::chrono::duration_cast<asio::steady_timer::duration>(x);
}

std::string with_length(const std::string& frame) {
  std::string out;
  for (auto shift = 24U; shift < 32U; shift -= 8U)
    out.push_back(static_cast<char>((frame.size() >> shift) & 0xFFU));
  return out + frame;
}

/// Owned by its users and by its coroutine.
class frame_link final : public frame_client,
                         public std::enable_shared_from_this<frame_link> {
public:
  frame_link(asio::io_context& io, frame_place place)
    : io_{io}, place_{std::move(place)}, socket_{io}, limit_{io}, idle_{io} {}

  void ask(std::string frame, reply<std::string> to) override {
    asio::post(io_, [me = shared_from_this(), frame = std::move(frame),
                     to = std::move(to)]() mutable {
      if (me->stopped_)
        return to.complete(failed("context canceled", errc::canceled));
      me->waiting_.emplace_back(std::move(frame), std::move(to));
      me->idle_.cancel();
      if (!std::exchange(me->working_, true))
        asio::co_spawn(
          me->io_, [me]() { return me->work(); }, asio::detached);
    });
  }

  void stop() override {
    asio::post(io_, [me = shared_from_this()] {
      me->stopped_ = true;
      me->idle_.cancel();
      me->drop();
      for (auto& [frame, to] : std::exchange(me->waiting_, {}))
        to.complete(failed("context canceled", errc::canceled));
    });
  }

private:
  // `this` lives as long as the coroutine: its lambda holds it.
  asio::awaitable<void> work() {
    while (!stopped_) {
      if (waiting_.empty()) {
        co_await rest();
        continue;
      }
      auto [frame, to] = std::move(waiting_.front());
      waiting_.pop_front();
      if (std::exchange(lost_, false)) {
        to.complete(failed("the session was lost"));
        continue;
      }
      auto ready = co_await open();
      if (!ready) {
        to.complete(ready.error());
        continue;
      }
      to.complete(co_await exchange(frame));
    }
  }

  /// Waits for work; meanwhile gives signs of life.
  asio::awaitable<void> rest() {
    error_code code;
    idle_.expires_after(ticks(place_.idle_every));
    co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, code));
    if (code || !open_ || !waiting_.empty() || stopped_)
      co_return;
    const auto alive = co_await exchange(place_.idle);
    if (!alive)
      lost_ = true;
  }

  asio::awaitable<status> open() {
    if (open_)
      co_return ok;
    drop();
    auto done = co_await dial(socket_, stopped_, place_.host, place_.port);
    if (!done)
      co_return done;
    error_code ignored;
    socket_.set_option(tcp::no_delay{true}, ignored);
    open_ = true;
    const auto welcome = co_await exchange(place_.greeting);
    if (!welcome)
      co_return welcome.error();
    if (!welcome->empty())
      co_return ok;
    drop();
    co_return failed("the server does not answer the greeting");
  }

  asio::awaitable<result<std::string>> exchange(const std::string& frame) {
    limit_.expires_after(ticks(place_.time_limit));
    limit_.async_wait([weak = weak_from_this()](const error_code& code) {
      if (const auto me = weak.lock(); me && !code)
        me->drop();
    });
    auto answer = co_await write_and_read(frame);
    limit_.cancel();
    if (!answer)
      drop();
    co_return answer;
  }

  asio::awaitable<result<std::string>> write_and_read(std::string frame) {
    const auto bytes = with_length(frame);
    error_code code;
    co_await asio::async_write(socket_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, code));
    std::array<unsigned char, length_bytes> head{};
    if (!code)
      co_await asio::async_read(
        socket_, asio::buffer(head),
        asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return failed(lower_message(code));
    std::size_t size = 0;
    for (const auto byte : head)
      size = (size << 8U) | byte;
    if (size > frame_bytes_max)
      co_return failed("the server sent a frame that is too long");
    std::string out(size, '\0');
    co_await asio::async_read(socket_, asio::buffer(out),
                              asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return failed(lower_message(code));
    co_return out;
  }

  void drop() {
    open_ = false;
    error_code ignored;
    socket_.close(ignored);
  }

  asio::io_context& io_;
  frame_place place_;
  tcp::socket socket_;
  asio::steady_timer limit_;
  asio::steady_timer idle_;
  std::deque<std::pair<std::string, reply<std::string>>> waiting_;
  bool open_ = false;
  /// The connection broke while nobody waited for an answer.
  bool lost_ = false;
  bool working_ = false;
  bool stopped_ = false;
};

} // namespace

std::shared_ptr<frame_client> make_frame_link(asio::io_context& io,
                                              frame_place place) {
  return std::make_shared<frame_link>(io, std::move(place));
}

} // namespace praetor::net
