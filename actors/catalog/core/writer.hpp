// The rules of writing: what a registration changes, which indexes rise, whom
// that concerns. Pure. One writer serves one log entry.
//
// A write that changes nothing leaves ModifyIndex and the data indexes alone,
// so that it wakes nobody; only the index of the table of checks rises with
// every write of a check. A service's index rises with everything that its
// instances' health entries show.
//
// Source: Consul 1.8.7, measured. Two things are better here: an instance that
// changes its service's name, or a check that changes its service, also raises
// the index of the one it leaves; and when the last proxy of a service goes,
// that counts as an extinction, so that no index ever goes back.

#pragma once

#include "actors/catalog/core/rows.hpp"
#include "actors/catalog/core/tables.hpp"
#include "actors/catalog/core/vocabulary.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/result.hpp"

#include <set>
#include <string>
#include <vector>

namespace praetor::catalog {

/// What a command does besides changing rows.
struct effects {
  /// Names as in names.hpp.
  std::set<std::string> touched;
  std::vector<liveness_loss> losses;
};

/// See the head of the file. After an error the caller undoes the tables.
class writer {
public:
  /// @pre `rows` and `out` outlive the writer.
  writer(tables& rows, effects& out, log_index index)
    : rows_{rows}, out_{out}, index_{index} {}

  /// A whole registration. Errors: rejected, with the sentence for the client.
  status register_all(const register_node& x);

  /// Adds or replaces a record. If its id had another name, the node of that
  /// name goes with all it has. Errors: rejected (the name is taken).
  status ensure_node(node_row x);

  /// Adds or replaces an instance. Errors: rejected.
  status ensure_service(service_row x);

  /// Adds or replaces a check. Its service's name and tags are copied into it.
  /// Errors: rejected.
  status ensure_check(check_row x);

  /// Each of the three: no effect if there is none.
  void remove_node(const std::string& key);
  void remove_service(const row_key& key);
  void remove_check(const row_key& key);

  /// Its indexes are this entry's, but for the first one's that is kept.
  void set_autopilot(autopilot_row x);

  /// Does nothing if the node is not registered.
  void set_coordinate(coordinate_row x);

private:
  status check_name_is_free(const node_row& x, bool may_take_from_nameless);
  void raise_table(const char* name);
  void raise_service(const std::string& service);
  void raise_services_of(const std::string& node);
  void raise_for(const check_row& x);
  void forget_if_extinct(const service_row& gone);
  void touch_node(const std::string& node);
  void touch_check(const check_row& x);

  tables& rows_;
  effects& out_;
  log_index index_;
};

} // namespace praetor::catalog
