#include "runtime/net/gossip_stream.hpp"

#include "runtime/net/dialer.hpp"
#include "runtime/net/url.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <utility>

namespace praetor::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// A frame's memory grows with what has come of it.
constexpr std::size_t chunk_bytes = std::size_t{64} << 10U;

constexpr auto no_key = "No installed keys could decrypt the message";

std::string reason_of(const error_code& code) {
  return code == asio::error::eof ? "EOF" : lower_message(code);
}

} // namespace

gossip_stream::gossip_stream(tcp::socket socket, gossip_stream_owner& owner,
                             gossip::stream_id id, gossip::endpoint peer)
  : owner_{&owner},
    id_{id},
    peer_{std::move(peer)},
    socket_{std::move(socket)},
    timer_{socket_.get_executor()} {}

void gossip_stream::start() {
  open_ = true;
  set_time_limit(owner_->limits().stream_max, "i/o timeout");
  asio::co_spawn(
    socket_.get_executor(),
    [me = shared_from_this()]() { return me->run(false); }, asio::detached);
}

void gossip_stream::connect() {
  set_time_limit(owner_->limits().connect_max,
                 "dial tcp " + join_host_port(peer_.address, peer_.port)
                   + ": i/o timeout");
  asio::co_spawn(
    socket_.get_executor(),
    [me = shared_from_this()]() { return me->run(true); }, asio::detached);
}

asio::awaitable<void> gossip_stream::run(bool connecting) {
  if (connecting) {
    const auto done =
      co_await dial(socket_, stopped_, peer_.address, peer_.port);
    if (stopped_)
      co_return;
    if (!done) {
      end(done.error().context);
      co_return;
    }
    open_ = true;
    if (owner_ != nullptr)
      set_time_limit(owner_->limits().stream_max, "i/o timeout");
    write_next();
  }
  const auto reason = co_await read_frames();
  end(reason);
}

// -- reading ------------------------------------------------------------------

/// Returns why it is over.
asio::awaitable<std::string> gossip_stream::read_frames() {
  while (owner_ != nullptr) {
    std::array<unsigned char, 4> head{};
    error_code code;
    co_await asio::async_read(socket_, asio::buffer(head),
                              asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return reason_of(code);
    const auto size = length_of(head);
    if (size == 0)
      co_return no_key;
    if (owner_ == nullptr)
      break;
    if (size > gossip_envelope::frame_bytes_max
        || (!own() && ++frames_ > owner_->limits().frames_per_stream_max)) {
      owner_->on_refused(peer_, false);
      co_return "a frame too long, or one too many";
    }
    auto reason = co_await read_frame(size);
    if (!reason.empty())
      co_return reason;
  }
  co_return "";
}

/// Returns why it is over; nothing if the frame came.
asio::awaitable<std::string> gossip_stream::read_frame(std::size_t size) {
  const auto room = owner_->frame_room();
  std::string bytes;
  while (bytes.size() < size) {
    const auto before = bytes.size();
    const auto more = std::min(chunk_bytes, size - before);
    if (!room->grow(more))
      co_return "too much is being received";
    bytes.resize(before + more);
    error_code code;
    co_await asio::async_read(socket_,
                              asio::buffer(bytes.data() + before, more),
                              asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return reason_of(code);
  }
  co_return take(std::move(bytes), room);
}

std::string gossip_stream::take(std::string bytes,
                                std::shared_ptr<byte_budget::share> room) {
  if (owner_ == nullptr)
    return "closed";
  auto plain = owner_->envelope().unwrap(bytes);
  if (!plain) {
    owner_->on_refused(peer_, true);
    if (!own())
      write_raw(with_length({}));
    return no_key;
  }
  owner_->on_frame({id_, peer_, std::move(*plain)}, std::move(room));
  return "";
}

// -- writing ------------------------------------------------------------------

void gossip_stream::write(std::string frame) {
  if (owner_ == nullptr)
    return;
  auto sealed = owner_->envelope().wrap(std::move(frame));
  if (sealed)
    write_raw(with_length(*sealed));
  else
    end(sealed.error().context);
}

void gossip_stream::write_raw(std::string bytes) {
  unsent_.push_back(std::move(bytes));
  if (open_ && unsent_.size() == 1)
    write_next();
}

void gossip_stream::write_next() {
  if (unsent_.empty()) {
    if (owner_ == nullptr)
      shut();
    return;
  }
  asio::async_write(socket_, asio::buffer(unsent_.front()),
                    [me = shared_from_this()](const error_code& code, auto) {
                      if (me->stopped_)
                        return;
                      if (code) {
                        me->unsent_.clear();
                        return me->end(reason_of(code));
                      }
                      me->unsent_.pop_front();
                      me->write_next();
                    });
}

// -- the end ------------------------------------------------------------------

void gossip_stream::set_time_limit(duration limit, std::string reason) {
  timer_.expires_after(
    std::chrono::duration_cast<asio::steady_timer::duration>(limit));
  timer_.async_wait([me = shared_from_this(),
                     reason = std::move(reason)](const error_code& code) {
    if (code)
      return;
    me->end(reason);
    me->shut();
  });
}

void gossip_stream::end(const std::string& reason) {
  if (auto* owner = std::exchange(owner_, nullptr))
    owner->on_end(id_, reason);
  if (unsent_.empty() || !open_)
    shut();
}

void gossip_stream::close() {
  owner_ = nullptr;
  if (unsent_.empty() || !open_)
    shut();
}

void gossip_stream::abort() {
  owner_ = nullptr;
  shut();
}

void gossip_stream::shut() {
  stopped_ = true;
  timer_.cancel();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

} // namespace praetor::net
