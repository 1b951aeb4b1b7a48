#include "runtime/net/http_check.hpp"

#include "runtime/base/text.hpp"
#include "runtime/net/dialer.hpp"
#include "runtime/net/last_bytes.hpp"
#include "runtime/net/url.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <cctype>
#include <memory>
#include <optional>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it

namespace praetor::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Source: Go, net/http defaultCheckRedirect.
constexpr int redirects_max = 10;

/// Far more than any server sends, and little enough for hostile ones.
constexpr std::uint32_t header_bytes_max = 256 * 1024;

/// What went wrong inside one exchange; without the request's name.
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

bool is_token(std::string_view text) {
  static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  for (const auto c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0
        && others.find(c) == others.npos)
      return false;
  return !text.empty();
}

bool is_field_value(std::string_view text) {
  for (const auto c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F)
      return false;
  }
  return true;
}

/// How Go spells header names.
std::string canonical(std::string name) {
  auto upper = true;
  for (auto& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    c = static_cast<char>(upper ? std::toupper(byte) : std::tolower(byte));
    upper = c == '-';
  }
  return name;
}

bool is_redirect(int status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

std::string verify_text(long code, const std::string& host) {
  switch (code) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "x509: certificate signed by unknown authority";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "x509: certificate has expired or is not yet valid";
    case X509_V_OK:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_APPLICATION_VERIFICATION:
      return "x509: certificate is not valid for " + host;
    default: return std::string{"x509: "} + X509_verify_cert_error_string(code);
  }
}

/// One answer, without its body.
struct exchange {
  int status = 0;
  std::string reason;
  std::optional<std::string> location;
};

} // namespace

tls_clients::tls_clients()
  : verifying{asio::ssl::context::tls_client},
    trusting{asio::ssl::context::tls_client} {
  error_code ignored; // without certificates nothing verifies
  verifying.set_default_verify_paths(ignored);
  verifying.set_verify_mode(asio::ssl::verify_peer);
  trusting.set_verify_mode(asio::ssl::verify_none);
}

namespace {

/// A request under way. Kept alive by its coroutine and its timer.
class http_check : public std::enable_shared_from_this<http_check> {
public:
  http_check(asio::io_context& io, tls_clients& tls, health::http_probe what,
             reply<health::http_outcome> to)
    : tls_{tls},
      what_{std::move(what)},
      to_{std::move(to)},
      socket_{io},
      timer_{io},
      body_{what_.body_max},
      url_text_{what_.url},
      method_{what_.method} {}

  void start() {
    timer_.expires_after(
      std::chrono::duration_cast<asio::steady_timer::duration>(what_.timeout));
    timer_.async_wait([me = shared_from_this()](const error_code& code) {
      if (!code)
        me->on_time_up();
    });
    asio::co_spawn(
      socket_.get_executor(), [me = shared_from_this()]() { return me->run(); },
      asio::detached);
  }

  void cancel() {
    to_.complete(error{errc::canceled, "the check was canceled"});
    stop();
  }

private:
  void stop() {
    stopped_ = true;
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  /// A body that does not end is cut; its status counts.
  void on_time_up() {
    if (answer_)
      succeed();
    else
      fail(failed("context deadline exceeded (Client.Timeout exceeded while "
                  "awaiting headers)"));
    stop();
  }

  void succeed() {
    to_.complete(
      health::http_outcome{answer_->status, answer_->reason, body_.text()});
  }

  void fail(const error& why) {
    to_.complete(error{errc::io_error, operation(method_) + " \"" + url_text_
                                         + "\": " + why.context});
  }

  // `this` lives as long as the coroutine: its lambda holds it.
  asio::awaitable<void> run() {
    const auto outcome = co_await follow();
    if (stopped_)
      co_return;
    if (outcome)
      succeed();
    else
      fail(outcome.error());
    stop();
  }

  asio::awaitable<status> follow() {
    for (auto count = 1;; ++count) {
      auto target = parse_url(url_text_);
      if (!target)
        co_return target.error();
      auto good = co_await hop(*target);
      if (!good)
        co_return good;
      if (!is_redirect(seen_.status) || !seen_.location)
        co_return ok;
      url_text_ = *seen_.location;
      if (seen_.status <= 303) {
        method_ = method_ == "HEAD" ? "HEAD" : "GET";
        what_.body.clear();
      }
      if (count == redirects_max)
        co_return failed("stopped after 10 redirects");
      redirect(*target);
    }
  }

  /// Credentials do not go to other hosts.
  void redirect(const url& from) {
    const auto next = resolve_url(from, url_text_);
    const auto absolute = next == url_text_;
    url_text_ = next;
    if (absolute)
      what_.header.erase("Host");
    const auto to = parse_url(next);
    if (to && to->host == from.host)
      return;
    for (const auto* name : {"Authorization", "Cookie", "Www-Authenticate"})
      std::erase_if(what_.header, [name](const auto& x) {
        return equal_fold(x.first, name);
      });
  }

  asio::awaitable<status> hop(const url& target) {
    auto request = make_request(target);
    if (!request)
      co_return request.error();
    auto good = co_await dial(socket_, stopped_, target.host, target.port);
    if (!good)
      co_return good;
    if (target.scheme == "http")
      co_return co_await talk(socket_, *request);
    auto& context = what_.tls_skip_verify ? tls_.trusting : tls_.verifying;
    asio::ssl::stream<tcp::socket&> stream{socket_, context};
    good = co_await shake_hands(stream, target);
    if (!good)
      co_return good;
    co_return co_await talk(stream, *request);
  }

  asio::awaitable<status> shake_hands(asio::ssl::stream<tcp::socket&>& stream,
                                      const url& target) {
    SSL_set_tlsext_host_name(stream.native_handle(), target.host.c_str());
    if (!what_.tls_skip_verify)
      stream.set_verify_callback(
        asio::ssl::host_name_verification{target.host});
    error_code code;
    co_await stream.async_handshake(
      asio::ssl::stream_base::client,
      asio::redirect_error(asio::use_awaitable, code));
    if (!code)
      co_return ok;
    if (code.category() != asio::error::get_ssl_category())
      co_return failed(read_text(code));
    const auto reason =
      ERR_GET_REASON(static_cast<unsigned long>(code.value()));
    if (reason == SSL_R_WRONG_VERSION_NUMBER)
      co_return failed("http: server gave HTTP response to HTTPS client");
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
      co_return failed(verify_text(
        SSL_get_verify_result(stream.native_handle()), target.host));
    co_return failed("remote error: tls: " + lower_message(code));
  }

  result<http::request<http::string_body>>
  make_request(const url& target) const {
    if (!is_token(method_))
      return failed("net/http: invalid method \"" + method_ + "\"");
    http::request<http::string_body> out;
    out.version(11);
    out.method_string(method_);
    out.target(target.target);
    out.set(http::field::host, target.authority);
    out.set(http::field::user_agent, "Consul Health Check");
    out.body() = what_.body;
    const auto always_sized =
      method_ == "POST" || method_ == "PUT" || method_ == "PATCH";
    if (!what_.body.empty() || always_sized)
      out.set(http::field::content_length, std::to_string(what_.body.size()));
    out.set(http::field::accept, "text/plain, text/*, */*");
    if (!target.user.empty())
      out.set(http::field::authorization,
              "Basic " + base64_encode(target.user));
    for (const auto& [name, values] : what_.header) {
      if (!is_token(name))
        return failed("net/http: invalid header field name \"" + name + "\"");
      const auto spelled = canonical(name);
      out.erase(spelled);
      for (const auto& value : values) {
        if (!is_field_value(value))
          return failed("net/http: invalid header field value for \"" + spelled
                        + "\"");
        out.insert(spelled, value);
      }
    }
    out.set(http::field::connection, "close");
    return out;
  }

  template <class Stream>
  asio::awaitable<status> talk(Stream& stream,
                               http::request<http::string_body>& request) {
    error_code code;
    co_await http::async_write(stream, request,
                               asio::redirect_error(asio::use_awaitable, code));
    if (code)
      co_return failed("write tcp " + both_ends()
                       + ": write: " + lower_message(code));
    boost::beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> parser;
    parser.header_limit(header_bytes_max);
    parser.body_limit(boost::none); // only its end is kept
    if (method_ == "HEAD")
      parser.skip(true);
    co_await http::async_read_header(
      stream, buffer, parser, asio::redirect_error(asio::use_awaitable, code));
    // The parser may have gone on into the body, for which it has no room yet.
    if (code && !parser.is_header_done())
      co_return failed(header_text(code, buffer));
    note_answer(parser.get());
    if (!is_redirect(seen_.status) || !seen_.location) {
      answer_ = seen_;
      co_await read_body(stream, buffer, parser);
    }
    error_code ignored;
    socket_.close(ignored);
    co_return ok;
  }

  template <class Response>
  void note_answer(const Response& x) {
    seen_ = {static_cast<int>(x.result_int()), std::string{x.reason()}, {}};
    const auto location = x.find(http::field::location);
    if (location != x.end())
      seen_.location = std::string{location->value()};
  }

  /// Whatever ends the body: what was read counts.
  template <class Stream, class Parser>
  asio::awaitable<void>
  read_body(Stream& stream, boost::beast::flat_buffer& buffer, Parser& parser) {
    std::array<char, 4096> piece{};
    while (!parser.is_done()) {
      auto& body = parser.get().body();
      body.data = piece.data();
      body.size = piece.size();
      error_code code;
      co_await http::async_read_some(
        stream, buffer, parser,
        asio::redirect_error(asio::use_awaitable, code));
      body_.add({piece.data(), piece.size() - body.size});
      if (code && code != http::error::need_buffer)
        co_return;
    }
  }

  std::string header_text(const error_code& code,
                          const boost::beast::flat_buffer& buffer) const {
    if (code == http::error::end_of_stream)
      return "EOF";
    if (code == http::error::partial_message)
      return "unexpected EOF";
    if (code == http::error::header_limit)
      return "net/http: server response headers exceeded "
             + std::to_string(header_bytes_max) + " bytes; aborted";
    if (code.category() != make_error_code(http::error::bad_version).category())
      return read_text(code);
    std::string_view line{static_cast<const char*>(buffer.data().data()),
                          buffer.size()};
    line = line.substr(0, line.find_first_of("\r\n"));
    return "net/http: HTTP/1.x transport connection broken: malformed HTTP "
           "response \""
           + std::string{line} + "\"";
  }

  std::string read_text(const error_code& code) const {
    if (code == asio::error::eof || code == asio::ssl::error::stream_truncated)
      return "EOF";
    return "read tcp " + both_ends() + ": read: " + lower_message(code);
  }

  std::string both_ends() const {
    error_code ignored;
    const auto a = socket_.local_endpoint(ignored);
    const auto b = socket_.remote_endpoint(ignored);
    return join_host_port(a.address().to_string(), a.port()) + "->"
           + join_host_port(b.address().to_string(), b.port());
  }

  tls_clients& tls_;
  health::http_probe what_;
  reply<health::http_outcome> to_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  last_bytes body_;

  /// Of the present request; redirects change both.
  std::string url_text_;
  std::string method_;
  exchange seen_;
  /// Set once the final answer's head is here.
  std::optional<exchange> answer_;
  bool stopped_ = false;
};

} // namespace

std::function<void()> start_http_check(asio::io_context& io, tls_clients& tls,
                                       health::http_probe what,
                                       reply<health::http_outcome> to) {
  const auto x =
    std::make_shared<http_check>(io, tls, std::move(what), std::move(to));
  x->start();
  return [weak = std::weak_ptr{x}] {
    if (const auto me = weak.lock())
      me->cancel();
  };
}

} // namespace praetor::net
