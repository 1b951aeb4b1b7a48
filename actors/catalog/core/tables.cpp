#include "actors/catalog/core/tables.hpp"

#include "actors/catalog/core/names.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>

namespace praetor::catalog {

namespace {

template <class Map, class Key>
auto* find_in(Map& rows, const Key& key) {
  const auto found = rows.find(key);
  return found == rows.end() ? nullptr : &found->second;
}

template <class Refs>
const Refs& refs_in(const std::map<std::string, Refs>& all,
                    const std::string& key) {
  static const Refs none;
  const auto* found = find_in(all, key);
  return found == nullptr ? none : *found;
}

/// Removes a reference, and the group if it was the last.
template <class Refs>
void drop(std::map<std::string, Refs>& groups, const std::string& group,
          const row_key& key) {
  const auto found = groups.find(group);
  found->second.erase(key);
  if (found->second.empty())
    groups.erase(found);
}

template <class Map>
auto rows_of(const Map& rows, std::string_view node) {
  std::vector<const typename Map::mapped_type*> out;
  const auto key = to_lower(node);
  for (auto i = rows.lower_bound(row_key{key, {}});
       i != rows.end() && i->first.node == key; ++i)
    out.push_back(&i->second);
  return out;
}

std::string text_of(const std::string& key) {
  return key;
}

std::string text_of(const row_key& key) {
  return encode(key);
}

std::string table_name(const node_row*) {
  return "node";
}

std::string table_name(const service_row*) {
  return "service";
}

std::string table_name(const check_row*) {
  return "check";
}

std::string table_name(const log_index*) {
  return "catalog_index";
}

std::string table_name(const autopilot_row*) {
  return "autopilot";
}

std::string table_name(const coordinate_row*) {
  return "coordinate";
}

error corrupt(const row& x) {
  return {errc::corruption, "row of table " + x.table + " does not decode"};
}

} // namespace

row_key make_key(std::string_view node, std::string_view id) {
  return {to_lower(node), to_lower(id)};
}

std::string key_of(const node_row& x) {
  return to_lower(x.name);
}

row_key key_of(const service_row& x) {
  return make_key(x.node, x.id);
}

row_key key_of(const check_row& x) {
  return make_key(x.node, x.id);
}

std::string key_of(const autopilot_row&) {
  return "config";
}

std::string key_of(const coordinate_row& x) {
  return to_lower(x.node);
}

std::optional<std::string> connect_target(const service_row& x) {
  if (x.kind == "connect-proxy")
    return to_lower(x.proxy_destination);
  if (x.connect_native)
    return to_lower(x.name);
  return std::nullopt;
}

// -- secondary keys -----------------------------------------------------------

void tables::secondary::link(const std::string& key, const node_row& x) {
  if (!x.id.empty())
    ids.insert_or_assign(names::bare_id(x.id), key);
}

void tables::secondary::unlink(const std::string& key, const node_row& x) {
  const auto found = ids.find(names::bare_id(x.id));
  if (found != ids.end() && found->second == key)
    ids.erase(found);
}

void tables::secondary::link(const row_key& key, const service_row& x) {
  const auto name = to_lower(x.name);
  by_service[name].emplace(key, &x);
  if (const auto target = connect_target(x)) {
    by_target[*target].emplace(key, &x);
    ++targets[name][*target];
  }
}

void tables::secondary::unlink(const row_key& key, const service_row& x) {
  const auto name = to_lower(x.name);
  drop(by_service, name, key);
  if (const auto target = connect_target(x)) {
    drop(by_target, *target, key);
    auto& counts = targets[name];
    if (--counts[*target] == 0)
      counts.erase(*target);
    if (counts.empty())
      targets.erase(name);
  }
}

void tables::secondary::link(const row_key& key, const check_row& x) {
  by_owner.emplace(std::tuple{key.node, to_lower(x.service_id), key.id}, &x);
  by_status[x.status].emplace(key, &x);
  if (!x.service_name.empty())
    by_service_name[to_lower(x.service_name)].emplace(key, &x);
}

void tables::secondary::unlink(const row_key& key, const check_row& x) {
  by_owner.erase(std::tuple{key.node, to_lower(x.service_id), key.id});
  drop(by_status, x.status, key);
  if (!x.service_name.empty())
    drop(by_service_name, to_lower(x.service_name), key);
}

// -- finding ------------------------------------------------------------------

const node_row* tables::find_node(std::string_view name) const {
  return find_in(nodes_.rows, to_lower(name));
}

const node_row* tables::find_node_by_id(std::string_view uuid) const {
  const auto* name = find_in(by_.ids, names::bare_id(uuid));
  return name == nullptr ? nullptr : find_in(nodes_.rows, *name);
}

const node_row* tables::find_node_by_id_prefix(std::string_view prefix) const {
  const auto bare = names::bare_id(prefix);
  const auto matches = [this, &bare](auto i) {
    return i != by_.ids.end() && i->first.starts_with(bare);
  };
  const auto first = by_.ids.lower_bound(bare);
  if (!matches(first) || matches(std::next(first)))
    return nullptr;
  return find_in(nodes_.rows, first->second);
}

const service_row* tables::find_service(const row_key& key) const {
  return find_in(services_.rows, key);
}

const check_row* tables::find_check(const row_key& key) const {
  return find_in(checks_.rows, key);
}

const autopilot_row* tables::find_autopilot() const {
  return find_in(autopilot_.rows, key_of(autopilot_row{}));
}

const coordinate_row* tables::find_coordinate(std::string_view node) const {
  return find_in(coordinates_.rows, to_lower(node));
}

std::optional<log_index> tables::find_index(const std::string& name) const {
  const auto* found = find_in(indexes_.rows, name);
  return found == nullptr ? std::nullopt : std::optional{*found};
}

log_index tables::index(const std::string& name) const {
  return find_index(name).value_or(0);
}

std::vector<const service_row*>
tables::services_of(std::string_view node) const {
  return rows_of(services_.rows, node);
}

std::vector<const check_row*> tables::checks_of(std::string_view node) const {
  return rows_of(checks_.rows, node);
}

void tables::append_checks(std::vector<const check_row*>& out,
                           std::string_view node,
                           std::string_view service_id) const {
  auto from = std::tuple{to_lower(node), to_lower(service_id), std::string{}};
  for (auto i = by_.by_owner.lower_bound(from);
       i != by_.by_owner.end() && std::get<0>(i->first) == std::get<0>(from)
       && std::get<1>(i->first) == std::get<1>(from);
       ++i)
    out.push_back(i->second);
}

const service_refs& tables::instances(const std::string& service) const {
  return refs_in(by_.by_service, service);
}

const service_refs&
tables::connect_instances(const std::string& service) const {
  return refs_in(by_.by_target, service);
}

std::vector<std::string> tables::targets(const std::string& service) const {
  std::vector<std::string> out;
  if (const auto* found = find_in(by_.targets, service))
    for (const auto& [target, count] : *found)
      out.push_back(target);
  return out;
}

const check_refs& tables::checks_naming(const std::string& service) const {
  return refs_in(by_.by_service_name, service);
}

const check_refs& tables::checks_in_state(const std::string& status) const {
  return refs_in(by_.by_status, status);
}

// -- writing ------------------------------------------------------------------

template <class Key, class Row>
std::optional<Row> tables::write(const Key& key, std::optional<Row> now) {
  auto& rows = table_of(static_cast<const Row*>(nullptr)).rows;
  std::optional<Row> before;
  auto found = rows.find(key);
  if (found != rows.end()) {
    by_.unlink(key, found->second);
    before = std::move(found->second);
  }
  if (now) {
    found = rows.insert_or_assign(key, std::move(*now)).first;
    by_.link(key, found->second);
  } else if (found != rows.end()) {
    rows.erase(found);
  }
  return before;
}

template <class Key, class Row>
void tables::record(const Key& key, std::optional<Row> now) {
  journal_.push_back(change<Key, Row>{key, write(key, std::move(now))});
}

void tables::put(node_row x) {
  const auto key = key_of(x);
  record(key, std::optional{std::move(x)});
}

void tables::put(service_row x) {
  const auto key = key_of(x);
  record(key, std::optional{std::move(x)});
}

void tables::put(check_row x) {
  const auto key = key_of(x);
  record(key, std::optional{std::move(x)});
}

void tables::put(autopilot_row x) {
  const auto key = key_of(x);
  record(key, std::optional{std::move(x)});
}

void tables::put(coordinate_row x) {
  const auto key = key_of(x);
  record(key, std::optional{std::move(x)});
}

void tables::put_index(const std::string& name, std::optional<log_index> x) {
  if (find_index(name) != x)
    record(name, x);
}

void tables::erase_node(const std::string& key) {
  record(key, std::optional<node_row>{});
}

void tables::erase_service(const row_key& key) {
  record(key, std::optional<service_row>{});
}

void tables::erase_check(const row_key& key) {
  record(key, std::optional<check_row>{});
}

void tables::erase_coordinate(const std::string& key) {
  record(key, std::optional<coordinate_row>{});
}

void tables::commit() {
  const auto mark = [this]<class Key, class Row>(change<Key, Row>& x) {
    table_of(static_cast<const Row*>(nullptr)).changed.insert(std::move(x.key));
  };
  for (auto& x : journal_)
    std::visit(mark, x);
  journal_.clear();
}

void tables::undo() {
  const auto revert = [this]<class Key, class Row>(change<Key, Row>& x) {
    write(x.key, std::move(x.before));
  };
  for (auto i = journal_.rbegin(); i != journal_.rend(); ++i)
    std::visit(revert, *i);
  journal_.clear();
}

// -- checkpoint ---------------------------------------------------------------

std::vector<row> tables::take_changed_rows() {
  PRAETOR_ASSERT(journal_.empty());
  std::vector<row> out;
  const auto take = [&out]<class Key, class Row>(table<Key, Row>& from) {
    const auto name = table_name(static_cast<const Row*>(nullptr));
    for (const auto& key : std::exchange(from.changed, {})) {
      row x{name, text_of(key), std::nullopt};
      if (const auto* found = find_in(from.rows, key))
        x.value = encode(*found);
      out.push_back(std::move(x));
    }
  };
  take(nodes_);
  take(services_);
  take(checks_);
  take(indexes_);
  take(autopilot_);
  take(coordinates_);
  return out;
}

template <class Key, class Row>
status tables::load_row(const row& x,
                        bool (*matches)(const std::string&, const Row&)) {
  if (!x.value)
    return corrupt(x);
  auto value = decode<Row>(*x.value);
  if (!value || !matches(x.key, *value))
    return corrupt(x);
  Key key;
  if constexpr (std::is_same_v<Row, log_index>)
    key = x.key;
  else
    key = key_of(*value);
  write(key, std::optional{std::move(*value)});
  return ok;
}

status tables::load(const row& x) {
  const auto names_it = []<class Row>(const std::string& key, const Row& r) {
    return key == text_of(key_of(r));
  };
  if (x.table == "node")
    return load_row<std::string, node_row>(x, names_it);
  if (x.table == "service")
    return load_row<row_key, service_row>(x, names_it);
  if (x.table == "check")
    return load_row<row_key, check_row>(x, names_it);
  if (x.table == "autopilot")
    return load_row<std::string, autopilot_row>(x, names_it);
  if (x.table == "coordinate")
    return load_row<std::string, coordinate_row>(x, names_it);
  if (x.table == "catalog_index")
    return load_row<std::string, log_index>(
      x, [](const std::string&, const log_index&) { return true; });
  return error{errc::corruption, "no table " + x.table + " in the catalog"};
}

void tables::check_invariants() const {
  PRAETOR_ASSERT(journal_.empty());
  secondary expected;
  const auto link = [&expected](const auto& from) {
    for (const auto& [key, value] : from.rows) {
      PRAETOR_ASSERT(key == key_of(value));
      expected.link(key, value);
    }
  };
  link(nodes_);
  link(services_);
  link(checks_);
  PRAETOR_ASSERT(by_ == expected);
  for (const auto& [key, x] : services_.rows)
    PRAETOR_ASSERT(nodes_.rows.contains(key.node));
  for (const auto& [key, x] : checks_.rows) {
    PRAETOR_ASSERT(nodes_.rows.contains(key.node));
    PRAETOR_ASSERT(x.service_id.empty()
                   || find_service(make_key(key.node, x.service_id)));
  }
  const auto indexed = [this](const auto& groups, auto name) {
    for (const auto& [group, refs] : groups)
      PRAETOR_ASSERT(find_index(name(group)).has_value());
  };
  indexed(by_.by_service, names::service);
  indexed(by_.by_target, names::connect);
  for (const auto& [name, index] : indexes_.rows) {
    PRAETOR_ASSERT(!name.starts_with("service/")
                   || by_.by_service.contains(name.substr(8)));
    PRAETOR_ASSERT(!name.starts_with("connect/")
                   || by_.by_target.contains(name.substr(8)));
  }
}

} // namespace praetor::catalog
