// `praetor catalog ...`: what all agents have registered.

#include "tools/praetor/columns.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/json_value.hpp"
#include "tools/praetor/words.hpp"

#include <algorithm>
#include <ostream>
#include <set>

namespace praetor::tools {

namespace {

/// Asks for a list of `what`. Nothing: the reason is printed.
std::optional<json_value> list(invocation& call, api_request request,
                               const std::string& what) {
  auto api = call.connect();
  if (!api)
    return std::nullopt;
  const auto answer = api->demand_read(std::move(request));
  auto tree =
    answer ? parse_json(answer->body) : result<json_value>{answer.error()};
  if (tree)
    return std::move(*tree);
  call.fail("Error listing " + what + ": " + tree.error().context);
  return std::nullopt;
}

/// Adds -node-meta. Returns whether all were well-formed.
bool add_node_meta(invocation& call, api_request& request) {
  const auto& words = call.flags.list("node-meta");
  const auto pairs = key_values(words);
  if (!pairs) {
    call.fail("invalid value for flag -node-meta: " + pairs.error().context);
    return false;
  }
  for (const auto& [key, value] : *pairs)
    request.query.emplace("node-meta", key + ":" + value);
  return true;
}

constexpr std::string_view catalog_usage =
  R"(Usage: consul catalog <subcommand> [options] [args]

  This command has subcommands for interacting with Consul's catalog. The
  catalog should not be confused with the agent, although the APIs and
  responses may be similar.

  Here are some simple examples, and more detailed examples are available
  in the subcommands or the documentation.

  List all datacenters:

      $ consul catalog datacenters

  List all nodes:

      $ consul catalog nodes

  List all services:

      $ consul catalog services

  For more examples, ask for subcommand help or view the documentation.
)";

// -- datacenters --------------------------------------------------------------

constexpr std::string_view datacenters_usage =
  R"(Usage: consul catalog datacenters [options]

  Retrieves the list of all known datacenters. This datacenters are sorted in
  ascending order based on the estimated median round trip time from the servers
  in this datacenter to the servers in the other datacenters.

  To retrieve the list of datacenters:

      $ consul catalog datacenters

  For a full list of options and examples, please see the Consul documentation.
)";

int run_datacenters(invocation& call) {
  if (call.too_many(0))
    return 1;
  const auto found =
    list(call, {.path = "/v1/catalog/datacenters"}, "datacenters");
  if (!found)
    return 1;
  for (const auto& name : found->items)
    call.io.out << name.text() << '\n';
  return 0;
}

// -- nodes --------------------------------------------------------------------

constexpr flag_spec nodes_flags[] = {
  {.name = "detailed",
   .kind = flag_kind::boolean,
   .help = "Output detailed information about the nodes including their "
           "addresses and metadata."},
  {.name = "filter", .help = "Filter to use with the request"},
  {.name = "near",
   .help = "Node name to sort the node list in ascending order based on "
           "estimated round-trip time from that node. Passing \"_agent\" will "
           "use this agent's node for sorting."},
  {.name = "node-meta",
   .kind = flag_kind::list,
   .help =
     "Metadata to filter nodes with the given `key=value` pairs. This flag may "
     "be specified multiple times to filter on multiple sources of metadata."},
  {.name = "service",
   .help = "Service `id or name` to filter nodes. Only nodes which are "
           "providing the given service will be returned."},
};
constexpr std::string_view nodes_usage =
  R"(Usage: consul catalog nodes [options]

  Retrieves the list nodes registered in a given datacenter. By default, the
  datacenter of the local agent is queried.

  To retrieve the list of nodes:

      $ consul catalog nodes

  To print detailed information including full node IDs, tagged addresses, and
  metadata information:

      $ consul catalog nodes -detailed

  To list nodes which are running a particular service:

      $ consul catalog nodes -service=web

  To filter by node metadata:

      $ consul catalog nodes -node-meta="foo=bar"

  To sort nodes by estimated round-trip time from node-web:

      $ consul catalog nodes -near=node-web

  For a full list of options and examples, please see the Consul documentation.
)";

/// "a=1, b=2", sorted.
std::string list_of_pairs(const json_value& object) {
  std::vector<std::string> words;
  for (const auto& [key, value] : object.members)
    words.push_back(key + "=" + std::string{value.text()});
  std::ranges::sort(words);
  return joined(words, ", ");
}

table_row node_row(const json_value& node, bool detailed) {
  const std::string id{node["ID"].text()};
  table_row row{std::string{node["Node"].text()},
                detailed ? id : id.substr(0, id.find('-')),
                std::string{node["Address"].text()},
                std::string{node["Datacenter"].text()}};
  if (detailed) {
    row.push_back(list_of_pairs(node["TaggedAddresses"]));
    // Rows of a service's instances have their node's under another name.
    const auto& meta = node["NodeMeta"];
    row.push_back(
      list_of_pairs(meta.kind == json_kind::object ? meta : node["Meta"]));
  }
  return row;
}

int run_nodes(invocation& call) {
  if (call.too_many(0))
    return 1;
  const auto& service = call.flags.string("service");
  api_request request{.path = service.empty()
                                ? "/v1/catalog/nodes"
                                : "/v1/catalog/service/" + service};
  for (const auto* name : {"filter", "near"})
    if (const auto& text = call.flags.string(name); !text.empty())
      request.query.emplace(name, text);
  if (!add_node_meta(call, request))
    return 1;
  const auto found = list(call, std::move(request), "nodes");
  if (!found)
    return 1;
  if (found->items.empty()) {
    call.fail("No nodes match the given query - try expanding your search.");
    return 0;
  }
  const bool detailed = call.flags.boolean("detailed");
  std::vector<table_row> rows{{"Node", "ID", "Address", "DC"}};
  if (detailed)
    rows.front().insert(rows.front().end(), {"TaggedAddresses", "Meta"});
  for (const auto& node : found->items)
    rows.push_back(node_row(node, detailed));
  call.io.out << columns(rows);
  return 0;
}

// -- services -----------------------------------------------------------------

constexpr flag_spec services_flags[] = {
  {.name = "node", .help = "Node `id or name` for which to list services."},
  {.name = "node-meta",
   .kind = flag_kind::list,
   .help = "Metadata to filter nodes with the given `key=value` pairs. If "
           "specified, only services running on nodes matching the given "
           "metadata will be returned. This flag may be specified multiple "
           "times to filter on multiple sources of metadata."},
  {.name = "tags",
   .kind = flag_kind::boolean,
   .help = "Display each service's tags as a comma-separated list beside each "
           "service entry."},
};
constexpr std::string_view services_usage =
  R"(Usage: consul catalog services [options]

  Retrieves the list services registered in a given datacenter. By default, the
  datacenter of the local agent is queried.

  To retrieve the list of services:

      $ consul catalog services

  To include the services' tags in the output:

      $ consul catalog services -tags

  To list services which run on a particular node:

      $ consul catalog services -node=web

  To filter services on node metadata:

      $ consul catalog services -node-meta="foo=bar"

  For a full list of options and examples, please see the Consul documentation.
)";

using tags_by_service = std::map<std::string, std::set<std::string>>;

void add_tags(std::set<std::string>& out, const json_value& tags) {
  for (const auto& tag : tags.items)
    out.emplace(tag.text());
}

/// @param answer of /v1/catalog/services or, with `of_node`, of a node
tags_by_service services_in(const json_value& answer, bool of_node) {
  tags_by_service out;
  const auto& services = of_node ? answer["Services"] : answer;
  for (const auto& [key, x] : services.members) {
    if (of_node)
      add_tags(out[std::string{x["Service"].text()}], x["Tags"]);
    else
      add_tags(out[key], x);
  }
  return out;
}

int run_services(invocation& call) {
  if (call.too_many(0))
    return 1;
  const auto& node = call.flags.string("node");
  api_request request{.path = node.empty() ? "/v1/catalog/services"
                                           : "/v1/catalog/node/" + node};
  if (!add_node_meta(call, request))
    return 1;
  const auto found = list(call, std::move(request), "services");
  if (!found)
    return 1;
  const auto services = services_in(*found, !node.empty());
  if (services.empty()) {
    call.fail("No services match the given query - try expanding your search.");
    return 0;
  }
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& [name, tags] : services) {
    if (call.flags.boolean("tags"))
      rows.emplace_back(name, joined({tags.begin(), tags.end()}, ","));
    else
      call.io.out << name << '\n';
  }
  call.io.out << tab_written(rows);
  return 0;
}

} // namespace

const command catalog_command = {.name = "catalog",
                                 .synopsis = "Interact with the catalog",
                                 .usage = catalog_usage};

const command catalog_datacenters_command = {.name = "catalog datacenters",
                                             .synopsis =
                                               "Lists all known datacenters",
                                             .usage = datacenters_usage,
                                             .api = api_flags::server,
                                             .run = run_datacenters};

const command catalog_nodes_command = {
  .name = "catalog nodes",
  .synopsis = "Lists all nodes in the given datacenter",
  .usage = nodes_usage,
  .flags = nodes_flags,
  .api = api_flags::server,
  .run = run_nodes};

const command catalog_services_command = {
  .name = "catalog services",
  .synopsis = "Lists all registered services in a datacenter",
  .usage = services_usage,
  .flags = services_flags,
  .api = api_flags::server_and_namespace,
  .run = run_services};

} // namespace praetor::tools
