// Part of local_state: definitions from files, and what was stored before the
// restart.

#include "actors/agent/core/local_state.hpp"

#include <set>
#include <utility>

namespace praetor::agent {

status local_state::load(const std::vector<row>& rows, const moment& at) {
  std::vector<stored_check> checks;
  for (const auto& x : rows) {
    if (x.table == service_table) {
      auto stored = read_row<stored_service>(x);
      if (!stored)
        return stored.error();
      agent::register_service what;
      what.service = std::move(stored->row);
      what.service.node = options_.node;
      what.token = std::move(stored->token);
      what.sidecar_of = std::move(stored->sidecar_of);
      put_service(std::move(what), at);
    } else if (x.table == check_table) {
      auto stored = read_row<stored_check>(x);
      if (!stored)
        return stored.error();
      checks.push_back(std::move(*stored));
    } else if (x.table == ttl_table) {
      auto stored = read_row<stored_ttl>(x);
      if (!stored)
        return stored.error();
      stored_ttls_[x.key] = std::move(*stored);
    }
  }
  effects_.rows.clear(); // they are stored already
  for (auto& x : checks) {
    const auto& service_id = x.plan.service_id;
    // A file may define the service later; until then the row is kept and the
    // check is not carried out.
    if (!service_id.empty() && !services_.contains(service_id)) {
      orphans_.push_back(std::move(x));
      continue;
    }
    x.plan.status = "critical";
    put_check(std::move(x.plan), origin::api, x.maintenance, at);
  }
  effects_.rows.clear();
  return ok;
}

status local_state::load_definitions(const agent::load_definitions& what,
                                     const moment& at) {
  std::vector<agent::register_service> services;
  std::set<std::string> service_ids;
  std::set<std::string> check_ids;
  for (const auto& x : what.services) {
    if (auto good = refuse(x); !good)
      return error{good.error().code, "Failed to register service "
                                        + go_quote(x.service.name) + ": "
                                        + good.error().context};
    auto complete_one = complete(x);
    if (!complete_one)
      return complete_one.error();
    complete_one->from = origin::file;
    service_ids.insert(complete_one->service.id);
    for (const auto& y : complete_one->checks)
      check_ids.insert(y.id);
    services.push_back(std::move(*complete_one));
  }
  for (const auto& x : what.checks) {
    auto good = check_scripts(x.check, origin::file, options_.scripts);
    const auto& id = x.check.service_id;
    const auto old = services_.find(id);
    if (good && !id.empty() && !service_ids.contains(id)
        && (old == services_.end() || old->second.from == origin::file))
      good =
        error{errc::rejected, "ServiceID " + go_quote(id) + " does not exist"};
    if (!good)
      return error{good.error().code, "Failed to register check '"
                                        + x.check.name
                                        + "': " + good.error().context};
    check_ids.insert(x.check.id.empty() ? x.check.name : x.check.id);
  }
  remove_files_not_in(service_ids, check_ids);
  for (auto& x : services)
    put_service(std::move(x), at);
  for (const auto& x : what.checks) {
    auto plan = x.check;
    if (plan.id.empty())
      plan.id = plan.name;
    put_check(std::move(plan), origin::file, false, at);
  }
  adopt_orphans(at);
  return ok;
}

void local_state::remove_files_not_in(const std::set<std::string>& service_ids,
                                      const std::set<std::string>& check_ids) {
  std::vector<std::string> gone;
  for (const auto& [id, x] : services_)
    if (x.from == origin::file && !service_ids.contains(id))
      gone.push_back(id);
  for (const auto& id : gone)
    deregister_service(id);
  gone.clear();
  for (const auto& [id, x] : checks_)
    if (x.from == origin::file && !check_ids.contains(id))
      gone.push_back(id);
  for (const auto& id : gone)
    remove_check(id);
}

void local_state::adopt_orphans(const moment& at) {
  for (auto& x : std::exchange(orphans_, {})) {
    const auto& id = x.plan.id;
    if (!services_.contains(x.plan.service_id)) {
      effects_.rows.push_back(removed_row(check_table, id));
      effects_.rows.push_back(removed_row(ttl_table, id));
    } else if (!checks_.contains(id)) {
      x.plan.status = "critical";
      put_check(std::move(x.plan), origin::api, x.maintenance, at);
    } else {
      effects_.rows.push_back(removed_row(check_table, id));
    }
  }
}

} // namespace praetor::agent
