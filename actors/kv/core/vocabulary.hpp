// What kv can be asked: the closed list of commands that log entries carry, and
// the questions that reads ask. Pure data; the messages around them are in
// actors/kv/messages.hpp.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/time.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::kv {

// -- commands ----------------------------------------------------------------

/// A single key's verbs, as PUT and DELETE /v1/kv and transactions use them.
/// Values are on disk: append only.
enum class verb : std::uint8_t {
  set = 1,
  cas,
  lock,
  unlock,
  get,
  get_tree,
  check_index,
  check_session,
  check_not_exists,
  remove,
  remove_tree,
  remove_cas,
};

/// One verb with its arguments; unused ones stay empty.
struct key_operation {
  verb what = verb::get;
  std::string key;
  std::string value;
  std::uint64_t flags = 0;
  /// ModifyIndex to compare with (cas, remove_cas, check_index).
  log_index index = 0;
  std::string session;

  friend auto operator<=>(const key_operation&, const key_operation&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, key_operation& x) {
    return f(x.what, x.key, x.value, x.flags, x.index, x.session);
  }
};

/// PUT or DELETE of /v1/kv/<key>: set, cas, lock, unlock, remove, remove_tree,
/// remove_cas. Result: `true` or `false`; rejected with the contract's text
/// (`invalid session "<id>"` and so on).
struct write_key {
  key_operation operation;

  template <class Inspector>
  friend auto inspect(Inspector& f, write_key& x) {
    return f(x.operation);
  }
};

/// An operation of a transaction with its position in the client's list.
struct positioned_operation {
  std::uint32_t position = 0;
  key_operation operation;

  friend auto operator<=>(const positioned_operation&,
                          const positioned_operation&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, positioned_operation& x) {
    return f(x.position, x.operation);
  }
};

/// All operations or none. The result's body is an encoded
/// `transaction_outcome`, with code conflict if any operation failed.
struct transaction {
  std::vector<positioned_operation> operations;

  template <class Inspector>
  friend auto inspect(Inspector& f, transaction& x) {
    return f(x.operations);
  }
};

/// What a transaction gives: JSON of results, or texts of errors.
struct transaction_outcome {
  /// (position, element of "Results", e.g. {"KV":{...}}), by position.
  std::vector<std::pair<std::uint32_t, std::string>> results;
  /// (position, text of "What"), by position.
  std::vector<std::pair<std::uint32_t, std::string>> errors;

  template <class Inspector>
  friend auto inspect(Inspector& f, transaction_outcome& x) {
    return f(x.results, x.errors);
  }
};

/// What happens to a session's keys when it ends. On disk: append only.
enum class session_behavior : std::uint8_t { release = 1, remove };

/// A session. `id` was chosen by the node that took the request.
struct session_row {
  std::string id;
  std::string name;
  std::string node;
  duration lock_delay{0};
  session_behavior behavior = session_behavior::release;
  /// As the client wrote it, e.g. "10000ms"; empty is none. `ttl` is its value.
  std::string ttl_text;
  duration ttl{0};
  std::vector<std::string> node_checks;
  std::vector<std::string> service_checks;
  log_index create_index = 0;
  log_index modify_index = 0;

  friend bool operator==(const session_row&, const session_row&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, session_row& x) {
    return f(x.id, x.name, x.node, x.lock_delay, x.behavior, x.ttl_text, x.ttl,
             x.node_checks, x.service_checks, x.create_index, x.modify_index);
  }
};

/// PUT /v1/session/create. The state actor has made sure (in the same log
/// entry) that node and checks are there and not critical.
/// Result: `{"ID":"<uuid>"}`.
struct create_session {
  session_row session;

  template <class Inspector>
  friend auto inspect(Inspector& f, create_session& x) {
    return f(x.session);
  }
};

/// PUT /v1/session/destroy, and the end of a TTL. Result: `true`, also for an
/// unknown one. Keys get a lock-delay of min(session's, 60 s) from entry.ts.
struct destroy_session {
  std::string id;

  template <class Inspector>
  friend auto inspect(Inspector& f, destroy_session& x) {
    return f(x.id);
  }
};

/// INTERNAL: in the same entry nodes or checks were lost; end the sessions that
/// rest on them (their node, or a check in node_checks or service_checks).
struct end_sessions {
  std::vector<liveness_loss> losses;

  template <class Inspector>
  friend auto inspect(Inspector& f, end_sessions& x) {
    return f(x.losses);
  }
};

/// The closed list. On disk: append only.
using command = std::variant<write_key, transaction, create_session,
                             destroy_session, end_sessions>;

// -- queries -----------------------------------------------------------------

enum class query_kind : std::uint8_t {
  /// name = key: JSON list of one entry, or not found.
  key,
  /// name = key: the value's bytes, or not found.
  key_raw,
  /// name = prefix: JSON list of entries, or not found.
  prefix,
  /// name = prefix, separator: JSON list of keys; not found if none, except
  /// that the empty prefix gives [].
  keys,
  /// name = id: JSON list of one session or none.
  session,
  /// name = node: JSON list of its sessions.
  sessions_of_node,
  /// JSON list of all sessions, by id.
  sessions,
  /// Encoded vector<pair<id, ttl>> of sessions that have a TTL: for the leader.
  session_ttls,
  /// operations: a read-only transaction; encoded transaction_outcome.
  transaction,
};

/// One distinct question.
struct query {
  query_kind kind = query_kind::key;
  std::string name;
  std::string separator;
  std::vector<positioned_operation> operations;

  friend auto operator<=>(const query&, const query&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, query& x) {
    return f(x.kind, x.name, x.separator, x.operations);
  }
};

} // namespace praetor::kv
