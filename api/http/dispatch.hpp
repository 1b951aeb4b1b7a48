// The front door: what is decided about a request before its handler, in this
// order: printable path, redirects, unknown path, query string, blocked
// endpoint, OPTIONS, method, writes from elsewhere, namespaces, body size.
// Pure. Source: Consul agent/http.go (wrap) and Go's ServeMux.

#pragma once

#include "api/http/handler.hpp"
#include "api/http/routes.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::http {

/// What an operator can set for all requests. Constant while serving.
struct site {
  bool ui = true;
  /// JSON is indented even without `?pretty`.
  bool always_pretty = false;
  /// Refuse control characters in paths.
  bool printable_paths = true;
  /// Path prefixes that are answered with 403.
  std::vector<std::string> blocked_endpoints;
  /// Sent with every answer.
  std::vector<std::pair<std::string, std::string>> response_headers;
  bool translate_addresses = false;
  /// Whether a client's address may do more than read; null: all may.
  std::function<bool(std::string_view client)> may_write;
};

/// What becomes of a request.
struct admission {
  /// Set: its handler answers, once the body is there.
  const route* to = nullptr;
  /// Otherwise this is the answer.
  response answer = {};
  /// The path is an endpoint or a page: answers may be compressed.
  bool endpoint = false;
  /// The body is too large to be read, so the connection has to end.
  bool refuse_body = false;
};

/// Decides about a request whose method, headers, content_length and client
/// are set; sets its path, argument and parameters.
admission admit(const site& s, const node_facts& facts, std::string_view target,
                request& rq);

} // namespace praetor::http
