// What commands say to an agent, and in which words it fails. Pure: bytes go
// through a `transport`, which tests replace.
//
//   client api{options, transport};
//   auto answer = api.read({.path = "/v1/kv/" + key});
//   if (!answer)  // `Get "http://...": dial tcp ...: connection refused`

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/net/tls_options.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace praetor::tools {

using net::tls_options;

/// Where the agent is and who asks.
struct client_options {
  /// http or https.
  std::string scheme = "http";
  /// host:port, or the path of a socket.
  std::string address = "127.0.0.1:8500";
  bool unix_socket = false;
  std::string token;
  /// "user" or "user:password".
  std::string basic_auth;
  std::string datacenter;
  /// Whether reads may be answered by any server.
  bool stale = false;
  tls_options tls;
};

/// What a flag or an environment variable may give; asked by its name.
using lookup = std::function<std::string(std::string_view)>;

/// Reads the variables CONSUL_HTTP_*, over which flags win.
/// @param flag returns a flag's value, or "" if it is absent
/// @param variable returns an environment variable, or "" if it is unset
/// @param read_file returns a file's content
/// Errors: invalid_argument or io_error, e.g. `Unknown protocol scheme: tcp`.
result<client_options> resolve_client_options(
  const lookup& flag, const lookup& variable,
  const std::function<result<std::string>(const std::string&)>& read_file);

/// An answer with any status.
struct http_answer {
  int status = 0;
  std::string body = {};
  /// X-Consul-Index, or 0.
  std::uint64_t index = 0;
};

/// A request in the form in which it is sent.
struct wire_request {
  std::string method = {};
  /// Escaped path and query.
  std::string target = {};
  /// Names and values; Host and Content-Length are the transport's.
  std::map<std::string, std::string> headers = {};
  std::string body = {};
};

/// Receives the body of an answer piece by piece.
using body_sink = std::function<void(std::string_view)>;

/// Carries requests to one agent. Used by one thread, but for cancel().
class transport {
public:
  virtual ~transport() = default;

  /// Waits as long as the agent does. If `sink` is set, it receives the body of
  /// an answer with status 200 instead of the answer.
  /// Errors: io_error with Go's text; canceled.
  virtual result<http_answer> exchange(const wire_request& request,
                                       const body_sink& sink) = 0;

  /// Ends the exchange under way, and all later ones. From any thread.
  virtual void cancel() = 0;
};

/// Makes a connection for these options. Errors: io_error, e.g. files for https
/// that cannot be read.
using connector =
  std::function<result<std::unique_ptr<transport>>(const client_options&)>;

/// One question.
struct api_request {
  std::string method = "GET";
  /// Not escaped.
  std::string path = {};
  std::multimap<std::string, std::string> query = {};
  std::string body = {};
};

/// Talks to one agent.
class client {
public:
  client(client_options options, std::unique_ptr<transport> wire)
    : options_{std::move(options)}, wire_{std::move(wire)} {}

  /// Sends; any status is an answer. Errors: io_error with method and URL.
  result<http_answer> send(const api_request& request,
                           const body_sink& sink = nullptr);

  /// Like send(), and lets any server answer if -stale was given.
  result<http_answer> read(api_request request);

  /// Like send(), and every status but 200 is an error:
  /// `Unexpected response code: 500 (body)`.
  result<http_answer> demand(const api_request& request,
                             const body_sink& sink = nullptr);

  /// Like demand() and read().
  result<http_answer> demand_read(api_request request);

  /// Ends the exchange under way, and all later ones. From any thread.
  void cancel() { wire_->cancel(); }

private:
  api_request staled(api_request request) const;

  client_options options_;
  std::unique_ptr<transport> wire_;
};

/// `Unexpected response code: 500 (body)`
std::string unexpected_code(const http_answer& answer);

} // namespace praetor::tools
