// Anti-entropy: what the catalog must be told so that it shows this node as it
// is. Pure: compares, plans, and takes note of what arrived.
//
// Marks on the entries of `local_state` say what is open. A full sync compares
// with a snapshot of the catalog (`reconcile`), a push round sends everything
// that is dirty (`plan`) and notes each outcome (`done`).
// Source: Consul 1.8, agent/local/state.go (updateSyncState, SyncChanges).

#pragma once

#include "actors/agent/core/local_state.hpp"
#include "actors/catalog/messages.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace praetor::agent {

/// One command for the catalog, and what it brings in sync.
struct push {
  enum class kind : std::uint8_t {
    node,
    drop_service,
    drop_check,
    service,
    check,
  };
  kind what = kind::node;
  std::string id;
  std::uint64_t revision = 0;
  /// Checks that go with their service, with their revisions.
  std::vector<std::pair<std::string, std::uint64_t>> riders;
  catalog::command command;
};

/// How many rows one comparison found wrong.
struct differences {
  std::size_t missing = 0;
  std::size_t surplus = 0;
  /// Tags were taken over from the catalog.
  bool tags_adopted = false;
};

/// See the head of the file.
class catalog_sync {
public:
  /// @pre `state` outlives this object.
  /// @param node What the catalog should have about this node.
  catalog_sync(local_state& state, catalog::node_row node)
    : state_{state}, node_{std::move(node)} {}

  /// Marks everything where the catalog differs, and gives what failed before
  /// another chance.
  differences reconcile(const catalog::node_snapshot& snapshot);

  /// Everything dirty, in the order in which it must be sent: the node, what
  /// goes, services with their checks, other checks.
  std::vector<push> plan();

  /// The catalog answered, or did not. Changes since the plan stay dirty.
  void done(const push& what, bool success);

  /// Whether `plan` would return anything.
  bool has_changes() const;

private:
  void reconcile_services(const catalog::node_snapshot& snapshot,
                          differences& out);
  void reconcile_checks(const catalog::node_snapshot& snapshot,
                        differences& out);
  catalog::register_node envelope() const;
  push push_service(const std::string& id, local_service& service);

  local_state& state_;
  catalog::node_row node_;
  sync_mark node_mark_ = sync_mark::in_sync;
};

} // namespace praetor::agent
