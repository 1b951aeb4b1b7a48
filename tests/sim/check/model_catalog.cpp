// The model's nodes, services and checks.

#include "tests/sim/check/model.hpp"

#include <utility>

namespace praetor::sim {

namespace {

constexpr auto critical = "critical";

std::pair<std::string, std::string> id_of(const catalog::service_row& x) {
  return {x.node, x.id};
}

std::pair<std::string, std::string> id_of(const catalog::check_row& x) {
  return {x.node, x.id};
}

} // namespace

expectation model::run(const catalog::command& x) {
  catalog_draft d;
  if (const auto* put = std::get_if<catalog::register_node>(&x)) {
    if (!run_register(*put, d))
      return {errc::rejected, {}, std::nullopt};
    keep(d);
    end_for(d.losses);
    return {{}, "true", std::nullopt};
  }
  if (const auto* gone = std::get_if<catalog::deregister_node>(&x)) {
    if (gone->node.empty())
      return {errc::rejected, {}, std::nullopt};
    run_deregister(*gone, d);
    keep(d);
    end_for(d.losses);
    return {{}, "true", std::nullopt};
  }
  if (std::holds_alternative<catalog::guard_session>(x)
      || std::holds_alternative<catalog::update_coordinates>(x))
    return {{}, {}, std::nullopt};
  if (const auto* set = std::get_if<catalog::set_autopilot>(&x)) {
    if (set->expected && *set->expected != autopilot_index_)
      return {{}, "false", std::nullopt};
    autopilot_index_ = last_;
    return {{}, "true", std::nullopt};
  }
  transaction_view view;
  run_rows(std::get<catalog::transaction>(x), d, view);
  if (!view.errors.empty()) {
    view.results.clear();
    return {errc::conflict, {}, std::move(view)};
  }
  keep(d);
  end_for(d.losses);
  return {{}, {}, std::move(view)};
}

/// Whether node and checks of a new session are there and well.
bool model::guard(const kv::session_row& x) const {
  const catalog_draft d;
  if (!has_node(d, x.node))
    return false;
  auto checks = x.node_checks;
  checks.insert(checks.end(), x.service_checks.begin(), x.service_checks.end());
  for (const auto& id : checks) {
    const auto check = find_check(d, {x.node, id});
    if (!check || check->status == critical)
      return false;
  }
  return true;
}

// -- looking ------------------------------------------------------------------

bool model::has_node(const catalog_draft& d, const std::string& name) const {
  if (const auto at = d.nodes.find(name); at != d.nodes.end())
    return at->second.has_value();
  const auto at = nodes_.find(name);
  return at != nodes_.end() && at->second.now() != nullptr;
}

std::optional<service_model> model::find(const catalog_draft& d,
                                         const row_id& id) const {
  if (const auto at = d.services.find(id); at != d.services.end())
    return at->second;
  const auto at = services_.find(id);
  if (at == services_.end() || at->second.now() == nullptr)
    return std::nullopt;
  return *at->second.now();
}

std::optional<check_model> model::find_check(const catalog_draft& d,
                                             const row_id& id) const {
  if (const auto at = d.checks.find(id); at != d.checks.end())
    return at->second;
  const auto at = checks_.find(id);
  if (at == checks_.end() || at->second.now() == nullptr)
    return std::nullopt;
  return *at->second.now();
}

// -- writing ------------------------------------------------------------------

bool model::ensure(catalog_draft& d, const catalog::node_row& x) const {
  if (!has_node(d, x.name))
    d.nodes[x.name] = last_;
  return true;
}

bool model::ensure(catalog_draft& d, const catalog::service_row& x) const {
  if (!has_node(d, x.node))
    return false;
  const auto old = find(d, id_of(x));
  service_model next{x.name, x.port, old ? old->modify_index : last_};
  if (old && *old == next)
    return true;
  next.modify_index = last_;
  d.services[id_of(x)] = std::move(next);
  return true;
}

bool model::ensure(catalog_draft& d, const catalog::check_row& x) const {
  if (!has_node(d, x.node))
    return false;
  if (!x.service_id.empty() && !find(d, {x.node, x.service_id}))
    return false;
  const auto old = find_check(d, id_of(x));
  check_model next{x.status, x.service_id, old ? old->modify_index : last_};
  if (old && *old == next)
    return true;
  if (x.status == critical && (!old || old->status != critical))
    d.losses.push_back({x.node, x.id});
  next.modify_index = last_;
  d.checks[id_of(x)] = std::move(next);
  return true;
}

void model::drop_node(catalog_draft& d, const std::string& name) const {
  if (!has_node(d, name))
    return;
  std::set<row_id> services;
  std::set<row_id> checks;
  for (const auto& [id, rows] : services_)
    services.insert(id);
  for (const auto& [id, row] : d.services)
    services.insert(id);
  for (const auto& [id, rows] : checks_)
    checks.insert(id);
  for (const auto& [id, row] : d.checks)
    checks.insert(id);
  for (const auto& id : services)
    if (id.first == name)
      drop_service(d, id);
  for (const auto& id : checks)
    if (id.first == name)
      drop_check(d, id);
  d.losses.push_back({name, std::nullopt});
  d.nodes[name].reset();
}

void model::drop_service(catalog_draft& d, const row_id& id) const {
  if (!find(d, id))
    return;
  std::set<row_id> checks;
  for (const auto& [check, rows] : checks_)
    checks.insert(check);
  for (const auto& [check, row] : d.checks)
    checks.insert(check);
  for (const auto& check : checks) {
    const auto row = find_check(d, check);
    if (check.first == id.first && row && row->service_id == id.second)
      drop_check(d, check);
  }
  d.services[id].reset();
}

void model::drop_check(catalog_draft& d, const row_id& id) const {
  if (!find_check(d, id))
    return;
  d.losses.push_back({id.first, id.second});
  d.checks[id].reset();
}

bool model::run_register(const catalog::register_node& x,
                         catalog_draft& d) const {
  if (x.node.name.empty() || (x.node.address.empty() && !x.skip_node_update))
    return false;
  ensure(d, x.node);
  if (x.service) {
    auto service = *x.service;
    service.node = x.node.name;
    if (!ensure(d, service))
      return false;
  }
  for (auto check : x.checks) {
    if (check.node.empty())
      check.node = x.node.name;
    if (check.node != x.node.name || !ensure(d, check))
      return false;
  }
  return true;
}

void model::run_deregister(const catalog::deregister_node& x,
                           catalog_draft& d) const {
  if (!x.service_id.empty())
    drop_service(d, {x.node, x.service_id});
  else if (!x.check_id.empty())
    drop_check(d, {x.node, x.check_id});
  else
    drop_node(d, x.node);
}

// -- transactions -------------------------------------------------------------

void model::run_rows(const catalog::transaction& x, catalog_draft& d,
                     transaction_view& out) const {
  for (const auto& op : x.operations)
    run_row(op, d, out);
}

void model::run_row(const catalog::operation& op, catalog_draft& d,
                    transaction_view& out) const {
  const auto fail = [&op, &out] { out.errors.push_back(op.position); };
  if (const auto* node = std::get_if<catalog::node_row>(&op.target)) {
    if (!ensure(d, *node))
      return fail();
    const auto at = d.nodes.find(node->name);
    const auto index =
      at != d.nodes.end()
        ? at->second
        : std::optional<log_index>{*nodes_.at(node->name).now()};
    return out.results.push_back(
      {op.position, "Node", node->name, "", index.value_or(0)});
  }
  if (const auto* service = std::get_if<catalog::service_row>(&op.target)) {
    if (!ensure(d, *service))
      return fail();
    return out.results.push_back({op.position, "Service", service->id, "",
                                  find(d, id_of(*service))->modify_index});
  }
  const auto& check = std::get<catalog::check_row>(op.target);
  const auto old = find_check(d, id_of(check));
  const auto stale = op.what == catalog::verb::cas
                     && (old ? old->modify_index : 0) != check.modify_index;
  if (stale || !ensure(d, check))
    return fail();
  out.results.push_back({op.position, "Check", check.node + "/" + check.id,
                         check.status,
                         find_check(d, id_of(check))->modify_index});
}

void model::keep(const catalog_draft& d) {
  for (const auto& [name, x] : d.nodes)
    nodes_[name].set(last_, x);
  for (const auto& [id, x] : d.services)
    services_[id].set(last_, x);
  for (const auto& [id, x] : d.checks)
    checks_[id].set(last_, x);
  if (!d.nodes.empty() || !d.services.empty() || !d.checks.empty())
    note(scope::catalog);
}

} // namespace praetor::sim
