// Asking one HTTP server, whoever carries the bytes. Abstract, so that whoever
// asks needs no sockets and tests need no network; runtime/net/http_session has
// the real one.

#pragma once

#include "runtime/base/reply.hpp"

#include <functional>
#include <map>
#include <string>

namespace praetor {

/// A request in the form in which it is sent.
struct http_request {
  std::string method = "GET";
  /// Escaped path and query.
  std::string target = "/";
  std::string body = {};
  /// Host and Content-Length are added.
  std::map<std::string, std::string> headers = {};

  friend bool operator==(const http_request&, const http_request&) = default;
};

/// An answer with any status.
struct http_answer {
  int status = 0;
  std::string body = {};

  friend bool operator==(const http_answer&, const http_answer&) = default;
};

/// See the head of the file. Calls may come from any thread and never block;
/// answers come in a thread of the implementation.
class http_client {
public:
  http_client() = default;
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;
  virtual ~http_client() = default;

  /// Asks. Requests are sent one after the other, in order, over one connection
  /// that is kept. Errors: io_error with Go's text, timeout, canceled.
  virtual void send(http_request what, reply<http_answer> to) = 0;

  /// Asks over a connection of its own and passes on the body of an answer with
  /// status 200 as it comes. There is no time limit.
  /// @param to completed at the end of the body, or with another status's
  /// answer
  virtual void follow(http_request what, std::function<void(std::string)> piece,
                      reply<http_answer> to) = 0;

  /// Ends everything under way, and refuses what comes. Errors: canceled.
  virtual void stop() = 0;
};

} // namespace praetor
