// Indexes of answers:
//
//   nodes                        table of nodes
//   services                     table of services; with node_meta also nodes
//   service_nodes,               the service's; without instances the last
//   health_service               extinction; without that the tables
//   connect_nodes,               the same with the index of the proxies;
//   without health_connect               any also the service's own node,
//   node_services          tables of nodes and services; unknown node: 1
//   checks_of_node,              table of checks
//   checks_in_state
//   checks_of_service            table of checks; with node_meta the service's
//   ui_*, node_snapshot,         all three tables
//   registered_nodes
//   autopilot                    its own ModifyIndex; 1 if there is none
//   coordinates,                 table of coordinates
//   coordinate_of_node

#include "actors/catalog/core/queries.hpp"

#include "actors/catalog/core/health_queries.hpp"
#include "actors/catalog/core/names.hpp"
#include "actors/catalog/core/nearness.hpp"
#include "actors/catalog/core/rows_json.hpp"
#include "actors/catalog/core/ui_queries.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace praetor::catalog {

namespace {

/// Shorter names are never tried as the beginning of an id.
constexpr std::size_t id_prefix_min = 2;

log_index max_of(const tables& rows, std::initializer_list<const char*> names) {
  log_index out = 0;
  for (const auto* name : names)
    out = std::max(out, rows.index(name));
  return out;
}

/// Returns the beginning of an id that a node's name can also be read as, or
/// nothing. An odd last character is dropped, after which whole bytes must
/// remain.
std::optional<std::string> as_id_prefix(std::string_view name) {
  if (name.size() < id_prefix_min)
    return std::nullopt;
  const auto dashes = std::count(name.begin(), name.end(), '-');
  const auto bare = names::bare_id(name.substr(0, name.size() / 2 * 2));
  const auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  };
  if (bare.empty() || dashes > 4 || bare.size() % 2 != 0
      || !std::all_of(bare.begin(), bare.end(), is_hex))
    return std::nullopt;
  return bare;
}

const node_row* find_node(const tables& rows, const std::string& name) {
  if (const auto* found = rows.find_node(name))
    return found;
  const auto prefix = as_id_prefix(name);
  return prefix ? rows.find_node_by_id_prefix(*prefix) : nullptr;
}

// -- nodes and services -------------------------------------------------------

answer nodes(const tables& rows, const query& q) {
  std::vector<const node_row*> found;
  for (const auto& [key, x] : rows.nodes())
    if (matches_meta(x, q))
      found.push_back(&x);
  sort_by_distance(
    rows, q.near, found, [](const auto* x) -> const auto& { return x->name; });
  std::string out;
  json_writer json{out};
  json.begin_array();
  for (const auto* x : found)
    write_node(json, *x);
  json.end_array();
  return {rows.index(names::nodes), true, share(std::move(out))};
}

answer services(const tables& rows, const query& q) {
  std::map<std::string, std::set<std::string>> found;
  const auto all = q.node_meta.empty();
  for (const auto& [key, x] : rows.services()) {
    if (!all && !matches_meta(*rows.find_node(key.node), q))
      continue;
    found[x.name].insert(x.tags.begin(), x.tags.end());
  }
  std::string out;
  json_writer json{out};
  json.begin_object();
  for (const auto& [name, tags] : found) {
    write_key(json, name).begin_array();
    for (const auto& tag : tags)
      json.string(tag);
    json.end_array();
  }
  json.end_object();
  const auto index = all ? rows.index(names::services)
                         : max_of(rows, {names::nodes, names::services});
  return {index, true, share(std::move(out))};
}

answer service_nodes(const tables& rows, const query& q) {
  std::string out;
  json_writer json{out};
  json.begin_array();
  const auto found = select_instances(rows, q);
  for (const auto& [key, x] : found.instances)
    write_service_node(json, *rows.find_node(key.node), *x);
  json.end_array();
  return {found.index, true, share(std::move(out))};
}

/// {"Node":...,"Services":{id:...}}, or null.
answer node(const tables& rows, const query& q) {
  const auto* found = find_node(rows, q.name);
  if (found == nullptr)
    return {1, true, share("null")};
  std::map<std::string_view, const service_row*> by_id;
  for (const auto* x : rows.services_of(found->name))
    by_id.emplace(x->id, x);
  std::string out;
  json_writer json{out};
  json.begin_object();
  write_node(json.key("Node"), *found);
  json.key("Services").begin_object();
  for (const auto& [id, x] : by_id) {
    write_node_service(write_key(json, id), *x, empty_tags::list);
  }
  json.end_object().end_object();
  return {max_of(rows, {names::nodes, names::services}), true,
          share(std::move(out))};
}

/// {"Node":...,"Services":[...]}; either may be null.
answer node_services(const tables& rows, const query& q) {
  const auto* found = find_node(rows, q.name);
  if (found == nullptr)
    return {1, true, share(R"({"Node":null,"Services":null})")};
  const auto services = rows.services_of(found->name);
  std::string out;
  json_writer json{out};
  json.begin_object();
  write_node(json.key("Node"), *found);
  json.key("Services");
  if (services.empty()) {
    json.null();
  } else {
    json.begin_array();
    for (const auto* x : services)
      write_node_service(json, *x, empty_tags::list);
    json.end_array();
  }
  json.end_object();
  return {max_of(rows, {names::nodes, names::services}), true,
          share(std::move(out))};
}

/// For the agent of that node: everything, not as JSON.
answer snapshot(const tables& rows, const query& q) {
  node_snapshot out;
  if (const auto* found = rows.find_node(q.name))
    out.node = *found;
  for (const auto* x : rows.services_of(q.name))
    out.services.push_back(*x);
  for (const auto* x : rows.checks_of(q.name))
    out.checks.push_back(*x);
  return {max_of(rows, {names::nodes, names::services, names::checks}),
          out.node.has_value(), share(encode(out))};
}

/// For the leader: all nodes, not as JSON.
answer registered(const tables& rows) {
  std::vector<registered_node> out;
  out.reserve(rows.nodes().size());
  for (const auto& [key, x] : rows.nodes()) {
    auto& row = out.emplace_back();
    row.node = x;
    if (const auto* check = rows.find_check(make_key(key, serf_check)))
      row.serf_status = check->status;
    if (const auto* found = rows.find_service(make_key(key, server_service)))
      row.server = *found;
  }
  return {max_of(rows, {names::nodes, names::services, names::checks}), true,
          share(encode(out))};
}

answer coordinates(const tables& rows, const query& q) {
  const auto all = q.kind == query_kind::coordinates;
  const auto* one = all ? nullptr : rows.find_coordinate(q.name);
  std::string out;
  json_writer json{out};
  json.begin_array();
  if (one != nullptr)
    write_coordinate(json, *one);
  if (all)
    for (const auto& [key, x] : rows.coordinates())
      write_coordinate(json, x);
  json.end_array();
  return {rows.index(names::coordinates), all || one != nullptr,
          share(std::move(out))};
}

answer autopilot(const tables& rows) {
  const auto* found = rows.find_autopilot();
  if (found == nullptr)
    return {1, false, share({})};
  return {found->modify_index, true, share(encode(*found))};
}

} // namespace

answer evaluate(const tables& rows, const query& q) {
  switch (q.kind) {
    case query_kind::nodes: return nodes(rows, q);
    case query_kind::services: return services(rows, q);
    case query_kind::service_nodes:
    case query_kind::connect_nodes: return service_nodes(rows, q);
    case query_kind::node: return node(rows, q);
    case query_kind::node_services: return node_services(rows, q);
    case query_kind::checks_of_node: return checks_of_node(rows, q);
    case query_kind::checks_of_service: return checks_of_service(rows, q);
    case query_kind::checks_in_state: return checks_in_state(rows, q);
    case query_kind::health_service:
    case query_kind::health_connect: return health_entries(rows, q);
    case query_kind::ui_nodes: return ui_nodes(rows);
    case query_kind::ui_node: return ui_node(rows, q);
    case query_kind::ui_services: return ui_services(rows);
    case query_kind::node_snapshot: return snapshot(rows, q);
    case query_kind::registered_nodes: return registered(rows);
    case query_kind::autopilot: return autopilot(rows);
    case query_kind::coordinates:
    case query_kind::coordinate_of_node: return coordinates(rows, q);
  }
  return {1, false, share({})};
}

std::vector<topic> topics_of(const query& q) {
  const auto with_nodes = [&q](std::string name) {
    std::vector<topic> out = {{std::move(name)}};
    if (!q.node_meta.empty())
      out.push_back({names::nodes});
    return out;
  };
  switch (q.kind) {
    case query_kind::nodes: return {{names::nodes}};
    case query_kind::services: return with_nodes(names::services);
    case query_kind::service_nodes:
    case query_kind::health_service: return {{names::service(q.name)}};
    case query_kind::connect_nodes:
    case query_kind::health_connect: return {{names::connect(q.name)}};
    case query_kind::node:
    case query_kind::node_services: {
      std::vector<topic> out = {{names::node(q.name)}};
      if (const auto prefix = as_id_prefix(q.name))
        out.push_back({names::node_id(*prefix), true});
      return out;
    }
    case query_kind::checks_of_node: return {{names::node_checks(q.name)}};
    case query_kind::checks_of_service:
      if (q.node_meta.empty())
        return {{names::service_checks(q.name)}};
      return {{names::service_checks(q.name)}, {names::service(q.name)}};
    case query_kind::checks_in_state:
      return with_nodes(q.name == any_state ? names::checks
                                            : names::state(q.name));
    case query_kind::ui_nodes:
    case query_kind::ui_services:
      return {{names::nodes}, {names::services}, {names::checks}};
    case query_kind::ui_node:
    case query_kind::node_snapshot:
      return {{names::node(q.name)}, {names::node_checks(q.name)}};
    case query_kind::registered_nodes:
      return {
        {names::nodes}, {names::service(server_service)}, {names::checks}};
    case query_kind::autopilot: return {{names::autopilot}};
    case query_kind::coordinates:
    case query_kind::coordinate_of_node: return {{names::coordinates}};
  }
  return {};
}

} // namespace praetor::catalog
