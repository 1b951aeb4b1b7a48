#include "actors/catalog/core/health_queries.hpp"

#include "actors/catalog/core/names.hpp"
#include "actors/catalog/core/nearness.hpp"
#include "actors/catalog/core/rows_json.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <string>

namespace praetor::catalog {

namespace {

/// A rough size of an entry, so that the buffer grows at most once or twice.
constexpr std::size_t entry_bytes = 1024;

/// An instance with the checks that count for it: the node's, then its own.
struct health_entry {
  const node_row* node = nullptr;
  const service_row* service = nullptr;
  std::vector<const check_row*> checks;
};

bool has_tags(const service_row& x, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&x](const auto& tag) {
    return std::any_of(x.tags.begin(), x.tags.end(),
                       [&tag](const auto& y) { return equal_fold(y, tag); });
  });
}

/// The index of a service that has instances iff `exists`.
log_index service_index(const tables& rows, const std::string& service,
                        bool exists, bool with_checks) {
  if (!exists)
    if (const auto extinct = rows.find_index(names::extinction))
      return *extinct;
  if (const auto own = rows.find_index(names::service(service)))
    return *own;
  return std::max({rows.index(names::nodes), rows.index(names::services),
                   with_checks ? rows.index(names::checks) : 0});
}

bool is_passing(const health_entry& x) {
  return std::all_of(x.checks.begin(), x.checks.end(), [](const auto* check) {
    return check->status == "passing";
  });
}

/// The last entry takes the place of one that goes: Consul's order.
void keep_passing(std::vector<health_entry>& xs) {
  for (std::size_t i = 0; i < xs.size();) {
    if (is_passing(xs[i])) {
      ++i;
      continue;
    }
    std::swap(xs[i], xs.back());
    xs.pop_back();
  }
}

template <class Rows>
shared_text encode_checks(const Rows& xs) {
  std::string out;
  json_writer json{out};
  json.begin_array();
  for (const auto* x : xs)
    write_check(json, *x, empty_tags::list);
  json.end_array();
  return share(std::move(out));
}

void sort_checks(const tables& rows, const query& q,
                 std::vector<const check_row*>& xs) {
  sort_by_distance(
    rows, q.near, xs, [](const auto* x) -> const auto& { return x->node; });
}

} // namespace

bool matches_meta(const node_row& x, const query& q) {
  return std::all_of(
    q.node_meta.begin(), q.node_meta.end(), [&x](const auto& pair) {
      if (!x.meta)
        return false;
      const auto found = x.meta->find(pair.first);
      return found != x.meta->end() && found->second == pair.second;
    });
}

selection select_instances(const tables& rows, const query& q) {
  const auto service = to_lower(q.name);
  const auto connect =
    q.kind == query_kind::connect_nodes || q.kind == query_kind::health_connect;
  const auto health = q.kind == query_kind::health_service
                      || q.kind == query_kind::health_connect;
  const auto& all =
    connect ? rows.connect_instances(service) : rows.instances(service);
  selection out;
  for (const auto& [key, x] : all)
    if ((connect || has_tags(*x, q.tags))
        && (q.node_meta.empty() || matches_meta(*rows.find_node(key.node), q)))
      out.instances.emplace_back(key, x);
  sort_by_distance(
    rows, q.near, out.instances,
    [](const auto& x) -> const auto& { return x.first.node; });
  const auto proxied =
    connect ? rows.find_index(names::connect(service)) : std::nullopt;
  out.index =
    proxied ? *proxied : service_index(rows, service, !all.empty(), health);
  return out;
}

answer health_entries(const tables& rows, const query& q) {
  const auto found = select_instances(rows, q);
  std::vector<health_entry> entries;
  entries.reserve(found.instances.size());
  for (const auto& [key, x] : found.instances) {
    auto& entry = entries.emplace_back();
    entry.node = rows.find_node(key.node);
    entry.service = x;
    rows.append_checks(entry.checks, key.node, {});
    rows.append_checks(entry.checks, key.node, key.id);
  }
  if (q.passing)
    keep_passing(entries);
  std::string out;
  out.reserve(entries.size() * entry_bytes);
  json_writer json{out};
  json.begin_array();
  for (const auto& entry : entries) {
    json.begin_object();
    write_node(json.key("Node"), *entry.node);
    write_node_service(json.key("Service"), *entry.service, empty_tags::list);
    json.key("Checks").begin_array();
    for (const auto* check : entry.checks)
      write_check(json, *check, empty_tags::list);
    json.end_array().end_object();
  }
  json.end_array();
  return {found.index, true, share(std::move(out))};
}

answer checks_of_node(const tables& rows, const query& q) {
  return {rows.index(names::checks), true,
          encode_checks(rows.checks_of(q.name))};
}

answer checks_of_service(const tables& rows, const query& q) {
  const auto service = to_lower(q.name);
  std::vector<const check_row*> found;
  for (const auto& [key, x] : rows.checks_naming(service))
    if (q.node_meta.empty() || matches_meta(*rows.find_node(key.node), q))
      found.push_back(x);
  sort_checks(rows, q, found);
  const auto index = q.node_meta.empty()
                       ? rows.index(names::checks)
                       : service_index(rows, service, true, true);
  return {index, true, encode_checks(found)};
}

answer checks_in_state(const tables& rows, const query& q) {
  std::vector<const check_row*> found;
  const auto add = [&rows, &q, &found](const row_key& key, const check_row& x) {
    if (q.node_meta.empty() || matches_meta(*rows.find_node(key.node), q))
      found.push_back(&x);
  };
  if (q.name == any_state)
    for (const auto& [key, x] : rows.checks())
      add(key, x);
  else
    for (const auto& [key, x] : rows.checks_in_state(q.name))
      add(key, *x);
  sort_checks(rows, q, found);
  return {rows.index(names::checks), true, encode_checks(found)};
}

} // namespace praetor::catalog
