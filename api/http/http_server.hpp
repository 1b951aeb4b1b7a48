// The HTTP server: listens, limits connections and spreads them over threads
// (worker.hpp). One of these is the thread that runs the io_context; it also
// accepts, and makes the calls here.
//
//   runtime/node starts it, and stops it before the actors end.

#pragma once

#include "api/http/dispatch.hpp"
#include "api/http/handler.hpp"
#include "runtime/base/result.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace praetor::http {

/// Where to listen and how to behave.
struct server_options {
  /// "127.0.0.1:8500", "[::1]:8500" or "unix:///path"; port 0 is any.
  std::vector<std::string> addresses;
  site settings;
  /// Connections from one IP address; further ones are closed.
  std::size_t connections_per_client_max = 200;
  /// Threads that serve connections, the one of the io_context included.
  std::size_t threads = 1;
  /// As long as a thread has fewer connections, the next one gets none: what
  /// comes in together goes on together.
  std::size_t connections_per_thread_min = 64;
  /// Fills in the `backends` of a further thread, whose `post` is set.
  /// @pre with more than one thread, it is set.
  std::function<void(backends&)> connect;
};

/// A running server.
class http_server {
public:
  /// Starts listening. Errors: invalid_argument for an address that is none;
  /// io_error, e.g.
  /// `listen tcp 127.0.0.1:8500: bind: address already in use`.
  /// @pre `to` outlives the server; `to.post` runs its argument in `io`.
  static result<std::unique_ptr<http_server>>
  start(boost::asio::io_context& io, backends& to, server_options options);

  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// Stops at once. @pre the io_context runs in this thread, or no more; no
  /// reply that was made for a further thread is left.
  ~http_server();

  /// Closes listeners and idle connections; requests under way have a second.
  void stop();

  /// Ends the further threads, and so whatever calls the actors but the
  /// caller. Answers may still arrive: they wait for the destructor.
  void end_threads();

  /// Ports of the TCP addresses, in their order.
  std::vector<std::uint16_t> ports() const;

  /// Connections that are open.
  std::size_t connections() const;

private:
  struct parts;
  explicit http_server(std::shared_ptr<parts> p);
  std::shared_ptr<parts> parts_;
};

} // namespace praetor::http
