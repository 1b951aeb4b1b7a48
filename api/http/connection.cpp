#include "api/http/connection.hpp"

#include "api/http/respond.hpp"
#include "runtime/base/text.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include <array>
#include <atomic>
#include <limits>

namespace praetor::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

/// How much of a refused body is thrown away before the connection ends.
constexpr std::size_t linger_bytes_max = 16 * 1024 * 1024;
constexpr duration linger_time_max = std::chrono::seconds{5};

/// Buffers of an idle connection are given back if larger than this.
constexpr std::size_t head_kept_max = 1024;

/// Writes as much as the kernel takes; Asio's own limit is 64 KiB a call.
constexpr auto all_at_once = [](const error_code& ec, std::size_t) {
  return ec ? 0 : std::numeric_limits<std::size_t>::max();
};

/// Room for the start of a request; most are shorter.
constexpr std::size_t read_ahead = 1024;

} // namespace

/// The way into a streamed response. Writers may be in any thread.
class connection::chunk_writer final : public body_stream {
public:
  chunk_writer(std::weak_ptr<connection> to, executor where)
    : to_{std::move(to)}, where_{where} {}

  void write(std::string bytes) override {
    if (closed_ || bytes.empty())
      return;
    asio::post(where_, [to = to_, bytes = std::move(bytes)]() mutable {
      if (const auto alive = to.lock())
        alive->push_chunk(std::move(bytes));
    });
  }

  bool closed() const override { return closed_; }

  void set_closed() { closed_ = true; }

private:
  std::weak_ptr<connection> to_;
  executor where_;
  std::atomic<bool> closed_{false};
};

connection::connection(stream socket, std::string client,
                       std::shared_ptr<lobby> home)
  : socket_{std::move(socket)},
    client_{std::move(client)},
    home_{std::move(home)} {
  home_->open.insert(this);
}

connection::~connection() {
  home_->open.erase(this);
  home_->counts->leave(client_);
  --home_->load;
}

// -- the life of a connection
// ---------------------------------------------------

task<> connection::run() {
  error_code ec;
  while (!home_->stopping) {
    if (buffer_.size() == 0) {
      idle_ = true;
      set_deadline(home_->most.idle_time_max);
      // Asio asks the kernel less for a read than for a wait and a read.
      buffer_.commit(co_await socket_.async_read_some(
        buffer_.prepare(read_ahead), asio::redirect_error(use_task, ec)));
      if (ec)
        break;
    }
    idle_ = false;
    if (!co_await serve_one())
      break;
  }
  hang_up();
  if (lingers_)
    co_await linger();
  close();
}

task<bool> connection::serve_one() {
  if (!co_await read_head())
    co_return false;
  take_head();
  if (rq_.header("host").empty() && !how_.old)
    co_return co_await refuse(
      plain(400, "400 Bad Request: missing required Host header"));
  const auto target = parser_->get().target();
  auto a = admit(home_->settings, home_->to.facts,
                 {target.data(), target.size()}, rq_);
  const auto keep_alive = how_.keep_alive;
  const auto old = how_.old;
  how_ = delivery_of(home_->settings, rq_, a.endpoint);
  how_.keep_alive = keep_alive;
  how_.old = old;
  if (a.refuse_body)
    co_return co_await refuse(std::move(a.answer));
  if (!co_await read_body())
    co_return false;
  co_return co_await answer_it(std::move(a));
}

task<bool> connection::read_head() {
  error_code ec;
  parser_.emplace();
  parser_->header_limit(home_->most.head_bytes_max);
  // Checked when the head is there; Beast would only fail.
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  set_deadline(home_->most.head_time_max);
  // Mostly all of it is there already.
  buffer_.consume(parser_->put(buffer_.data(), ec));
  if (ec == beast::http::error::need_more) {
    ec = {};
    co_await beast::http::async_read_header(socket_, buffer_, *parser_,
                                            asio::redirect_error(use_task, ec));
  }
  if (!ec)
    co_return true;
  if (ec == beast::http::error::header_limit
      || ec == beast::http::error::buffer_overflow)
    co_await refuse(plain(431, "431 Request Header Fields Too Large"));
  else if (ec != beast::http::error::end_of_stream
           && ec != beast::http::error::partial_message
           && ec.category()
                == make_error_code(beast::http::error::bad_method).category())
    co_await refuse(plain(400, "400 Bad Request"));
  co_return false;
}

void connection::take_head() {
  const auto& head = parser_->get();
  rq_.method = std::string{head.method_string()};
  for (const auto& field : head)
    rq_.headers.emplace_back(
      to_lower({field.name_string().data(), field.name_string().size()}),
      field.value());
  if (const auto length = parser_->content_length())
    rq_.content_length = *length;
  rq_.client = client_;
  how_.keep_alive = parser_->keep_alive();
  how_.old = head.version() < 11;
}

task<bool> connection::read_body() {
  const auto limit = home_->most.body_bytes_max;
  const auto too_large = [limit] {
    return plain(413, "Request body too large, max size: "
                        + std::to_string(limit) + " bytes.");
  };
  error_code ec;
  if (!parser_->is_done()) {
    if (rq_.content_length.value_or(0) > limit)
      co_return co_await refuse(too_large());
    if (equal_fold(rq_.header("expect"), "100-continue")) {
      set_deadline(home_->most.write_time_max);
      co_await asio::async_write(
        socket_, asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25),
        asio::redirect_error(use_task, ec));
    }
    parser_->body_limit(limit);
    set_deadline(home_->most.body_time_max);
    co_await beast::http::async_read(socket_, buffer_, *parser_,
                                     asio::redirect_error(use_task, ec));
  }
  if (ec == beast::http::error::body_limit)
    co_return co_await refuse(too_large());
  if (ec)
    co_return false;
  rq_.body = std::move(parser_->get().body());
  parser_.reset();
  co_return true;
}

task<bool> connection::answer_it(admission a) {
  if (a.to == nullptr)
    co_return co_await send(std::move(a.answer));
  call(*a.to);
  if (!answer_) {
    deadline_ = time_point::max();
    co_await sleep();
  }
  waiting_ = false;
  if (!answer_)
    co_return false;
  auto r = std::move(*answer_);
  answer_.reset();
  hangups_.clear();
  if (r.stream)
    co_return co_await send_stream(std::move(r));
  co_return co_await send(std::move(r));
}

// -- answers
// -----------------------------------------------------------------------

task<bool> connection::send(response r) {
  error_code ec;
  how_.keep_alive &= !home_->stopping;
  const auto body =
    encode_response(home_->settings, how_, home_->date, r, head_);
  const std::array parts{
    asio::const_buffer{head_.data(), head_.size()},
    asio::const_buffer{body ? body->data() : nullptr, body ? body->size() : 0}};
  set_deadline(home_->most.write_time_max);
  co_await asio::async_write(socket_, parts, all_at_once,
                             asio::redirect_error(use_task, ec));
  rq_ = {};
  if (head_.capacity() > head_kept_max)
    head_ = {};
  co_return !ec && how_.keep_alive;
}

task<bool> connection::send_stream(response r) {
  error_code ec;
  how_.keep_alive = false;
  encode_response(home_->settings, how_, home_->date, r, pending_chunks_);
  chunks_ =
    std::make_shared<chunk_writer>(weak_from_this(), socket_.get_executor());
  r.stream(chunks_);
  watch_hangup();
  while (!gone_ && !home_->stopping && !ec) {
    if (pending_chunks_.empty()) {
      deadline_ = time_point::max();
      co_await sleep();
      continue;
    }
    head_.swap(pending_chunks_);
    pending_chunks_.clear();
    set_deadline(home_->most.write_time_max);
    co_await asio::async_write(socket_, asio::buffer(head_),
                               asio::redirect_error(use_task, ec));
  }
  chunks_->set_closed();
  co_return false;
}

void connection::push_chunk(std::string bytes) {
  if (pending_chunks_.size() + bytes.size() > home_->most.stream_bytes_max)
    return;
  if (how_.old) {
    pending_chunks_ += bytes;
  } else {
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    pending_chunks_.append(size.data()).append(bytes).append("\r\n");
  }
  wake();
}

task<bool> connection::refuse(response r) {
  how_.keep_alive = false;
  lingers_ = true;
  co_await send(std::move(r));
  co_return false;
}

task<> connection::linger() {
  error_code ec;
  socket_.shutdown(stream::shutdown_send, ec);
  set_deadline(linger_time_max);
  std::array<char, 4096> scrap{};
  for (std::size_t read = 0; !ec && read < linger_bytes_max;)
    read += co_await socket_.async_read_some(
      asio::buffer(scrap), asio::redirect_error(use_task, ec));
}

// -- handlers
// ----------------------------------------------------------------------

void connection::call(const route& to) {
  const auto serial = ++serial_;
  waiting_ = true;
  to.answer(
    exchange{rq_, home_->to,
             [self = shared_from_this(), serial](response r) {
               self->take_answer(serial, std::move(r));
             },
             [self = shared_from_this(), serial](std::function<void()> f) {
               self->add_hangup(serial, std::move(f));
             }});
}

void connection::take_answer(std::uint64_t serial, response r) {
  if (serial != serial_ || !waiting_ || answer_)
    return;
  answer_ = std::move(r);
  wake();
}

void connection::add_hangup(std::uint64_t serial, std::function<void()> f) {
  if (serial != serial_ || !waiting_)
    return;
  hangups_.push_back(std::move(f));
  watch_hangup();
}

void connection::watch_hangup() {
  if (watching_ || buffer_.size() > 0)
    return;
  watching_ = true;
  // This may take long, and there may be thousands.
  buffer_ = {};
  socket_.async_wait(stream::wait_read,
                     [self = shared_from_this()](error_code ec) {
                       self->watching_ = false;
                       if (!ec)
                         self->on_readable();
                     });
}

void connection::on_readable() {
  if (!waiting_ && !chunks_)
    return;
  char next = 0;
  error_code ec;
  socket_.non_blocking(true, ec);
  const auto got =
    socket_.receive(asio::buffer(&next, 1), stream::message_peek, ec);
  if (ec == asio::error::would_block)
    watch_hangup();
  else if (ec || got == 0)
    hang_up();
  // Else the next request is there already; it can wait.
}

void connection::hang_up() {
  gone_ = true;
  waiting_ = false;
  if (chunks_)
    chunks_->set_closed();
  const auto calls = std::move(hangups_);
  hangups_.clear();
  for (const auto& f : calls)
    f();
  wake();
}

// -- sleeping, time
// ----------------------------------------------------------------

task<> connection::sleep() {
  return asio::async_initiate<const asio::use_awaitable_t<executor>&, void()>(
    [this](auto resumed) {
      using handler_type = std::decay_t<decltype(resumed)>;
      struct coroutine final : sleeper {
        explicit coroutine(handler_type&& f) : go_on{std::move(f)} {}
        void resume() override { go_on(); }
        handler_type go_on;
      };
      sleeper_ = std::make_unique<coroutine>(std::move(resumed));
    },
    use_task);
}

void connection::wake() {
  if (const auto s = std::move(sleeper_))
    s->resume();
}

void connection::set_deadline(duration from_now) {
  deadline_ = home_->now + from_now;
}

void connection::expire() {
  if (home_->now > deadline_)
    close();
}

void connection::stop() {
  if (idle_)
    close();
  else
    deadline_ = std::min(deadline_, home_->now + home_->most.stop_time_max);
}

void connection::close() {
  const auto alive = shared_from_this();
  error_code ignored;
  socket_.close(ignored);
  if (sleeper_)
    hang_up();
}

} // namespace praetor::http
