// The sessions, and what rests on what: sessions on nodes and checks.
//
// Pure. Part of `kv_core`.

#pragma once

#include "actors/kv/core/vocabulary.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/result.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::kv {

/// Returns the id in the one form that rows have (lower case, 8-4-4-4-12) if it
/// can be that of a session at all. Errors: rejected with Consul's text.
result<std::string> session_id(std::string_view text);

/// Sessions by id.
///
/// Invariant: `by_node_` holds exactly the sessions, under their node's name in
/// lower case.
class session_table {
public:
  using rows = std::map<std::string, session_row, std::less<>>;

  /// Returns the session, or null. `id` is in canonical form.
  const session_row* find(std::string_view id) const;

  /// Adds a session that is not there; its `modify_index` is the table's.
  void add(session_row x);

  /// Removes a session that is there.
  session_row remove(std::string_view id, log_index index);

  /// Returns the ids of the sessions of a node, in order. Case is ignored.
  std::vector<std::string> of_node(std::string_view node) const;

  /// Returns the ids of the sessions that a loss ends, in order.
  std::vector<std::string> ended_by(const liveness_loss& loss) const;

  const rows& all() const { return rows_; }

  /// Returns the index of the last change of any session.
  log_index max_index() const { return max_index_; }

  // -- checkpoints ------------------------------------------------------------

  /// Returns the ids that came or went since last asked, in order.
  std::set<std::string> take_changed();

  /// Adds a session of a checkpoint that is not there.
  void load(session_row x);

  /// Restores the index, which outlives the sessions.
  void load_max_index(log_index index);

  void check_invariants() const;

private:
  rows rows_;
  std::map<std::string, std::set<std::string>, std::less<>> by_node_;
  std::set<std::string> changed_;
  log_index max_index_ = 0;
};

} // namespace praetor::kv
