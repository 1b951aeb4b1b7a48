#include "runtime/net/peer_connection.hpp"

#include "runtime/net/dialer.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <limits>

namespace praetor::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Writes as much as the kernel takes; Asio's own limit is 64 KiB a call.
constexpr auto all_at_once = [](const error_code& code, std::size_t) {
  return code ? 0 : std::numeric_limits<std::size_t>::max();
};

/// Buffers that stay where they are; Asio copies what it is given.
struct gathered {
  using value_type = asio::const_buffer;
  using const_iterator = const asio::const_buffer*;

  const_iterator begin() const { return first; }
  const_iterator end() const { return last; }

  const_iterator first;
  const_iterator last;
};

time_point now() {
  return std::chrono::steady_clock::now();
}

error lost(std::string why) {
  return {errc::io_error, std::move(why)};
}

std::string milliseconds(duration x) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(x);
  return std::to_string(ms.count()) + " ms";
}

} // namespace

void peer_home::flush() {
  // Failing to write may end a connection, whose user may write elsewhere.
  while (!unwritten.empty())
    for (const auto& x : std::exchange(unwritten, {}))
      x->flush();
}

peer_connection::peer_connection(std::shared_ptr<peer_home> home,
                                 peer_connection_user& user)
  : home_{std::move(home)},
    user_{&user},
    socket_{home_->where},
    queue_{home_->limits},
    heard_{now()},
    used_{heard_} {}

peer_connection::~peer_connection() = default;

// -- its end
// -------------------------------------------------------------------------

void peer_connection::close() {
  user_ = nullptr;
  end();
}

void peer_connection::fail(const error& why) {
  if (closed_)
    return;
  const auto self = shared_from_this();
  auto* user = std::exchange(user_, nullptr);
  end();
  user->on_closed(why);
}

void peer_connection::end() {
  closed_ = true;
  ready_ = false;
  error_code ignored;
  socket_.close(ignored);
}

// -- writing
// -------------------------------------------------------------------------

bool peer_connection::send(lane where, outgoing_frame x) {
  if (closed_ || !queue_.push(where, std::move(x)))
    return false;
  mark_unwritten();
  return true;
}

void peer_connection::mark_unwritten() {
  if (std::exchange(unwritten_, true) || writing_ || !ready_)
    return;
  home_->unwritten.push_back(shared_from_this());
}

void peer_connection::flush() {
  unwritten_ = false;
  if (!ready_ || writing_ || queue_.empty())
    return;
  writing_ = true;
  writing_now_.clear();
  for (const auto x : queue_.begin_turn())
    writing_now_.emplace_back(x.data(), x.size());
  home_->counts.frames_sent.add(queue_.frames_taken() - frames_counted_);
  frames_counted_ = queue_.frames_taken();
  ++home_->counts.writes;
  write_began_ = used_ = now();
  home_->wake(write_began_ + home_->times.write_max);
  if (!wanted_.empty() && unconfirmed_ == time_point::max()) {
    unconfirmed_ = used_;
    home_->wake(unconfirmed_ + home_->times.ping_busy);
  }
  const gathered all{writing_now_.data(),
                     writing_now_.data() + writing_now_.size()};
  auto done = [self = shared_from_this()](const error_code& code,
                                          std::size_t n) {
    self->on_written(code, n);
  };
  if (tls_)
    asio::async_write(*tls_, all, all_at_once, std::move(done));
  else
    asio::async_write(socket_, all, all_at_once, std::move(done));
}

void peer_connection::on_written(const error_code& code, std::size_t n) {
  writing_ = suspected_ = false;
  queue_.end_turn();
  home_->counts.bytes_sent.add(n);
  if (code)
    fail(lost(lower_message(code)));
  else
    flush();
}

// -- reading
// -------------------------------------------------------------------------

void peer_connection::read_more() {
  reading_ = true;
  const auto room = reader_.room();
  const asio::mutable_buffer to{room.data(), room.size()};
  auto done = [self = shared_from_this()](const error_code& code,
                                          std::size_t n) {
    self->on_read(code, n);
  };
  if (tls_)
    tls_->async_read_some(to, std::move(done));
  else
    socket_.async_read_some(to, std::move(done));
}

void peer_connection::on_read(const error_code& code, std::size_t n) {
  reading_ = false;
  if (closed_)
    return;
  if (code)
    return fail(lost(code == asio::error::eof ? "the other side closed it"
                                              : lower_message(code)));
  heard_ = now();
  unconfirmed_ = pinged_ = time_point::max();
  suspected_ = false;
  home_->counts.bytes_received.add(n);
  reader_.add(n);
  take_frames();
  home_->flush();
}

void peer_connection::take_frames() {
  while (!paused_ && !closed_) {
    auto x = reader_.next();
    if (!x)
      break;
    ++home_->counts.frames_received;
    take_frame(std::move(*x));
  }
  if (closed_)
    return;
  if (!reader_.broken().empty()) {
    ++home_->counts.corrupt;
    return fail({errc::corruption, reader_.broken()});
  }
  if (!paused_ && !reading_)
    read_more();
}

void peer_connection::take_frame(frame x) {
  if (x.kind == frame_kind::ping)
    send(lane::urgent, {frame_kind::pong, x.id, {}, 0});
  else if (x.kind == frame_kind::refusal)
    fail({errc::rejected, "refused: " + printable(x.payload)});
  else if (x.kind != frame_kind::pong)
    user_->on_frame(std::move(x));
}

void peer_connection::resume() {
  if (std::exchange(paused_, false) && ready_)
    take_frames();
}

// -- time
// ----------------------------------------------------------------------------

/// This thread may have been asleep too; then a sign of life can be there
/// unread. So whoever is overdue has until the next step.
bool peer_connection::overdue(time_point when, time_point at) {
  return at >= when && std::exchange(suspected_, true);
}

time_point peer_connection::step(time_point at) {
  const auto& times = home_->times;
  if (closed_)
    return time_point::max();
  if (!ready_) {
    if (at < open_until_)
      return open_until_;
    fail({errc::timeout, too_late_});
    return time_point::max();
  }
  const auto stuck =
    writing_ ? write_began_ + times.write_max : time_point::max();
  if (overdue(stuck, at)) {
    fail(lost("the other side does not read"));
    return time_point::max();
  }
  if (!wanted_.empty())
    return std::min(stuck, step_as_dialer(at));
  // The dialer sends pings when it has nothing else.
  const auto silent = heard_ + 2 * times.ping_idle + times.pong_max;
  if (!overdue(silent, at))
    return std::min(stuck, silent);
  fail(lost("nothing came for " + milliseconds(at - heard_)));
  return time_point::max();
}

time_point peer_connection::step_as_dialer(time_point at) {
  const auto& times = home_->times;
  if (pinged_ != time_point::max()) {
    if (!overdue(pinged_ + times.pong_max, at))
      return pinged_ + times.pong_max;
    fail(lost("no sign of life for " + milliseconds(at - heard_)));
    return time_point::max();
  }
  if (waiting_ == 0 && at >= used_ + times.idle_max) {
    fail({errc::canceled, "nothing was sent on it for a while"});
    return time_point::max();
  }
  auto ping_at = heard_ + (waiting_ > 0 ? times.ping_waiting : times.ping_idle);
  if (unconfirmed_ != time_point::max())
    ping_at = std::min(ping_at, unconfirmed_ + times.ping_busy);
  if (at < ping_at)
    return waiting_ > 0 ? ping_at : std::min(ping_at, used_ + times.idle_max);
  const auto used = used_;
  pinged_ = at;
  send(lane::urgent, {frame_kind::ping, 0, {}, 0});
  flush();
  used_ = used;
  return pinged_ + times.pong_max;
}

} // namespace praetor::net
