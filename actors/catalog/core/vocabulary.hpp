// What the catalog can be asked: the closed list of commands that log entries
// carry, and the questions that reads ask. Pure data; the messages around them
// are in actors/catalog/messages.hpp.

#pragma once

#include "actors/catalog/core/rows.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::catalog {

// -- commands -----------------------------------------------------------------

/// PUT /v1/catalog/register: node, service and checks in one step. The api has
/// filled in defaults that do not depend on the state (ids, weights, status).
/// Result: `true`, or rejected with the contract's text.
struct register_node {
  node_row node;
  /// An existing node record stays as it is.
  bool skip_node_update = false;
  std::optional<service_row> service;
  std::vector<check_row> checks;

  template <class Inspector>
  friend auto inspect(Inspector& f, register_node& x) {
    return f(x.node, x.skip_node_update, x.service, x.checks);
  }
};

/// PUT /v1/catalog/deregister: the service if given, else the check if given,
/// else the whole node. Result: `true`; rejected with `Must provide node`.
struct deregister_node {
  std::string node;
  std::string service_id;
  std::string check_id;

  template <class Inspector>
  friend auto inspect(Inspector& f, deregister_node& x) {
    return f(x.node, x.service_id, x.check_id);
  }
};

/// Changes nothing: is the node registered, and is every check there and not
/// critical? The first half of session creation. Rejected with
/// `Missing node registration`, `Missing check '<id>' registration`,
/// `Check '<id>' is in critical state`.
struct guard_session {
  std::string node;
  std::vector<std::string> checks;

  template <class Inspector>
  friend auto inspect(Inspector& f, guard_session& x) {
    return f(x.node, x.checks);
  }
};

/// Verbs of node, service and check operations in transactions. On disk.
enum class verb : std::uint8_t { get = 1, set, cas, remove, remove_cas };

/// One operation of a transaction. The ModifyIndex to compare with is the
/// row's `modify_index` (0: must not exist).
struct operation {
  std::uint32_t position = 0;
  verb what = verb::get;
  std::variant<node_row, service_row, check_row> target;

  template <class Inspector>
  friend auto inspect(Inspector& f, operation& x) {
    return f(x.position, x.what, x.target);
  }
};

/// All operations or none. The result's body is an encoded
/// `transaction_outcome`, with code conflict if any operation failed.
struct transaction {
  std::vector<operation> operations;

  template <class Inspector>
  friend auto inspect(Inspector& f, transaction& x) {
    return f(x.operations);
  }
};

/// Same layout as kv::transaction_outcome.
struct transaction_outcome {
  /// (position, element of "Results", e.g. {"Node":{...}}), by position.
  std::vector<std::pair<std::uint32_t, std::string>> results;
  /// (position, text of "What"), by position.
  std::vector<std::pair<std::uint32_t, std::string>> errors;

  template <class Inspector>
  friend auto inspect(Inspector& f, transaction_outcome& x) {
    return f(x.results, x.errors);
  }
};

/// How the leader looks after the servers from now on. The row's indexes do not
/// count. Result: `true`, or `false` if the comparison lost.
struct set_autopilot {
  autopilot_row config;
  /// The ModifyIndex that it must have; 0: there must be none yet.
  std::optional<log_index> expected;

  template <class Inspector>
  friend auto inspect(Inspector& f, set_autopilot& x) {
    return f(x.config, x.expected);
  }
};

/// Where nodes are; those that are not registered are left out. Result:
/// nothing.
struct update_coordinates {
  std::vector<coordinate_row> rows;

  template <class Inspector>
  friend auto inspect(Inspector& f, update_coordinates& x) {
    return f(x.rows);
  }
};

/// The closed list. On disk: append only.
using command = std::variant<register_node, deregister_node, guard_session,
                             transaction, set_autopilot, update_coordinates>;

// -- queries ------------------------------------------------------------------

enum class query_kind : std::uint8_t {
  /// All nodes (node_meta).
  nodes,
  /// Map of service names to tags (node_meta).
  services,
  /// name = service: instances as catalog/service shows them (tags, node_meta).
  service_nodes,
  /// name = service: proxies of it and native instances (catalog/connect).
  connect_nodes,
  /// name = node name, id or unique id prefix: {"Node","Services":{}} or null.
  node,
  /// name = node: {"Node","Services":[]}.
  node_services,
  /// name = node: its checks.
  checks_of_node,
  /// name = service: checks of all its instances (node_meta).
  checks_of_service,
  /// name = any, passing, warning, critical (node_meta).
  checks_in_state,
  /// name = service: health entries (tags, node_meta, passing).
  health_service,
  /// Like health_service for proxies and native instances (health/connect).
  health_connect,
  /// /v1/internal/ui/nodes.
  ui_nodes,
  /// name = node; not found if unknown.
  ui_node,
  /// /v1/internal/ui/services.
  ui_services,
  /// name = node: encoded `node_snapshot`, for the agent's anti-entropy.
  node_snapshot,
  /// Encoded vector of `registered_node`, for the leader, who compares it with
  /// the members.
  registered_nodes,
  /// Encoded `autopilot_row`; not found until a leader has set it.
  autopilot,
  /// /v1/coordinate/nodes.
  coordinates,
  /// name = node: the same with one; not found if there is none.
  coordinate_of_node,
};

/// For whoever has to know whether a number is one.
inline constexpr auto last_query_kind = query_kind::coordinate_of_node;

/// One distinct question.
struct query {
  query_kind kind = query_kind::nodes;
  std::string name;
  /// All must match, ignoring case; `tag=` is one empty string.
  std::vector<std::string> tags;
  /// (key, value) that must all match.
  std::vector<std::pair<std::string, std::string>> node_meta;
  /// health_*: only entries whose checks are all passing.
  bool passing = false;
  /// A node: what is near it comes first, if it is known where it is.
  std::string near;

  friend auto operator<=>(const query&, const query&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, query& x) {
    return f(x.kind, x.name, x.tags, x.node_meta, x.passing, x.near);
  }
};

/// Everything the catalog has about one node.
struct node_snapshot {
  std::optional<node_row> node;
  std::vector<service_row> services;
  std::vector<check_row> checks;

  template <class Inspector>
  friend auto inspect(Inspector& f, node_snapshot& x) {
    return f(x.node, x.services, x.checks);
  }
};

/// The check of a node that says what gossip knows of it, and the service that
/// servers are instances of. Source: Consul, structs.SerfCheckID,
/// structs.ConsulServiceID.
inline constexpr auto serf_check = "serfHealth";
inline constexpr auto server_service = "consul";

/// A node, with what the leader keeps in step with the members.
struct registered_node {
  node_row node;
  /// Of its `serf_check`, if it has one.
  std::optional<std::string> serf_status;
  std::optional<service_row> server;

  template <class Inspector>
  friend auto inspect(Inspector& f, registered_node& x) {
    return f(x.node, x.serf_status, x.server);
  }
};

} // namespace praetor::catalog
