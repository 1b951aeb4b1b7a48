// What most endpoints understand in the query string and headers: datacenter,
// consistency, blocking, caching. Pure.
// Source: Consul agent/http.go, parse and its helpers.

#pragma once

#include "actors/owner/messages.hpp"
#include "api/http/handler.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/rng.hpp"

#include <string_view>

namespace praetor::http {

/// The common parameters of a read.
struct query_options {
  owner::read_options read;
  /// Not zero: an answer of stale tables may be at most this old.
  duration max_stale{0};
  /// `?cached`; honoured by some endpoints.
  bool cached = false;
  /// The client refuses what is in a cache (Cache-Control: max-age=0 or
  /// must-revalidate).
  bool revalidate = false;
};

/// Parses the parameters. The wait gets its default, cap and random extra of
/// up to a sixteenth; `watch_id` is not set. Errors: invalid_argument with the
/// text for the client (400).
result<query_options> parse_query_options(const request& rq,
                                          const node_facts& facts, rng& random);

/// Only `?wait` and `?index`, for reads that are not of replicated tables.
/// `default_wait` stands in for none or one that is not positive.
result<owner::read_options> parse_wait(const request& rq, duration default_wait,
                                       duration max_wait, rng& random);

/// Parses an unsigned number. Errors: rejected with Go's text.
result<std::uint64_t> parse_number(std::string_view text);

/// Whether `?dc` names another datacenter than ours.
bool other_datacenter(const request& rq, const node_facts& facts);

/// Fails with `No path to datacenter` if `?dc` names another one.
status check_datacenter(const request& rq, const node_facts& facts);

/// Returns "leader", "stale" or "consistent", as the header says it.
std::string_view to_string(owner::consistency mode);

} // namespace praetor::http
