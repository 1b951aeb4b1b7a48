// An HTTP/1.1 client for one server, over TCP, TLS or a unix socket. The
// connection is kept between requests, and opened anew when it was lost.
//
// All state is touched on the io thread only; calls from elsewhere are posted.

#pragma once

#include "runtime/base/http_client.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace praetor::net {

/// Files for TLS; empty: the system's authorities, no certificate of our own.
struct tls_files {
  std::string ca;
  std::string cert;
  std::string key;
  bool verify = true;
};

/// Where the server is.
struct http_place {
  /// Not empty: a unix socket.
  std::string socket_path;
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  tls_files files;
  /// Sent with every request.
  std::map<std::string, std::string> headers;
  /// For one request of send(), all in all.
  duration time_limit = std::chrono::seconds{30};
};

/// @pre `io` runs in one thread and outlives the client.
/// Errors: io_error naming the file of `place.files` that cannot be read.
result<std::shared_ptr<http_client>>
make_http_session(boost::asio::io_context& io, http_place place);

} // namespace praetor::net
