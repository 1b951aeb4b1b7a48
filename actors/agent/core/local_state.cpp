#include "actors/agent/core/local_state.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace praetor::agent {

namespace {

/// What a TTL check of the last run may still count on.
duration ttl_left(const stored_ttl& x, const moment& at) {
  return std::chrono::milliseconds{x.expires_ms - at.wall_ms};
}

std::int64_t output_max(const health::check_plan& plan,
                        const local_options& options) {
  const auto own = plan.how.output_max_size;
  return own > 0 ? std::min(own, options.check_output_max_size)
                 : options.check_output_max_size;
}

} // namespace

// -- services -----------------------------------------------------------------

status local_state::refuse(const agent::register_service& what) const {
  if (auto good = check_tagged_addresses(what.service); !good)
    return good;
  for (const auto& x : what.checks)
    if (auto good = check_scripts(x, what.from, options_.scripts); !good)
      return good;
  return ok;
}

result<std::int64_t> local_state::free_sidecar_port() const {
  std::set<std::int64_t> used;
  for (const auto& [id, x] : services_)
    used.insert(x.row.port);
  for (auto port = options_.sidecar_port_min; port <= options_.sidecar_port_max;
       ++port)
    if (!used.contains(port))
      return port;
  return error{errc::rejected,
               "unable to allocate port for sidecar; none of the "
                 + std::to_string(options_.sidecar_port_max
                                  - options_.sidecar_port_min + 1)
                 + " ports in range ["
                 + std::to_string(options_.sidecar_port_min) + ", "
                 + std::to_string(options_.sidecar_port_max) + "] are free"};
}

result<agent::register_service>
local_state::complete(const agent::register_service& what) const {
  auto out = what;
  out.to = {};
  out.service.node = options_.node;
  if (out.service.id.empty())
    out.service.id = out.service.name;
  if (!out.sidecar_of.empty() && out.service.port == 0) {
    const auto old = services_.find(out.service.id);
    if (old != services_.end()) {
      out.service.port = old->second.row.port;
    } else {
      auto port = free_sidecar_port();
      if (!port)
        return port.error();
      out.service.port = *port;
    }
  }
  if (!out.sidecar_of.empty() && out.checks.empty())
    out.checks =
      sidecar_checks(out.service.id, out.sidecar_of, out.service.port);
  add_default_addresses(out.service);
  add_check_defaults(out.service, out.checks);
  return out;
}

status local_state::register_service(const agent::register_service& what,
                                     const moment& at) {
  if (auto good = refuse(what); !good)
    return good;
  auto complete_one = complete(what);
  if (!complete_one)
    return complete_one.error();
  put_service(std::move(*complete_one), at);
  return ok;
}

void local_state::put_service(agent::register_service what, const moment& at) {
  const auto id = what.service.id;
  if (what.replace_existing_checks) {
    std::set<std::string> kept;
    for (const auto& x : what.checks)
      kept.insert(x.id);
    std::vector<std::string> gone;
    for (const auto& [check_id, x] : checks_)
      if (x.row.service_id == id && !kept.contains(check_id))
        gone.push_back(check_id);
    for (const auto& x : gone)
      remove_check(x);
  }
  auto& service = services_[id];
  if (what.from == origin::api)
    effects_.rows.push_back(
      stored_row(service_table, id,
                 stored_service{what.service, what.token, what.sidecar_of}));
  else if (service.from == origin::api && service.revision != 0)
    effects_.rows.push_back(removed_row(service_table, id));
  service.row = std::move(what.service);
  service.token = std::move(what.token);
  service.sidecar_of = std::move(what.sidecar_of);
  service.from = what.from;
  touch(service);
  dropped_services_.erase(id);
  for (auto& [check_id, x] : checks_) {
    if (x.row.service_id == id && x.row.service_name != service.row.name) {
      x.row.service_name = service.row.name;
      touch(x);
    }
  }
  for (auto& x : what.checks)
    put_check(std::move(x), what.from, false, at);
}

void local_state::deregister_service(const std::string& id) {
  const auto i = services_.find(id);
  if (i == services_.end())
    return;
  std::vector<std::string> gone;
  for (const auto& [check_id, x] : checks_)
    if (x.row.service_id == id)
      gone.push_back(check_id);
  for (const auto& x : gone) {
    remove_check(x);
    dropped_checks_.erase(x); // goes with the service
  }
  if (i->second.from == origin::api)
    effects_.rows.push_back(removed_row(service_table, id));
  services_.erase(i);
  dropped_services_[id] = sync_mark::dirty;
  const auto sidecar = services_.find(id + "-sidecar-proxy");
  if (sidecar != services_.end() && sidecar->second.sidecar_of == id)
    deregister_service(std::string{sidecar->first});
}

// -- checks -------------------------------------------------------------------

status local_state::refuse(const agent::register_check& what) const {
  const auto& service_id = what.check.service_id;
  if (!service_id.empty() && !services_.contains(service_id))
    return error{errc::rejected,
                 "ServiceID " + go_quote(service_id) + " does not exist"};
  return check_scripts(what.check, what.from, options_.scripts);
}

status local_state::register_check(const agent::register_check& what,
                                   const moment& at) {
  if (auto good = refuse(what); !good)
    return good;
  auto plan = what.check;
  if (plan.id.empty())
    plan.id = plan.name;
  put_check(std::move(plan), what.from, false, at);
  return ok;
}

void local_state::put_check(health::check_plan plan, origin from,
                            bool maintenance, const moment& at) {
  const auto id = plan.id;
  const auto known = checks_.contains(id);
  auto& check = checks_[id];
  if (from == origin::api)
    effects_.rows.push_back(
      stored_row(check_table, id, stored_check{plan, maintenance}));
  else if (known && check.from == origin::api)
    effects_.rows.push_back(removed_row(check_table, id));
  if (known && !check.maintenance)
    effects_.health.emplace_back(health::stop_check{id});
  auto& r = check.row;
  if (!known)
    r.status = plan.status.empty() ? "critical" : plan.status;
  r.node = options_.node;
  r.id = id;
  r.name = plan.name;
  r.notes = plan.notes;
  r.type = maintenance ? "maintenance" : std::string{type_of(plan.how)};
  r.service_id = plan.service_id;
  r.service_name.clear();
  r.service_tags.clear();
  const auto service = services_.find(plan.service_id);
  if (service != services_.end()) {
    r.service_name = service->second.row.name;
    r.service_tags = service->second.row.tags;
  }
  auto& after = plan.how.deregister_after;
  if (after > duration::zero())
    after = std::max(after, deregister_after_min);
  check.plan = std::move(plan);
  check.from = from;
  check.maintenance = maintenance;
  dropped_checks_.erase(id);
  touch(check);
  start(check, at);
}

void local_state::start(local_check& check, const moment& at) {
  const auto& how = check.plan.how;
  if (check.maintenance)
    return;
  health::start_check out{check.plan, duration::zero()};
  const auto stored = stored_ttls_.find(check.row.id);
  if (stored != stored_ttls_.end()) {
    const auto left = ttl_left(stored->second, at);
    if (how.ttl > duration::zero() && left > duration::zero()) {
      check.row.status = stored->second.status;
      check.row.output = stored->second.output;
      out.ttl_left = std::min(left, how.ttl);
    }
    stored_ttls_.erase(stored);
  }
  if (check.row.type != "alias")
    effects_.health.emplace_back(std::move(out));
}

void local_state::deregister_check(const std::string& id) {
  remove_check(id);
}

void local_state::remove_check(const std::string& id) {
  const auto i = checks_.find(id);
  if (i == checks_.end())
    return;
  const auto& check = i->second;
  if (check.from == origin::api)
    effects_.rows.push_back(removed_row(check_table, id));
  if (check.plan.how.ttl > duration::zero())
    effects_.rows.push_back(removed_row(ttl_table, id));
  if (!check.maintenance && check.row.type != "alias")
    effects_.health.emplace_back(health::stop_check{id});
  checks_.erase(i);
  dropped_checks_[id] = sync_mark::dirty;
}

status local_state::update_ttl(const std::string& id,
                               const std::string& status_text,
                               const std::string& output, const moment& at,
                               rng& random) {
  const auto i = checks_.find(id);
  if (i == checks_.end() || i->second.row.type != "ttl")
    return error{errc::rejected,
                 "CheckID " + go_quote(id) + " does not have associated TTL"};
  auto& check = i->second;
  auto text = cut_output(output, output_max(check.plan, options_));
  const auto expires =
    at.wall_ms
    + std::chrono::duration_cast<std::chrono::milliseconds>(check.plan.how.ttl)
        .count();
  effects_.rows.push_back(
    stored_row(ttl_table, id, stored_ttl{status_text, text, expires}));
  effects_.health.emplace_back(health::renew_ttl{id, text});
  set_result(check, status_text, std::move(text), at.now, random);
  evaluate_aliases(at.now, random);
  return ok;
}

// -- maintenance --------------------------------------------------------------

status local_state::maintain_service(const std::string& id, bool enable,
                                     const std::string& reason,
                                     const moment& at) {
  if (!services_.contains(id))
    return error{errc::not_found,
                 "No service registered with ID " + go_quote(id)};
  auto check = maintenance_check(id, reason);
  if (!enable)
    remove_check(check.id);
  else if (!checks_.contains(check.id))
    put_check(std::move(check), origin::api, true, at);
  return ok;
}

void local_state::maintain_node(bool enable, const std::string& reason,
                                const moment& at) {
  auto check = maintenance_check("", reason);
  if (!enable)
    remove_check(check.id);
  else if (!checks_.contains(check.id))
    put_check(std::move(check), origin::api, true, at);
}

// -- results ------------------------------------------------------------------

void local_state::record_result(const std::string& id,
                                const std::string& status_text,
                                std::string output, time_point now,
                                rng& random) {
  const auto i = checks_.find(id);
  if (i == checks_.end())
    return;
  set_result(i->second, status_text, std::move(output), now, random);
  evaluate_aliases(now, random);
}

void local_state::set_result(local_check& check, const std::string& status_text,
                             std::string output, time_point now, rng& random) {
  if (options_.discard_check_output)
    output.clear();
  if (status_text != "critical")
    check.critical_since.reset();
  else if (!check.critical_since)
    check.critical_since = now;
  auto& r = check.row;
  if (r.status == status_text && r.output == output)
    return;
  const auto interval = options_.check_update_interval;
  const auto may_wait = r.status == status_text && interval > duration::zero();
  r.status = status_text;
  r.output = std::move(output);
  if (!may_wait)
    return touch(check);
  if (!check.output_due) {
    const auto span = static_cast<std::uint64_t>(interval.count());
    check.output_due =
      now + interval / 2
      + duration{static_cast<std::int64_t>(random.below(span))};
  }
}

void local_state::tick(time_point now, rng& random) {
  for (auto& [id, x] : checks_)
    if (x.output_due && *x.output_due <= now)
      touch(x);
  evaluate_aliases(now, random);
}

std::optional<time_point> local_state::next_output_due() const {
  std::optional<time_point> out;
  for (const auto& [id, x] : checks_)
    if (x.output_due && (!out || *x.output_due < *out))
      out = x.output_due;
  return out;
}

std::vector<std::string> local_state::reap_critical(time_point now) {
  std::set<std::string> ids;
  for (const auto& [id, x] : checks_) {
    const auto after = x.plan.how.deregister_after;
    if (!x.row.service_id.empty() && after > duration::zero()
        && x.critical_since && now - *x.critical_since > after)
      ids.insert(x.row.service_id);
  }
  for (const auto& id : ids)
    deregister_service(id);
  return {ids.begin(), ids.end()};
}

bool local_state::may_reap() const {
  for (const auto& [id, x] : checks_)
    if (x.critical_since && x.plan.how.deregister_after > duration::zero())
      return true;
  return false;
}

effects local_state::take_effects() {
  return std::exchange(effects_, {});
}

void local_state::touch(local_service& x) {
  x.mark = sync_mark::dirty;
  x.revision = ++revision_;
}

void local_state::touch(local_check& x) {
  x.mark = sync_mark::dirty;
  x.revision = ++revision_;
  x.output_due.reset();
}

std::string cut_output(const std::string& output, std::int64_t size_max) {
  const auto limit =
    static_cast<std::size_t>(std::max<std::int64_t>(size_max, 0));
  if (output.size() <= limit)
    return output;
  return output.substr(0, limit) + " ... (captured " + std::to_string(limit)
         + " of " + std::to_string(output.size()) + " bytes)";
}

} // namespace praetor::agent
