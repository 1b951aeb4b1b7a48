#include "runtime/net/http_link.hpp"

#include "runtime/base/text.hpp"
#include "runtime/net/dialer.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <cctype>
#include <optional>

namespace praetor::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using raw_socket = asio::generic::stream_protocol::socket;

namespace {

constexpr std::uint32_t header_bytes_max = 64U << 10U;

error failed(std::string text) {
  return {errc::io_error, std::move(text)};
}

/// "GET" becomes "Get", as Go names operations in errors.
std::string operation(std::string method) {
  for (std::size_t i = 1; i < method.size(); ++i)
    method[i] =
      static_cast<char>(std::tolower(static_cast<unsigned char>(method[i])));
  return method;
}

std::string read_words(const error_code& code) {
  if (code == http::error::end_of_stream || code == asio::error::eof)
    return "EOF";
  if (code == http::error::partial_message
      || code == ssl::error::stream_truncated)
    return "unexpected EOF";
  if (code == http::error::body_limit)
    return "answer longer than " + std::to_string(link_answer_bytes_max)
           + " bytes";
  if (code.category() == make_error_code(http::error::bad_version).category())
    return "net/http: HTTP/1.x transport connection broken: malformed HTTP "
           "response";
  return "read: " + lower_message(code);
}

} // namespace

std::string http_server_address::origin() const {
  return (tls == nullptr ? "http://" : "https://") + authority;
}

class http_link::connection {
public:
  connection(asio::io_context& io, http_server_address where)
    : where_{std::move(where)}, socket_{io}, dialing_{io}, timer_{io} {}

  asio::awaitable<result<link_answer>> exchange(link_request what) {
    canceled_ = false;
    auto out = co_await attempt(what);
    if (!out && stale_ && !canceled_ && !late_)
      out = co_await attempt(what);
    timer_.cancel();
    if (out)
      co_return out;
    close();
    if (canceled_)
      co_return error{errc::canceled, "context canceled"};
    co_return error{out.error().code, operation(what.method) + " \""
                                        + where_.origin() + what.target
                                        + "\": " + out.error().context};
  }

  void cancel() {
    canceled_ = true;
    stop_ = true;
    close();
  }

private:
  /// One try. `stale_` says afterwards that a kept connection was dead before
  /// a byte of the answer came.
  asio::awaitable<result<link_answer>> attempt(const link_request& what) {
    const bool reused = open_;
    stale_ = late_ = stop_ = false;
    if (!open_) {
      if (auto good = co_await open(); !good)
        co_return good.error();
    }
    arm(what.time_max);
    // Not with `?:`, which GCC 12 gets wrong around a co_await.
    result<link_answer> out = link_answer{};
    if (secure_)
      out = co_await talk(*secure_, what);
    else
      out = co_await talk(socket_, what);
    if (!out && late_)
      co_return error{errc::timeout, "context deadline exceeded"};
    if (!out) {
      stale_ = reused && !answered_;
      close();
    }
    co_return out;
  }

  void arm(duration span) {
    late_ = false;
    timer_.expires_after(
      std::chrono::duration_cast<asio::steady_timer::duration>(span));
    timer_.async_wait([this](const error_code& code) {
      if (code)
        return;
      late_ = stop_ = true;
      close();
    });
  }

  void close() {
    open_ = false;
    error_code ignored;
    dialing_.close(ignored);
    socket_.close(ignored);
  }

  asio::awaitable<status> open() {
    secure_.reset();
    buffer_.clear();
    arm(where_.dial_time_max);
    status good = ok;
    if (where_.unix_path.empty())
      good = co_await dial_tcp();
    else
      good = co_await dial_unix();
    if (good && where_.tls != nullptr) {
      arm(where_.handshake_time_max);
      good = co_await shake_hands();
    }
    if (late_)
      co_return error{errc::timeout,
                      "dial tcp " + where_.authority + ": i/o timeout"};
    open_ = static_cast<bool>(good);
    co_return good;
  }

  asio::awaitable<status> dial_tcp() {
    auto good = co_await dial(dialing_, stop_, where_.host, where_.port);
    if (!good)
      co_return good;
    error_code ignored;
    dialing_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    dialing_.set_option(asio::socket_base::keep_alive{true}, ignored);
    socket_ = raw_socket{std::move(dialing_)};
    co_return ok;
  }

  asio::awaitable<status> dial_unix() {
    constexpr std::size_t path_bytes_max = 107; // sockaddr_un
    error_code code = asio::error::name_too_long;
    if (where_.unix_path.size() <= path_bytes_max)
      co_await socket_.async_connect(
        asio::local::stream_protocol::endpoint{where_.unix_path},
        asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return failed("dial unix " + where_.unix_path
                       + ": connect: " + lower_message(code));
    co_return ok;
  }

  asio::awaitable<status> shake_hands() {
    secure_.emplace(socket_, *where_.tls);
    const auto& name = where_.server_name;
    SSL_set_tlsext_host_name(secure_->native_handle(), name.c_str());
    if (!name.empty())
      secure_->set_verify_callback(ssl::host_name_verification{name});
    error_code code;
    co_await secure_->async_handshake(
      ssl::stream_base::client,
      asio::redirect_error(asio::use_awaitable, code));
    const auto verdict = SSL_get_verify_result(secure_->native_handle());
    if (code && verdict == X509_V_ERR_UNSPECIFIED) // the name's check failed
      co_return failed("x509: certificate is not valid for " + name);
    if (code && verdict != X509_V_OK)
      co_return failed(std::string{"x509: "}
                       + X509_verify_cert_error_string(verdict));
    if (code
        && code.message().find("wrong version number") != std::string::npos)
      co_return failed("http: server gave HTTP response to HTTPS client");
    if (code)
      co_return failed("tls: " + lower_message(code));
    co_return ok;
  }

  http::request<http::string_body> message(const link_request& what) const {
    http::request<http::string_body> out;
    out.method_string(what.method);
    out.target(what.target);
    out.version(11);
    out.set(http::field::host, where_.authority);
    out.set(http::field::user_agent, "praetor");
    if (!where_.keep_alive)
      out.set(http::field::connection, "close");
    for (const auto& [name, value] : where_.headers)
      out.set(name, value);
    out.body() = what.body;
    if (what.method != "GET")
      out.set(http::field::content_length, std::to_string(what.body.size()));
    return out;
  }

  template <class Stream>
  asio::awaitable<result<link_answer>> talk(Stream& stream,
                                            const link_request& what) {
    answered_ = false;
    error_code code;
    auto request = message(what);
    co_await http::async_write(stream, request,
                               asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return failed("write: " + lower_message(code));
    http::response_parser<http::string_body> parser;
    parser.header_limit(header_bytes_max);
    parser.body_limit(link_answer_bytes_max);
    co_await http::async_read(stream, buffer_, parser,
                              asio::redirect_error(asio::use_awaitable, code));
    answered_ = parser.is_header_done();
    if (code)
      co_return failed(read_words(code));
    auto answer = parser.release();
    if (!answer.keep_alive() || !where_.keep_alive)
      close();
    co_return read_answer(answer);
  }

  static link_answer read_answer(http::response<http::string_body>& x) {
    const auto number = [&x](const char* name) {
      const auto text = x[name];
      return parse_uint({text.data(), text.size()}).value_or(0);
    };
    constexpr std::uint64_t contact_ms_max = 1ULL << 40U;
    return {.status = static_cast<int>(x.result_int()),
            .body = std::move(x.body()),
            .index = number("X-Consul-Index"),
            .last_contact = std::chrono::milliseconds{
              std::min(number("X-Consul-LastContact"), contact_ms_max)}};
  }

  http_server_address where_;
  raw_socket socket_;
  asio::ip::tcp::socket dialing_;
  asio::steady_timer timer_;
  /// Speaks over `socket_`.
  std::optional<ssl::stream<raw_socket&>> secure_;
  boost::beast::flat_buffer buffer_;
  bool open_ = false;
  bool answered_ = false;
  bool stale_ = false;
  bool late_ = false;
  bool stop_ = false;
  bool canceled_ = false;
};

http_link::http_link(asio::io_context& io, http_server_address where)
  : connection_{std::make_unique<connection>(io, std::move(where))} {}

http_link::~http_link() = default;

asio::awaitable<result<link_answer>> http_link::exchange(link_request what) {
  return connection_->exchange(std::move(what));
}

void http_link::cancel() {
  connection_->cancel();
}

} // namespace praetor::net
