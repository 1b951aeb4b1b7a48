// The catalog: nodes, services and checks of the datacenter, as the log's
// commands leave them, and the questions about them. Pure; the concept of
// runtime/base/owner.hpp. Owned by the catalog actor.
//
// Only routes: rows and undo are in tables.hpp, the rules of writing in
// writer.hpp and transactions.hpp, reading in queries.hpp.

#pragma once

#include "actors/catalog/core/queries.hpp"
#include "actors/catalog/core/tables.hpp"
#include "actors/catalog/core/vocabulary.hpp"
#include "actors/catalog/core/writer.hpp"
#include "runtime/base/owner.hpp"

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::catalog {

/// See runtime/base/owner.hpp for what the members promise.
class catalog_core {
public:
  using query = catalog::query;
  using command = catalog::command;

  static constexpr auto name = "catalog";

  /// The tables whose rows this core loads.
  static constexpr std::array<std::string_view, 5> tables = {
    "node", "service", "check", "catalog_index", "autopilot"};

  command_result apply(log_index index, cluster_time ts, const command& x);

  /// What was prepared shows in answers: nobody may ask before the decision.
  command_result prepare(log_index index, cluster_time ts, const command& x);
  void commit();
  void abort();

  answer evaluate(const query& q) const { return catalog::evaluate(rows_, q); }

  std::vector<topic> topics(const query& q) const { return topics_of(q); }

  static bool cacheable(const query& q);

  std::vector<std::string> take_touched();

  /// A node's loss comes after those of its checks. Names as stored.
  std::vector<liveness_loss> take_losses();

  std::vector<row> take_changed_rows() { return rows_.take_changed_rows(); }

  status load(const row& x) { return rows_.load(x); }

  void check_invariants() const { rows_.check_invariants(); }

private:
  struct outcome {
    errc code{};
    std::string body;
  };

  outcome run(const register_node& x, writer& changes);
  outcome run(const deregister_node& x, writer& changes);
  outcome run(const guard_session& x, writer& changes);
  outcome run(const transaction& x, writer& changes);
  outcome run(const set_autopilot& x, writer& changes);
  outcome run(const update_coordinates& x, writer& changes);

  catalog::tables rows_;
  /// Of the command that is prepared.
  effects prepared_;
  /// Of committed ones.
  std::set<std::string> touched_;
  std::vector<liveness_loss> losses_;
};

} // namespace praetor::catalog
