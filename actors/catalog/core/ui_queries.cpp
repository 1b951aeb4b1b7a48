#include "actors/catalog/core/ui_queries.hpp"

#include "actors/catalog/core/names.hpp"
#include "actors/catalog/core/rows_json.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace praetor::catalog {

namespace {

log_index ui_index(const tables& rows) {
  return std::max({rows.index(names::nodes), rows.index(names::services),
                   rows.index(names::checks)});
}

void write_ui_node(json_writer& out, const tables& rows, const node_row& x) {
  out.begin_object();
  out.key("ID").string(x.id);
  out.key("Node").string(x.name);
  out.key("Address").string(x.address);
  write_map(out.key("TaggedAddresses"), x.tagged_addresses);
  write_map(out.key("Meta"), x.meta);
  out.key("Services").begin_array();
  for (const auto* service : rows.services_of(x.name))
    write_node_service(out, *service, empty_tags::null);
  out.end_array();
  out.key("Checks").begin_array();
  for (const auto* check : rows.checks_of(x.name))
    write_check(out, *check, empty_tags::null);
  out.end_array().end_object();
}

/// Texts without repeats, in the order of their first appearance.
struct distinct {
  std::vector<std::string> in_order;

  void add(const std::string& x) {
    if (std::find(in_order.begin(), in_order.end(), x) == in_order.end())
      in_order.push_back(x);
  }
};

/// All instances whose names are spelled alike.
struct service_summary {
  std::string kind;
  std::set<std::string> tags;
  std::vector<std::string> nodes;
  distinct proxied;
  distinct sources;
  int passing = 0;
  int warning = 0;
  int critical = 0;

  void add(const node_row& node, const service_row& x,
           const std::vector<const check_row*>& checks) {
    kind = x.kind;
    tags.insert(x.tags.begin(), x.tags.end());
    nodes.push_back(node.name);
    if (x.kind == "connect-proxy")
      proxied.add(x.proxy_destination);
    if (x.meta)
      if (const auto source = x.meta->find("external-source");
          source != x.meta->end() && !source->second.empty())
        sources.add(source->second);
    for (const auto* check : checks) {
      passing += check->status == "passing" ? 1 : 0;
      warning += check->status == "warning" ? 1 : 0;
      critical += check->status == "critical" ? 1 : 0;
    }
  }
};

template <class Texts>
void write_list(json_writer& out, const Texts& xs) {
  if (xs.empty()) {
    out.null();
    return;
  }
  out.begin_array();
  for (const auto& x : xs)
    out.string(x);
  out.end_array();
}

void write_summary(json_writer& out, const std::string& name,
                   service_summary& x) {
  std::sort(x.nodes.begin(), x.nodes.end());
  out.begin_object();
  if (!x.kind.empty())
    out.key("Kind").string(x.kind);
  out.key("Name").string(name);
  write_list(out.key("Tags"), x.tags);
  write_list(out.key("Nodes"), x.nodes);
  out.key("InstanceCount").number(static_cast<std::uint64_t>(x.nodes.size()));
  if (!x.proxied.in_order.empty())
    write_list(out.key("ProxyFor"), x.proxied.in_order);
  out.key("ChecksPassing").number(x.passing);
  out.key("ChecksWarning").number(x.warning);
  out.key("ChecksCritical").number(x.critical);
  write_list(out.key("ExternalSources"), x.sources.in_order);
  out.key("GatewayConfig").begin_object().end_object();
  out.end_object();
}

} // namespace

answer ui_nodes(const tables& rows) {
  std::string out;
  json_writer json{out};
  json.begin_array();
  for (const auto& [key, x] : rows.nodes())
    write_ui_node(json, rows, x);
  json.end_array();
  return {ui_index(rows), true, share(std::move(out))};
}

answer ui_node(const tables& rows, const query& q) {
  const auto* found = rows.find_node(q.name);
  if (found == nullptr)
    return {ui_index(rows), false, share({})};
  std::string out;
  json_writer json{out};
  write_ui_node(json, rows, *found);
  return {ui_index(rows), true, share(std::move(out))};
}

answer ui_services(const tables& rows) {
  std::map<std::string, service_summary> summaries;
  std::vector<const check_row*> checks;
  for (const auto& [key, x] : rows.services()) {
    checks.clear();
    rows.append_checks(checks, key.node, {});
    rows.append_checks(checks, key.node, key.id);
    summaries[x.name].add(*rows.find_node(key.node), x, checks);
  }
  std::string out;
  json_writer json{out};
  json.begin_array();
  for (auto& [name, summary] : summaries)
    write_summary(json, name, summary);
  json.end_array();
  return {ui_index(rows), true, share(std::move(out))};
}

} // namespace praetor::catalog
