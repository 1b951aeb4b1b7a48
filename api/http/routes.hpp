// The index of endpoints: which handler answers which path and method.

#pragma once

#include "api/http/handler.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace praetor::http {

/// How much body a route takes, and what it says if that is too much.
enum class body_limit : std::uint8_t {
  /// The server's limit.
  general,
  /// A PUT carries a value: facts.kv_max_value_size by Content-Length.
  value,
  /// A transaction: the larger of that and facts.txn_max_req_len.
  transaction,
};

/// One endpoint.
struct route {
  /// In the order that the Allow header shows, e.g. "GET,PUT,DELETE".
  std::string_view methods;
  /// Stands for itself, or, with a final slash, for all that begin with it.
  std::string_view path;
  handler answer;
  /// Could be namespaced in Consul Enterprise: refuses `?ns`.
  bool refuses_namespace = false;
  body_limit limit = body_limit::general;

  /// Whether a method is among `methods`.
  bool allows(std::string_view method) const;
};

/// All of them.
std::span<const route> routes();

/// What a path leads to.
struct destination {
  /// Null: nothing.
  const route* to = nullptr;
  /// The path lacks the final slash of a prefix: redirect to it.
  bool add_slash = false;
};

/// Finds an exact path, else one that only lacks its slash, else the longest
/// prefix.
destination find_route(std::string_view path);

} // namespace praetor::http
