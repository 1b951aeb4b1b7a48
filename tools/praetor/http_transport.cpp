#include "tools/praetor/http_transport.hpp"

#include "runtime/base/text.hpp"
#include "runtime/net/tls_client.hpp"
#include "runtime/net/url.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <limits>
#include <mutex>

namespace praetor::tools {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using socket = asio::generic::stream_protocol::socket;

constexpr std::uint32_t header_bytes_max = 64U << 10U;
constexpr std::size_t read_bytes = std::size_t{16} << 10U;
constexpr int status_ok = 200;
/// What OpenSSL says when a server answers without TLS.
constexpr std::string_view plain_answer = "wrong version number";

std::string words(const error_code& code) {
  if (code == http::error::end_of_stream || code == asio::error::eof)
    return "EOF";
  if (code == http::error::partial_message
      || code == ssl::error::stream_truncated)
    return "unexpected EOF";
  auto text = code.message();
  if (!text.empty())
    text[0] =
      static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

error io_failed(std::string text) {
  return {errc::io_error, std::move(text)};
}

class http_transport final : public transport {
public:
  http_transport(client_options options, std::unique_ptr<ssl::context> tls)
    : options_{std::move(options)}, tls_{std::move(tls)} {}

  result<http_answer> exchange(const wire_request& request,
                               const body_sink& sink) override {
    socket wire{io_};
    const slot in_use{*this, wire};
    if (canceled_)
      return error{errc::canceled, "context canceled"};
    auto connected = options_.unix_socket ? dial_unix(wire) : dial_tcp(wire);
    if (!connected)
      return connected.error();
    in_use.announce();
    auto answer =
      tls_ ? encrypted(wire, request, sink) : converse(wire, request, sink);
    if (canceled_)
      return error{errc::canceled, "context canceled"};
    return answer;
  }

  void cancel() override {
    canceled_ = true;
    const std::lock_guard guard{mutex_};
    if (open_ >= 0)
      ::shutdown(open_, SHUT_RDWR);
  }

private:
  /// Lets cancel() find the socket as long as it is open.
  class slot {
  public:
    slot(http_transport& owner, socket& wire) : owner_{owner}, wire_{wire} {}
    ~slot() {
      const std::lock_guard guard{owner_.mutex_};
      owner_.open_ = -1;
    }
    slot(const slot&) = delete;
    slot& operator=(const slot&) = delete;

    void announce() const {
      const std::lock_guard guard{owner_.mutex_};
      owner_.open_ = wire_.native_handle();
      if (owner_.canceled_)
        ::shutdown(owner_.open_, SHUT_RDWR);
    }

  private:
    http_transport& owner_;
    socket& wire_;
  };

  status dial_unix(socket& wire) {
    asio::local::stream_protocol::endpoint where;
    constexpr std::size_t path_bytes_max = 107; // sockaddr_un
    error_code code = asio::error::name_too_long;
    if (options_.address.size() <= path_bytes_max) {
      where.path(options_.address);
      wire.connect(where, code);
    }
    if (code)
      return io_failed("dial unix " + options_.address
                       + ": connect: " + words(code));
    return ok;
  }

  status dial_tcp(socket& wire) {
    auto host = options_.address;
    std::string port = options_.scheme == "https" ? "443" : "80";
    if (auto parts = net::split_host_port(options_.address)) {
      host = parts->host;
      port = parts->port;
    }
    if (host.empty())
      host = "127.0.0.1";
    error_code code;
    asio::ip::tcp::resolver resolver{io_};
    const auto found = resolver.resolve(host, port, code);
    if (code)
      return io_failed("dial tcp: lookup " + host + ": no such host");
    status first = ok;
    for (const auto& x : found) {
      error_code ignored;
      wire.close(ignored);
      wire.connect(asio::generic::stream_protocol::endpoint{x.endpoint()},
                   code);
      if (!code) {
        wire.set_option(asio::socket_base::keep_alive{true}, ignored);
        return ok;
      }
      if (first)
        first =
          io_failed("dial tcp "
                    + net::join_host_port(x.endpoint().address().to_string(),
                                          x.endpoint().port())
                    + ": connect: " + words(code));
    }
    return first;
  }

  std::string server_name() const {
    if (!options_.tls.server_name.empty())
      return options_.tls.server_name;
    const auto parts = net::split_host_port(options_.address);
    return parts ? parts->host : options_.address;
  }

  result<http_answer> encrypted(socket& wire, const wire_request& request,
                                const body_sink& sink) {
    ssl::stream<socket&> stream{wire, *tls_};
    const auto name = server_name();
    SSL_set_tlsext_host_name(stream.native_handle(), name.c_str());
    error_code code;
    if (options_.tls.verify)
      stream.set_verify_callback(ssl::host_name_verification{name}, code);
    stream.handshake(ssl::stream_base::client, code);
    if (code && code.message().find(plain_answer) != std::string::npos)
      return io_failed("http: server gave HTTP response to HTTPS client");
    const auto verdict = SSL_get_verify_result(stream.native_handle());
    if (code && verdict == X509_V_ERR_UNSPECIFIED) // the name's check failed
      return io_failed("x509: certificate is not valid for " + name);
    if (code && verdict != X509_V_OK)
      return io_failed(std::string{"x509: "}
                       + X509_verify_cert_error_string(verdict));
    if (code)
      return io_failed("tls: " + words(code));
    return converse(stream, request, sink);
  }

  http::request<http::string_body> message(const wire_request& request) const {
    http::request<http::string_body> out;
    out.method_string(request.method);
    out.target(request.target);
    out.version(11);
    out.set(http::field::host,
            options_.unix_socket ? "localhost" : options_.address);
    out.set(http::field::user_agent, "praetor");
    out.set(http::field::connection, "close");
    for (const auto& [name, value] : request.headers)
      out.set(name, value);
    out.body() = request.body;
    out.prepare_payload();
    if (request.method == "PUT" && request.body.empty())
      out.set(http::field::content_length, "0");
    return out;
  }

  template <class Stream>
  result<http_answer> converse(Stream& stream, const wire_request& request,
                               const body_sink& sink) {
    error_code code;
    auto text = message(request);
    http::write(stream, text, code);
    // A server that refuses early may still have answered: read on.
    boost::beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> parser;
    parser.header_limit(header_bytes_max);
    // Boost 1.74 takes boost::none for a limit of zero.
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    const auto unsent = code;
    http::read_header(stream, buffer, parser, code);
    if (tls_ == nullptr && code == http::error::bad_version)
      return io_failed("net/http: HTTP/1.x transport connection broken: "
                       "malformed HTTP response");
    if (code)
      return io_failed(words(unsent ? unsent : code));
    http_answer out{.status = parser.get().result_int()
                                ? static_cast<int>(parser.get().result_int())
                                : 0};
    const auto index = parser.get()["X-Consul-Index"];
    out.index = parse_uint({index.data(), index.size()}).value_or(0);
    const bool pass_on = sink != nullptr && out.status == status_ok;
    while (!parser.is_done()) {
      std::array<char, read_bytes> piece{};
      parser.get().body() = {piece.data(), piece.size(), true};
      // One read at a time: what has arrived is passed on at once.
      http::read_some(stream, buffer, parser, code);
      if (code == http::error::need_buffer)
        code = {};
      if (code)
        return io_failed(words(code));
      const std::string_view got{piece.data(),
                                 piece.size() - parser.get().body().size};
      if (pass_on && !got.empty())
        sink(got);
      if (!pass_on)
        out.body.append(got);
      if (out.body.size() > answer_bytes_max)
        return io_failed("answer too long");
    }
    return out;
  }

  client_options options_;
  std::unique_ptr<ssl::context> tls_;
  asio::io_context io_;
  std::atomic<bool> canceled_ = false;
  std::mutex mutex_;
  /// The socket in use, or -1. Guarded by `mutex_`.
  int open_ = -1;
};

} // namespace

result<std::unique_ptr<transport>>
make_http_transport(const client_options& options) {
  std::unique_ptr<ssl::context> tls;
  if (options.scheme == "https" && !options.unix_socket) {
    auto made = net::make_tls_context(options.tls);
    if (!made)
      return made.error();
    tls = std::move(*made);
  }
  return std::unique_ptr<transport>{
    std::make_unique<http_transport>(options, std::move(tls))};
}

} // namespace praetor::tools
