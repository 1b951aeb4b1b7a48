// From a `response` to the bytes of an answer. Bodies that caches share are
// sent as they are; only the head is made here. Pure.

#pragma once

#include "api/http/dispatch.hpp"
#include "api/http/handler.hpp"

#include <string>
#include <string_view>

namespace praetor::http {

/// How a request wants to be answered.
struct delivery {
  bool endpoint = false;
  bool pretty = false;
  bool gzip = false;
  /// HEAD: no body.
  bool headless = false;
  bool keep_alive = true;
  /// HTTP/1.0: no chunks, and keep-alive must be said.
  bool old = false;
};

/// Whether an Accept-Encoding header takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

/// Finds out from a request and what was decided about it.
delivery delivery_of(const site& s, const request& rq, bool endpoint);

/// Puts the head into `head` (replacing what is there) and returns the body to
/// send after it, which is null if there is none. `date` as in a Date header.
shared_text encode_response(const site& s, const delivery& how,
                            std::string_view date, const response& r,
                            std::string& head);

/// Returns gzip'd bytes.
std::string gzip(std::string_view bytes);

} // namespace praetor::http
