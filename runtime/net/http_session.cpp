#include "runtime/net/http_session.hpp"

#include "runtime/net/dialer.hpp"
#include "runtime/net/url.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <cctype>
#include <deque>
#include <limits>
#include <optional>
#include <set>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it

namespace praetor::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using wire_socket = asio::generic::stream_protocol::socket;

namespace {

constexpr std::uint32_t header_bytes_max = 64U << 10U;
/// A whole list of services or containers; a stream has no limit.
constexpr std::uint64_t body_bytes_max = std::uint64_t{64} << 20U;
constexpr std::size_t requests_max = 10'000;
constexpr std::size_t socket_path_bytes_max = 107; // sockaddr_un
constexpr int status_ok = 200;

error failed(std::string text, errc code = errc::io_error) {
  return {code, std::move(text)};
}

/// "PUT" becomes "Put", as Go names operations in errors.
std::string operation(std::string method) {
  for (std::size_t i = 1; i < method.size(); ++i)
    method[i] =
      static_cast<char>(std::tolower(static_cast<unsigned char>(method[i])));
  return method;
}

/// One connection, plain or encrypted.
class connection {
public:
  explicit connection(asio::io_context& io) : raw{io} {}

  void close() {
    error_code ignored;
    raw.close(ignored);
  }

  wire_socket raw;
  std::unique_ptr<asio::ssl::stream<wire_socket&>> tls;
  boost::beast::flat_buffer buffer;
};

/// A span after which a connection is closed.
class limit {
public:
  limit(asio::io_context& io, duration span, std::shared_ptr<connection> what)
    : timer_{io}, passed_{std::make_shared<bool>(false)} {
    timer_.expires_after(
      std::chrono::duration_cast<asio::steady_timer::duration>(span));
    timer_.async_wait(
      [passed = passed_, what = std::move(what)](const error_code& code) {
        *passed = !code;
        if (!code)
          what->close();
      });
  }
  limit(const limit&) = delete;
  limit& operator=(const limit&) = delete;
  ~limit() { timer_.cancel(); }

  bool passed() const { return *passed_; }

private:
  asio::steady_timer timer_;
  std::shared_ptr<bool> passed_;
};

/// Owned by its users and by its coroutines.
class http_session final : public http_client,
                           public std::enable_shared_from_this<http_session> {
public:
  http_session(asio::io_context& io, http_place place,
               std::unique_ptr<asio::ssl::context> tls)
    : io_{io}, place_{std::move(place)}, tls_{std::move(tls)} {}

  void send(http_request what, reply<http_answer> to) override {
    asio::post(io_, [me = shared_from_this(), what = std::move(what),
                     to = std::move(to)]() mutable {
      if (me->stopped_ || me->waiting_.size() >= requests_max)
        return to.complete(
          me->stopped_ ? canceled()
                       : failed("too many requests wait", errc::overloaded));
      me->waiting_.emplace_back(std::move(what), std::move(to));
      if (!std::exchange(me->working_, true))
        asio::co_spawn(
          me->io_, [me]() { return me->work(); }, asio::detached);
    });
  }

  void follow(http_request what, std::function<void(std::string)> piece,
              reply<http_answer> to) override {
    asio::post(io_, [me = shared_from_this(), what = std::move(what),
                     piece = std::move(piece), to = std::move(to)]() mutable {
      if (me->stopped_)
        return to.complete(canceled());
      asio::co_spawn(
        me->io_,
        [me, what = std::move(what), piece = std::move(piece),
         to = std::move(to)]() mutable {
          return me->stream(std::move(what), std::move(piece), std::move(to));
        },
        asio::detached);
    });
  }

  void stop() override {
    asio::post(io_, [me = shared_from_this()] {
      me->stopped_ = true;
      for (auto& [what, to] : std::exchange(me->waiting_, {}))
        to.complete(canceled());
      for (const auto& x : me->open_)
        x->close();
    });
  }

private:
  static error canceled() { return failed("context canceled", errc::canceled); }

  // -- requests, one after the other
  // --------------------------------------------

  asio::awaitable<void> work() {
    // `this` lives as long as the coroutine: its lambda holds it.
    while (!waiting_.empty()) {
      auto [what, to] = std::move(waiting_.front());
      waiting_.pop_front();
      auto answer = co_await ask(what);
      to.complete(stopped_ ? result<http_answer>{canceled()}
                           : named(what, std::move(answer)));
    }
    working_ = false;
  }

  result<http_answer> named(const http_request& what,
                            result<http_answer> answer) const {
    if (answer)
      return answer;
    const auto& why = answer.error();
    return failed(operation(what.method) + " \"" + base() + what.target
                    + "\": " + why.context,
                  why.code);
  }

  std::string authority() const {
    return place_.socket_path.empty() ? join_host_port(place_.host, place_.port)
                                      : "localhost";
  }

  std::string base() const {
    return (place_.tls ? "https://" : "http://") + authority();
  }

  /// A kept connection may have died meanwhile: then once more, on a new one.
  asio::awaitable<result<http_answer>> ask(const http_request& what) {
    const auto again = kept_ != nullptr;
    auto answer = co_await ask_once(what);
    if (!answer && again && answer.error().code == errc::io_error && !stopped_)
      answer = co_await ask_once(what);
    co_return answer;
  }

  asio::awaitable<result<http_answer>> ask_once(const http_request& what) {
    auto wire = std::exchange(kept_, nullptr);
    const auto fresh = wire == nullptr;
    if (fresh)
      wire = std::make_shared<connection>(io_);
    open_.insert(wire);
    limit time{io_, place_.time_limit, wire};
    result<http_answer> answer{failed("")};
    auto connected = status{ok};
    if (fresh)
      connected = co_await connect(*wire);
    auto keep = false;
    if (!connected)
      answer = connected.error();
    else if (wire->tls)
      answer = co_await exchange(*wire, *wire->tls, what, keep);
    else
      answer = co_await exchange(*wire, wire->raw, what, keep);
    open_.erase(wire);
    if (time.passed())
      co_return failed("context deadline exceeded", errc::timeout);
    if (answer && keep && !stopped_)
      kept_ = std::move(wire);
    co_return answer;
  }

  template <class Stream>
  asio::awaitable<result<http_answer>>
  exchange(connection& wire, Stream& stream, const http_request& what,
           bool& keep) {
    auto request = message(what, true);
    error_code code;
    co_await http::async_write(stream, request,
                               asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return failed(words(code));
    http::response_parser<http::string_body> parser;
    parser.header_limit(header_bytes_max);
    parser.body_limit(body_bytes_max);
    co_await http::async_read(stream, wire.buffer, parser,
                              asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return failed(words(code));
    keep = parser.get().keep_alive();
    co_return http_answer{static_cast<int>(parser.get().result_int()),
                          std::move(parser.get().body())};
  }

  // -- streams
  // --------------------------------------------------------------------

  asio::awaitable<void> stream(http_request what,
                               std::function<void(std::string)> piece,
                               reply<http_answer> to) {
    const auto wire = std::make_shared<connection>(io_);
    open_.insert(wire);
    result<http_answer> answer{failed("")};
    auto connected = co_await connect(*wire);
    if (!connected)
      answer = connected.error();
    else if (wire->tls)
      answer = co_await read_stream(*wire, *wire->tls, what, piece);
    else
      answer = co_await read_stream(*wire, wire->raw, what, piece);
    open_.erase(wire);
    to.complete(stopped_ ? result<http_answer>{canceled()}
                         : named(what, std::move(answer)));
  }

  template <class Stream>
  asio::awaitable<result<http_answer>>
  read_stream(connection& wire, Stream& stream, const http_request& what,
              const std::function<void(std::string)>& piece) {
    auto request = message(what, false);
    error_code code;
    co_await http::async_write(stream, request,
                               asio::redirect_error(asio::use_awaitable, code));
    http::response_parser<http::buffer_body> parser;
    parser.header_limit(header_bytes_max);
    // Boost 1.74 takes boost::none for a limit of zero.
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    if (!code)
      co_await http::async_read_header(
        stream, wire.buffer, parser,
        asio::redirect_error(asio::use_awaitable, code));
    // The parser may have gone on into the body, for which it has no room yet.
    if (code && !parser.is_header_done())
      co_return failed(words(code));
    http_answer out{static_cast<int>(parser.get().result_int()), {}};
    while (!parser.is_done()) {
      std::array<char, 16384> room{};
      parser.get().body() = {room.data(), room.size(), true};
      co_await http::async_read_some(
        stream, wire.buffer, parser,
        asio::redirect_error(asio::use_awaitable, code));
      const std::string_view got{room.data(),
                                 room.size() - parser.get().body().size};
      if (out.status == status_ok && !got.empty())
        piece(std::string{got});
      else if (out.body.size() < header_bytes_max)
        out.body.append(got);
      if (code && code != http::error::need_buffer)
        co_return failed(words(code));
    }
    co_return out;
  }

  // -- connections
  // ------------------------------------------------------------------

  http::request<http::string_body> message(const http_request& what,
                                           bool keep) const {
    http::request<http::string_body> out;
    out.version(11);
    out.method_string(what.method);
    out.target(what.target);
    out.set(http::field::host, authority());
    out.set(http::field::user_agent, "praetor");
    out.keep_alive(keep);
    for (const auto* headers : {&place_.headers, &what.headers})
      for (const auto& [name, value] : *headers)
        out.set(name, value);
    out.body() = what.body;
    if (what.method != "GET" || !what.body.empty())
      out.set(http::field::content_length, std::to_string(what.body.size()));
    return out;
  }

  asio::awaitable<status> connect(connection& to) {
    auto done = status{ok};
    if (place_.socket_path.empty())
      done = co_await dial_tcp(to);
    else
      done = co_await dial_unix(to);
    if (!done || !tls_)
      co_return done;
    co_return co_await shake_hands(to);
  }

  asio::awaitable<status> dial_tcp(connection& to) {
    tcp::socket socket{io_};
    auto done = co_await dial(socket, stopped_, place_.host, place_.port);
    if (!done)
      co_return done;
    error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    socket.set_option(asio::socket_base::keep_alive{true}, ignored);
    to.raw = std::move(socket);
    co_return ok;
  }

  asio::awaitable<status> dial_unix(connection& to) {
    error_code code = asio::error::name_too_long;
    if (place_.socket_path.size() <= socket_path_bytes_max)
      co_await to.raw.async_connect(
        asio::local::stream_protocol::endpoint{place_.socket_path},
        asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return failed("dial unix " + place_.socket_path
                       + ": connect: " + lower_message(code));
    co_return ok;
  }

  asio::awaitable<status> shake_hands(connection& to) {
    to.tls = std::make_unique<asio::ssl::stream<wire_socket&>>(to.raw, *tls_);
    SSL_set_tlsext_host_name(to.tls->native_handle(), place_.host.c_str());
    if (place_.files.verify)
      to.tls->set_verify_callback(
        asio::ssl::host_name_verification{place_.host});
    error_code code;
    co_await to.tls->async_handshake(
      asio::ssl::stream_base::client,
      asio::redirect_error(asio::use_awaitable, code));
    if (!code)
      co_return ok;
    const auto verdict = SSL_get_verify_result(to.tls->native_handle());
    if (verdict == X509_V_ERR_UNSPECIFIED) // the name's check failed
      co_return failed("x509: certificate is not valid for " + place_.host);
    if (verdict != X509_V_OK)
      co_return failed(std::string{"x509: "}
                       + X509_verify_cert_error_string(verdict));
    co_return failed("tls: " + lower_message(code));
  }

  static std::string words(const error_code& code) {
    if (code == http::error::end_of_stream || code == asio::error::eof)
      return "EOF";
    if (code == http::error::partial_message
        || code == asio::ssl::error::stream_truncated)
      return "unexpected EOF";
    return lower_message(code);
  }

  asio::io_context& io_;
  http_place place_;
  std::unique_ptr<asio::ssl::context> tls_;
  std::deque<std::pair<http_request, reply<http_answer>>> waiting_;
  /// The connection between two requests.
  std::shared_ptr<connection> kept_;
  /// Those in use, for stop().
  std::set<std::shared_ptr<connection>> open_;
  bool working_ = false;
  bool stopped_ = false;
};

result<std::unique_ptr<asio::ssl::context>>
make_context(const tls_files& files) {
  auto out =
    std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  error_code code;
  if (files.ca.empty())
    out->set_default_verify_paths(code);
  else
    out->load_verify_file(files.ca, code);
  if (code)
    return failed("open " + files.ca + ": " + lower_message(code));
  out->set_verify_mode(
    files.verify ? asio::ssl::verify_peer : asio::ssl::verify_none, code);
  if (files.cert.empty() != files.key.empty())
    return failed("a client needs both a certificate and its key");
  if (files.cert.empty())
    return out;
  out->use_certificate_chain_file(files.cert, code);
  if (code)
    return failed("open " + files.cert + ": " + lower_message(code));
  out->use_private_key_file(files.key, asio::ssl::context::pem, code);
  if (code)
    return failed("open " + files.key + ": " + lower_message(code));
  return out;
}

} // namespace

result<std::shared_ptr<http_client>> make_http_session(asio::io_context& io,
                                                       http_place place) {
  std::unique_ptr<asio::ssl::context> tls;
  if (place.tls) {
    auto made = make_context(place.files);
    if (!made)
      return made.error();
    tls = std::move(*made);
  }
  return std::shared_ptr<http_client>{
    std::make_shared<http_session>(io, std::move(place), std::move(tls))};
}

} // namespace praetor::net
