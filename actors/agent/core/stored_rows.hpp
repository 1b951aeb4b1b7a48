// The rows of this node's local database: what survives a restart.
//
//   table      key        value (codec)
//   service    service id stored_service
//   check      check id   stored_check
//   ttl        check id   stored_ttl
//
// Only what came from the API is kept in `service` and `check`; `ttl` keeps the
// last word of applications about TTL checks of any origin. Pure.

#pragma once

#include "actors/health/messages.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/owner.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::agent {

inline constexpr std::string_view service_table = "service";
inline constexpr std::string_view check_table = "check";
inline constexpr std::string_view ttl_table = "ttl";

/// A service registered over HTTP.
struct stored_service {
  catalog::service_row row;
  std::string token;
  std::string sidecar_of;

  template <class Inspector>
  friend auto inspect(Inspector& f, stored_service& x) {
    return f(x.row, x.token, x.sidecar_of);
  }
};

/// A check registered over HTTP, or maintenance mode.
struct stored_check {
  health::check_plan plan;
  bool maintenance = false;

  template <class Inspector>
  friend auto inspect(Inspector& f, stored_check& x) {
    return f(x.plan, x.maintenance);
  }
};

/// What an application last said about its TTL check.
struct stored_ttl {
  std::string status;
  std::string output;
  /// Milliseconds since 1970; the monotonic clock does not survive a restart.
  std::int64_t expires_ms = 0;

  template <class Inspector>
  friend auto inspect(Inspector& f, stored_ttl& x) {
    return f(x.status, x.output, x.expires_ms);
  }
};

/// A row that holds `value`.
template <class T>
row stored_row(std::string_view table, const std::string& key, const T& value) {
  row out{std::string{table}, key, std::string{}};
  encoder put{*out.value};
  put(value);
  return out;
}

/// A row that removes `key`.
inline row removed_row(std::string_view table, const std::string& key) {
  return {std::string{table}, key, std::nullopt};
}

/// Errors: corruption, with the row's name.
template <class T>
result<T> read_row(const row& x) {
  T out;
  if (x.value) {
    decoder get{*x.value};
    if (get(out) && get.rest().empty())
      return out;
  }
  return error{errc::corruption, "local row " + x.table + "/" + x.key};
}

} // namespace praetor::agent
