// Between the structs of production and what checkers compare: outcomes from
// replies, and answers taken apart into rows.
//
// Pure. Answers are parsed, not trusted: what does not parse is a finding.

#pragma once

#include "tests/sim/check/history.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::sim {

// -- outcomes -----------------------------------------------------------------

/// Of a command. Errors before anything was appended are failures; a timeout or
/// a lost request may have taken effect.
outcome outcome_of(const result<command_result>& x);

/// Of a read; a read that failed had no effect in any case.
outcome outcome_of(const result<owner::read_answer>& x);

/// Of a renewal.
outcome outcome_of(const result<std::monostate>& x);

/// The client stopped waiting, or its server crashed.
outcome unknown_outcome(std::string why);

/// Of a read: its options, else null.
const owner::read_options* options_of(const request& x);

// -- rows ---------------------------------------------------------------------

/// A key as clients see it.
struct key_view {
  std::string key;
  std::string value;
  std::uint64_t flags = 0;
  std::string session;
  log_index lock_index = 0;
  log_index create_index = 0;
  log_index modify_index = 0;

  friend auto operator<=>(const key_view&, const key_view&) = default;
};

/// A session as clients see it.
struct session_view {
  std::string id;
  std::string node;
  std::string behavior;
  std::string ttl;
  log_index create_index = 0;

  friend auto operator<=>(const session_view&, const session_view&) = default;
};

/// An instance of a service with the states of its checks and its node's.
struct instance_view {
  std::string node;
  std::string service_id;
  std::int64_t port = 0;
  std::map<std::string, std::string> checks;

  friend auto operator<=>(const instance_view&, const instance_view&) = default;
};

/// A check as clients see it.
struct check_view {
  std::string node;
  std::string id;
  std::string status;
  std::string service_id;

  friend auto operator<=>(const check_view&, const check_view&) = default;
};

/// Each of them gives nothing if the text is not what it should be.
std::optional<std::vector<key_view>> parse_keys(std::string_view json);
std::optional<std::vector<session_view>> parse_sessions(std::string_view json);
std::optional<std::vector<instance_view>> parse_health(std::string_view json);
std::optional<std::vector<check_view>> parse_checks(std::string_view json);
std::optional<std::vector<std::string>> parse_names(std::string_view json);

/// What one result of a transaction shows; `value` only where it has one.
struct shown_row {
  std::uint32_t position = 0;
  /// KV, Node, Service, Check.
  std::string kind;
  /// The key, or node + "/" + id.
  std::string name;
  std::string value;
  log_index modify_index = 0;

  friend auto operator<=>(const shown_row&, const shown_row&) = default;
};

/// The results of a transaction, or the positions of its errors.
struct transaction_view {
  std::vector<shown_row> results;
  std::vector<std::uint32_t> errors;

  friend bool operator==(const transaction_view&,
                         const transaction_view&) = default;
};

std::optional<transaction_view> parse_transaction(std::string_view encoded);

// -- text ---------------------------------------------------------------------

/// Returns e.g. `put b=3:17 (cas 40)`.
std::string describe(const request& x);

/// Returns e.g. `true @57`, `unknown: timeout`.
std::string describe(const operation& x);

/// Returns e.g. `12.345s`.
std::string describe(moment x);

} // namespace praetor::sim
