#include "actors/catalog/core/catalog_core.hpp"

#include "actors/catalog/core/texts.hpp"
#include "actors/catalog/core/transactions.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/sometimes.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace praetor::catalog {

// -- commands -----------------------------------------------------------------

command_result catalog_core::apply(log_index index, cluster_time ts,
                                   const command& x) {
  auto out = prepare(index, ts, x);
  commit();
  return out;
}

command_result catalog_core::prepare(log_index index, cluster_time,
                                     const command& x) {
  writer changes{rows_, prepared_, index};
  auto done = std::visit(
    [this, &changes](const auto& what) { return run(what, changes); }, x);
  if (done.code != errc{})
    abort();
  return {done.code, std::move(done.body), index};
}

void catalog_core::commit() {
  rows_.commit();
  touched_.merge(prepared_.touched);
  std::move(prepared_.losses.begin(), prepared_.losses.end(),
            std::back_inserter(losses_));
  prepared_ = {};
}

void catalog_core::abort() {
  sometimes("catalog.command_undone");
  rows_.undo();
  prepared_ = {};
}

catalog_core::outcome catalog_core::run(const register_node& x,
                                        writer& changes) {
  if (auto s = check_request(x); !s)
    return {s.error().code, s.error().context};
  if (auto s = changes.register_all(x); !s)
    return {s.error().code, s.error().context};
  return {{}, "true"};
}

catalog_core::outcome catalog_core::run(const deregister_node& x,
                                        writer& changes) {
  if (x.node.empty())
    return {errc::rejected, "Must provide node"};
  if (!x.service_id.empty())
    changes.remove_service(make_key(x.node, x.service_id));
  else if (!x.check_id.empty())
    changes.remove_check(make_key(x.node, x.check_id));
  else
    changes.remove_node(to_lower(x.node));
  return {{}, "true"};
}

catalog_core::outcome catalog_core::run(const guard_session& x, writer&) {
  if (rows_.find_node(x.node) == nullptr)
    return {errc::rejected, "Missing node registration"};
  for (const auto& id : x.checks) {
    const auto* check = rows_.find_check(make_key(x.node, id));
    if (check == nullptr)
      return {errc::rejected, "Missing check '" + id + "' registration"};
    if (check->status == "critical")
      return {errc::rejected, "Check '" + id + "' is in critical state"};
  }
  return {};
}

catalog_core::outcome catalog_core::run(const transaction& x, writer& changes) {
  const auto done = catalog::run(x, rows_, changes);
  return {done.errors.empty() ? errc{} : errc::conflict, encode(done)};
}

catalog_core::outcome catalog_core::run(const set_autopilot& x,
                                        writer& changes) {
  const auto* old = rows_.find_autopilot();
  if (x.expected && *x.expected != (old == nullptr ? 0 : old->modify_index))
    return {{}, "false"};
  changes.set_autopilot(x.config);
  return {{}, "true"};
}

catalog_core::outcome catalog_core::run(const update_coordinates& x,
                                        writer& changes) {
  for (const auto& row : x.rows)
    if (well_formed(row.where))
      changes.set_coordinate(row);
  return {};
}

// -- what a command left behind -----------------------------------------------

/// A snapshot is asked for by one agent and seldom twice; the leader asks for
/// all nodes when something has changed, and for its configuration. What is
/// sorted by distance goes out of order with no row changed that it shows.
bool catalog_core::cacheable(const query& q) {
  return q.kind != query_kind::node_snapshot
         && q.kind != query_kind::registered_nodes
         && q.kind != query_kind::autopilot && q.near.empty()
         && !buggify("catalog.keep_no_answer");
}

std::vector<std::string> catalog_core::take_touched() {
  auto names = std::exchange(touched_, {});
  std::vector<std::string> out;
  out.reserve(names.size());
  while (!names.empty())
    out.push_back(std::move(names.extract(names.begin()).value()));
  return out;
}

std::vector<liveness_loss> catalog_core::take_losses() {
  return std::exchange(losses_, {});
}

} // namespace praetor::catalog
