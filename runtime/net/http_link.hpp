// A connection to one HTTP server that is kept between exchanges: HTTP/1.1 over
// TCP, TLS or a Unix socket. One exchange at a time, as a coroutine of the io
// thread. A kept connection that the server closed meanwhile is replaced
// without a word.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it

namespace praetor::net {

/// Where a server is and how to speak to it.
struct http_server_address {
  std::string host;
  std::uint16_t port = 0;
  /// If not empty, a socket's path instead of host and port.
  std::string unix_path;
  /// For the Host header, and in texts: "127.0.0.1:8500".
  std::string authority;
  /// TLS if not null; must outlive the link.
  boost::asio::ssl::context* tls = nullptr;
  /// Whose certificate is wanted; empty: anybody's.
  std::string server_name;
  /// Sent with every request.
  std::map<std::string, std::string> headers;
  duration dial_time_max = std::chrono::seconds{30};
  duration handshake_time_max = std::chrono::seconds{10};
  bool keep_alive = true;

  /// "http://host:port", for texts.
  std::string origin() const;
};

struct link_request {
  std::string method = "GET";
  /// Escaped path and query.
  std::string target;
  std::string body;
  /// How long the answer may take.
  duration time_max = std::chrono::seconds{30};
};

struct link_answer {
  int status = 0;
  std::string body;
  /// X-Consul-Index, or 0.
  std::uint64_t index = 0;
  /// X-Consul-LastContact.
  duration last_contact{0};
};

/// Longest answer that is read.
inline constexpr std::size_t link_answer_bytes_max = std::size_t{512} << 20U;

/// Carries exchanges to one agent, one at a time.
class agent_link {
public:
  virtual ~agent_link() = default;

  /// Sends and waits; any status is an answer. The link must live until the
  /// coroutine ends.
  /// Errors: io_error or timeout with Go's text, e.g.
  /// `Get "http://h:1/v1/x": dial tcp h:1: connect: connection refused`;
  /// canceled.
  virtual boost::asio::awaitable<result<link_answer>>
  exchange(link_request what) = 0;

  /// Ends the exchange under way.
  virtual void cancel() = 0;
};

/// Makes a link whose coroutines run in `io`.
using link_factory =
  std::function<std::unique_ptr<agent_link>(boost::asio::io_context& io)>;

/// See the head of the file.
class http_link final : public agent_link {
public:
  http_link(boost::asio::io_context& io, http_server_address where);
  ~http_link() override;

  boost::asio::awaitable<result<link_answer>>
  exchange(link_request what) override;
  void cancel() override;

private:
  class connection;
  std::unique_ptr<connection> connection_;
};

} // namespace praetor::net
