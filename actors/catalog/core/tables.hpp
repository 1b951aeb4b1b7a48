// The catalog's rows, found by every key that a question or a rule needs, with
// undo of what has not been committed and a note of what a checkpoint lacks.
// Pure; knows nothing of the rules.
//
// All keys are in lower case. Only `write` changes rows: it notes the row that
// was there (the journal) and keeps the secondary maps in step, so that undoing
// is nothing but writing the noted rows in reverse. Secondary maps point into
// the primary ones, whose nodes never move.
//
// A checkpoint's tables are "node", "service", "check", "catalog_index",
// "autopilot" and "coordinate"; a row's key is the lower-cased name, for
// services and checks an encoded `row_key`, for the only row of autopilot a
// word; its value is the encoded row.

#pragma once

#include "actors/catalog/core/rows.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/result.hpp"

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::catalog {

/// Names a service or a check: its node and its id, both in lower case.
struct row_key {
  std::string node;
  std::string id;

  friend auto operator<=>(const row_key&, const row_key&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, row_key& x) {
    return f(x.node, x.id);
  }
};

row_key make_key(std::string_view node, std::string_view id);
std::string key_of(const node_row& x);
row_key key_of(const service_row& x);
row_key key_of(const check_row& x);
/// There is one row at most.
std::string key_of(const autopilot_row& x);
std::string key_of(const coordinate_row& x);

/// The service that an instance serves in the mesh, in lower case: a proxy's
/// destination, or a Connect-native instance's own name. Mostly none.
std::optional<std::string> connect_target(const service_row& x);

using service_refs = std::map<row_key, const service_row*>;
using check_refs = std::map<row_key, const check_row*>;

/// See the head of the file. Pointers that are returned hold until the row they
/// point to is erased.
class tables {
public:
  tables() = default;
  tables(tables&&) = default;
  tables& operator=(tables&&) = default;
  // A copy's secondary maps would point into the original.
  tables(const tables&) = delete;
  tables& operator=(const tables&) = delete;

  // -- primary keys -----------------------------------------------------------

  const std::map<std::string, node_row>& nodes() const { return nodes_.rows; }
  const std::map<row_key, service_row>& services() const {
    return services_.rows;
  }
  const std::map<row_key, check_row>& checks() const { return checks_.rows; }

  /// Each of the four: nullptr if there is none.
  const node_row* find_node(std::string_view name) const;
  const node_row* find_node_by_id(std::string_view uuid) const;
  const service_row* find_service(const row_key& key) const;
  const check_row* find_check(const row_key& key) const;

  /// The only node whose id begins so; dashes and case do not count.
  const node_row* find_node_by_id_prefix(std::string_view prefix) const;

  /// nullptr until it is set.
  const autopilot_row* find_autopilot() const;

  /// By node.
  const std::map<std::string, coordinate_row>& coordinates() const {
    return coordinates_.rows;
  }
  const coordinate_row* find_coordinate(std::string_view node) const;

  /// Names as in names.hpp.
  std::optional<log_index> find_index(const std::string& name) const;
  /// The same, 0 if there is none.
  log_index index(const std::string& name) const;

  // -- secondary keys, in lower case ------------------------------------------

  /// By service id.
  std::vector<const service_row*> services_of(std::string_view node) const;

  /// By check id.
  std::vector<const check_row*> checks_of(std::string_view node) const;

  /// Appends the checks of a service by check id; of the node itself if `id` is
  /// empty.
  void append_checks(std::vector<const check_row*>& out, std::string_view node,
                     std::string_view service_id) const;

  /// By node and service id.
  const service_refs& instances(const std::string& service) const;

  /// Proxies of a service and its native instances.
  const service_refs& connect_instances(const std::string& service) const;

  /// What the instances of a service are `connect_target`s for.
  std::vector<std::string> targets(const std::string& service) const;

  /// By node and check id; checks name a service even when it is gone.
  const check_refs& checks_naming(const std::string& service) const;

  const check_refs& checks_in_state(const std::string& status) const;

  // -- writing ----------------------------------------------------------------

  void put(node_row x);
  void put(service_row x);
  void put(check_row x);
  void put(autopilot_row x);
  void put(coordinate_row x);
  void put_index(const std::string& name, std::optional<log_index> x);
  void erase_node(const std::string& key);
  void erase_service(const row_key& key);
  void erase_check(const row_key& key);
  void erase_coordinate(const std::string& key);

  /// Makes what was written since the last `commit` or `undo` final.
  void commit();

  /// Takes back what was written since the last `commit` or `undo`.
  void undo();

  // -- checkpoint -------------------------------------------------------------

  /// Committed rows that changed since the last call. O(changes).
  std::vector<row> take_changed_rows();

  /// Adds a row of a checkpoint, in any order. Errors: corruption.
  status load(const row& x);

  /// Asserts that the secondary maps follow from the rows, and that every
  /// service and check has what it refers to. O(rows).
  void check_invariants() const;

private:
  template <class Key, class Row>
  struct table {
    std::map<Key, Row> rows;
    std::set<Key> changed;
  };

  /// What `write` found.
  template <class Key, class Row>
  struct change {
    Key key;
    std::optional<Row> before;
  };

  using any_change =
    std::variant<change<std::string, node_row>, change<row_key, service_row>,
                 change<row_key, check_row>, change<std::string, log_index>,
                 change<std::string, autopilot_row>,
                 change<std::string, coordinate_row>>;

  /// Everything that follows from the rows.
  struct secondary {
    /// Bare id to name.
    std::map<std::string, std::string> ids;
    std::map<std::string, service_refs> by_service;
    std::map<std::string, service_refs> by_target;
    /// Service to targets to number of instances.
    std::map<std::string, std::map<std::string, std::size_t>> targets;
    /// Node, service id (empty: the node's own), check id.
    std::map<std::tuple<std::string, std::string, std::string>,
             const check_row*>
      by_owner;
    std::map<std::string, check_refs> by_service_name;
    std::map<std::string, check_refs> by_status;

    friend bool operator==(const secondary&, const secondary&) = default;

    void link(const std::string& key, const node_row& x);
    void link(const row_key& key, const service_row& x);
    void link(const row_key& key, const check_row& x);
    void link(const std::string&, log_index) {}
    void link(const std::string&, const autopilot_row&) {}
    void link(const std::string&, const coordinate_row&) {}
    void unlink(const std::string& key, const node_row& x);
    void unlink(const row_key& key, const service_row& x);
    void unlink(const row_key& key, const check_row& x);
    void unlink(const std::string&, log_index) {}
    void unlink(const std::string&, const autopilot_row&) {}
    void unlink(const std::string&, const coordinate_row&) {}
  };

  table<std::string, node_row>& table_of(const node_row*) { return nodes_; }
  table<row_key, service_row>& table_of(const service_row*) {
    return services_;
  }
  table<row_key, check_row>& table_of(const check_row*) { return checks_; }
  table<std::string, log_index>& table_of(const log_index*) { return indexes_; }
  table<std::string, autopilot_row>& table_of(const autopilot_row*) {
    return autopilot_;
  }
  table<std::string, coordinate_row>& table_of(const coordinate_row*) {
    return coordinates_;
  }

  /// Sets or (without `now`) erases a row; returns what was there.
  template <class Key, class Row>
  std::optional<Row> write(const Key& key, std::optional<Row> now);

  template <class Key, class Row>
  void record(const Key& key, std::optional<Row> now);

  template <class Key, class Row>
  status load_row(const row& x,
                  bool (*matches)(const std::string&, const Row&));

  table<std::string, node_row> nodes_;
  table<row_key, service_row> services_;
  table<row_key, check_row> checks_;
  table<std::string, log_index> indexes_;
  table<std::string, autopilot_row> autopilot_;
  table<std::string, coordinate_row> coordinates_;
  secondary by_;
  std::vector<any_change> journal_;
};

} // namespace praetor::catalog
