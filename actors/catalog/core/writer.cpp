#include "actors/catalog/core/writer.hpp"

#include "actors/catalog/core/names.hpp"
#include "actors/catalog/core/texts.hpp"
#include "runtime/base/text.hpp"

#include <utility>

namespace praetor::catalog {

namespace {

constexpr auto critical = "critical";

/// Gives `x` the indexes that it has if it is not changed.
template <class Row>
void keep_indexes(Row& x, const Row& old) {
  x.create_index = old.create_index;
  x.modify_index = old.modify_index;
}

template <class Row>
void set_indexes(Row& x, log_index created, log_index now) {
  x.create_index = created;
  x.modify_index = now;
}

/// Whether a registration of `x` leaves `old` as it is. The spelling of the
/// node's name is no reason to write a service again.
bool same_instance(service_row x, const service_row& old) {
  keep_indexes(x, old);
  x.node = old.node;
  return x == old;
}

bool changes_node(node_row x, const node_row& old) {
  keep_indexes(x, old);
  return x != old;
}

status prefixed(const char* prefix, const status& s) {
  return s ? s : rejected(prefix + s.error().context);
}

} // namespace

// -- registration -------------------------------------------------------------

status writer::register_all(const register_node& x) {
  const auto* node = rows_.find_node(x.node.name);
  if (node == nullptr || (!x.skip_node_update && changes_node(x.node, *node)))
    if (auto s = ensure_node(x.node); !s)
      return prefixed("failed inserting node: ", s);
  if (x.service) {
    auto service = *x.service;
    service.node = x.node.name;
    const auto* old = rows_.find_service(key_of(service));
    if (old == nullptr || !same_instance(service, *old))
      if (auto s = ensure_service(std::move(service)); !s)
        return prefixed("failed inserting service: ", s);
  }
  for (auto check : x.checks) {
    if (check.node.empty())
      check.node = x.node.name;
    if (check.node != x.node.name)
      return rejected("check node " + quoted(check.node)
                      + " does not match node " + quoted(x.node.name));
    if (auto s = ensure_check(std::move(check)); !s)
      return rejected("failed inserting check: " + s.error().context
                      + " on node " + quoted(x.node.name));
  }
  return ok;
}

// -- nodes --------------------------------------------------------------------

status writer::ensure_node(node_row x) {
  auto key = key_of(x);
  std::optional<node_row> old;
  if (const auto* known =
        x.id.empty() ? nullptr : rows_.find_node_by_id(x.id)) {
    old = *known;
    if (old->name != x.name) {
      if (auto s = check_name_is_free(x, false); !s)
        return rejected("Error while renaming Node ID: " + quoted(x.id) + " ("
                        + x.address + "): " + s.error().context);
      remove_node(key_of(*old));
    }
  } else {
    if (!x.id.empty())
      if (auto s = check_name_is_free(x, true); !s)
        return rejected("Error while renaming Node ID: " + quoted(x.id) + ": "
                        + s.error().context);
    if (const auto* namesake = rows_.find_node(x.name))
      old = *namesake;
  }
  if (old && !changes_node(x, *old))
    return ok;
  set_indexes(x, old ? old->create_index : index_, index_);
  touch_node(key); // those who know it by an id it may lose
  rows_.put(std::move(x));
  touch_node(key);
  raise_table(names::nodes);
  raise_services_of(key);
  // Filters by metadata of the node select among its checks.
  for (const auto* check : rows_.checks_of(key))
    out_.touched.insert(names::service_checks(check->service_name));
  return ok;
}

/// A node that is alive keeps its name; so does one without an id, unless the
/// taker is new here.
status writer::check_name_is_free(const node_row& x,
                                  bool may_take_from_nameless) {
  const auto* holder = rows_.find_node(x.name);
  if (holder == nullptr || equal_fold(holder->id, x.id)
      || (holder->id.empty() && may_take_from_nameless))
    return ok;
  const auto* alive = rows_.find_check(make_key(holder->name, serf_check));
  if (alive == nullptr || alive->status == critical)
    return ok;
  return rejected("Node name " + x.name + " is reserved by node " + holder->id
                  + " with name " + holder->name + " (" + holder->address
                  + ")");
}

void writer::remove_node(const std::string& key) {
  const auto* node = rows_.find_node(key);
  if (node == nullptr)
    return;
  for (const auto* service : rows_.services_of(key))
    remove_service(key_of(*service));
  for (const auto* check : rows_.checks_of(key))
    remove_check(key_of(*check));
  out_.losses.push_back({node->name, std::nullopt});
  if (rows_.find_coordinate(key) != nullptr) {
    raise_table(names::coordinates);
    rows_.erase_coordinate(key);
  }
  touch_node(key);
  raise_table(names::nodes);
  rows_.erase_node(key);
}

// -- services -----------------------------------------------------------------

status writer::ensure_service(service_row x) {
  if (auto s = check_service_meta(x); !s)
    return s;
  if (rows_.find_node(x.node) == nullptr)
    return rejected("Missing node registration");
  const auto key = key_of(x);
  std::optional<service_row> old;
  if (const auto* found = rows_.find_service(key))
    old = *found;
  if (old) {
    keep_indexes(x, *old);
    if (x == *old)
      return ok;
    raise_service(to_lower(old->name));
  }
  if (x.id.empty())
    return rejected("failed inserting service: object missing primary index");
  set_indexes(x, old ? old->create_index : index_, index_);
  const auto name = to_lower(x.name);
  rows_.put(std::move(x));
  raise_service(name);
  if (old)
    forget_if_extinct(*old);
  raise_table(names::services);
  touch_node(key.node);
  return ok;
}

void writer::remove_service(const row_key& key) {
  const auto* found = rows_.find_service(key);
  if (found == nullptr)
    return;
  const auto gone = *found;
  std::vector<const check_row*> checks;
  rows_.append_checks(checks, key.node, key.id);
  for (const auto* check : checks)
    remove_check(key_of(*check));
  raise_service(to_lower(gone.name));
  rows_.erase_service(key);
  forget_if_extinct(gone);
  raise_table(names::services);
  raise_table(names::checks); // even if it had none, as in Consul
  touch_node(key.node);
}

// -- checks -------------------------------------------------------------------

status writer::ensure_check(check_row x) {
  if (rows_.find_node(x.node) == nullptr)
    return rejected("Missing node registration");
  if (!x.service_id.empty()) {
    const auto* service = rows_.find_service(make_key(x.node, x.service_id));
    if (service == nullptr)
      return rejected("Missing service registration");
    x.service_name = service->name;
    x.service_tags = service->tags;
  }
  if (x.id.empty())
    return rejected("failed inserting check: object missing primary index");
  const auto* old = rows_.find_check(key_of(x));
  raise_table(names::checks);
  if (old != nullptr) {
    keep_indexes(x, *old);
    touch_check(*old);
    if (x == *old)
      return ok;
    raise_for(*old);
  }
  if (x.status == critical && (old == nullptr || old->status != critical))
    out_.losses.push_back({x.node, x.id});
  set_indexes(x, old != nullptr ? old->create_index : index_, index_);
  touch_check(x);
  raise_for(x);
  rows_.put(std::move(x));
  return ok;
}

void writer::remove_check(const row_key& key) {
  const auto* gone = rows_.find_check(key);
  if (gone == nullptr)
    return;
  out_.losses.push_back({gone->node, gone->id});
  raise_table(names::checks);
  raise_for(*gone);
  if (gone->service_id.empty())
    raise_table(names::services); // as in Consul
  touch_check(*gone);
  rows_.erase_check(key);
}

// -- indexes and topics -------------------------------------------------------

void writer::set_autopilot(autopilot_row x) {
  const auto* old = rows_.find_autopilot();
  set_indexes(x, old == nullptr ? index_ : old->create_index, index_);
  rows_.put(std::move(x));
  out_.touched.insert(names::autopilot);
}

void writer::set_coordinate(coordinate_row x) {
  const auto* node = rows_.find_node(x.node);
  if (node == nullptr)
    return;
  x.node = node->name;
  raise_table(names::coordinates);
  rows_.put(std::move(x));
}

void writer::raise_table(const char* name) {
  rows_.put_index(name, index_);
  out_.touched.insert(name);
}

/// Also raises the services that the instances are proxies of.
void writer::raise_service(const std::string& service) {
  const auto raise = [this](std::string name) {
    rows_.put_index(name, index_);
    out_.touched.insert(std::move(name));
  };
  raise(names::service(service));
  for (const auto& target : rows_.targets(service))
    raise(names::connect(target));
}

void writer::raise_services_of(const std::string& node) {
  for (const auto* service : rows_.services_of(node))
    raise_service(to_lower(service->name));
}

/// Raises the services whose health entries show the check.
void writer::raise_for(const check_row& x) {
  const auto node = to_lower(x.node);
  if (x.service_id.empty())
    return raise_services_of(node);
  if (const auto* service = rows_.find_service(make_key(node, x.service_id)))
    raise_service(to_lower(service->name));
}

/// `gone` has just been removed or replaced.
void writer::forget_if_extinct(const service_row& gone) {
  const auto forget = [this](const service_refs& left, std::string name) {
    if (!left.empty())
      return;
    rows_.put_index(name, std::nullopt);
    rows_.put_index(names::extinction, index_);
    out_.touched.insert(std::move(name));
  };
  const auto service = to_lower(gone.name);
  forget(rows_.instances(service), names::service(service));
  if (const auto target = connect_target(gone))
    forget(rows_.connect_instances(*target), names::connect(*target));
}

void writer::touch_node(const std::string& node) {
  out_.touched.insert(names::node(node));
  const auto* found = rows_.find_node(node);
  if (found != nullptr && !found->id.empty())
    out_.touched.insert(names::node_id(found->id));
}

void writer::touch_check(const check_row& x) {
  out_.touched.insert(names::node_checks(x.node));
  if (!x.service_name.empty())
    out_.touched.insert(names::service_checks(x.service_name));
  out_.touched.insert(names::state(x.status));
}

} // namespace praetor::catalog
