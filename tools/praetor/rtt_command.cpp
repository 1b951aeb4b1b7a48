// rtt: how long a packet takes between two nodes and back, by their
// coordinates. Source: Consul 1.8.7, command/rtt.

#include "runtime/base/coordinate.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/json_value.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <string>

namespace praetor::tools {

namespace {

constexpr double ms_per_second = 1e3;

constexpr flag_spec rtt_flags[] = {
  {.name = "wan",
   .kind = flag_kind::boolean,
   .help = "Use WAN coordinates instead of LAN coordinates."},
};
constexpr std::string_view rtt_usage =
  R"(Usage: consul rtt [options] node1 [node2]

  Estimates the round trip time between two nodes from their network
  coordinates. Without the second name, the agent's own node is meant.

  With -wan, both are servers and are named <node name>.<datacenter>.
)";

double real(const json_value& x) {
  return std::strtod(x.content.c_str(), nullptr);
}

/// Nothing if it is none.
std::optional<coordinate> parse_coordinate(const json_value& x) {
  coordinate out;
  const auto& vec = x["Vec"].items;
  if (vec.size() != out.at.size())
    return std::nullopt;
  for (std::size_t i = 0; i < vec.size(); ++i)
    out.at[i] = real(vec[i]);
  out.error = real(x["Error"]);
  out.adjustment = real(x["Adjustment"]);
  out.height = real(x["Height"]);
  return well_formed(out) ? std::optional{out} : std::nullopt;
}

std::optional<coordinate> find_in(const json_value& list,
                                  std::string_view node) {
  for (const auto& x : list.items)
    if (x["Node"].text() == node)
      return parse_coordinate(x["Coord"]);
  return std::nullopt;
}

/// `name` is that of a server and its datacenter.
std::optional<coordinate> find_server(const json_value& datacenters,
                                      std::string_view name) {
  const auto dot = name.rfind('.');
  for (const auto& x : datacenters.items)
    if (x["Datacenter"].text() == name.substr(dot + 1))
      return find_in(x["Coordinates"], name.substr(0, dot));
  return std::nullopt;
}

/// Errors: with the sentence for the user.
result<json_value> ask(client& api, const std::string& path,
                       const std::string& what) {
  const auto answer = api.demand_read({.path = path});
  auto tree =
    answer ? parse_json(answer->body) : result<json_value>{answer.error()};
  if (!tree)
    return error{tree.error().code,
                 "Error getting " + what + ": " + tree.error().context};
  return tree;
}

/// Both names; the second may be the agent's own. Errors: as `ask`.
result<std::array<std::string, 2>> names_of(client& api, const invocation& call,
                                            bool wan) {
  std::array<std::string, 2> out{call.arguments()[0]};
  if (call.arguments().size() == 2) {
    out[1] = call.arguments()[1];
    return out;
  }
  const auto self = ask(api, "/v1/agent/self", "node name");
  if (!self)
    return self.error();
  const auto& config = (*self)["Config"];
  out[1] = config["NodeName"].text();
  if (wan)
    out[1] += "." + std::string{config["Datacenter"].text()};
  return out;
}

int run_rtt(invocation& call) {
  const auto wan = call.flags.boolean("wan");
  const auto& names = call.arguments();
  if (names.empty() || names.size() > 2)
    return call.fail_with_help("One or two node names must be specified");
  for (const auto& name : names)
    if (wan && name.find('.') == std::string::npos)
      return call.fail("Node names must be specified as <node "
                       "name>.<datacenter> with -wan");
  auto api = call.connect();
  if (!api)
    return 1;
  const auto pair = names_of(*api, call, wan);
  if (!pair)
    return call.fail(pair.error().context);
  const auto all =
    ask(*api, wan ? "/v1/coordinate/datacenters" : "/v1/coordinate/nodes",
        "coordinates");
  if (!all)
    return call.fail(all.error().context);
  std::array<coordinate, 2> found;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& name = (*pair)[i];
    const auto x = wan ? find_server(*all, name) : find_in(*all, name);
    if (!x)
      return call.fail("Could not find a coordinate for node \"" + name + "\"");
    found[i] = *x;
  }
  std::array<char, 64> rtt{};
  std::snprintf(rtt.data(), rtt.size(), "%.3f ms",
                distance(found[0], found[1]) * ms_per_second);
  call.io.out << "Estimated " << (*pair)[0] << " <-> " << (*pair)[1]
              << " rtt: " << rtt.data() << " (using " << (wan ? "WAN" : "LAN")
              << " coordinates)\n";
  return 0;
}

} // namespace

const command rtt_command = {
  .name = "rtt",
  .synopsis = "Estimates network round trip time between nodes",
  .usage = rtt_usage,
  .flags = rtt_flags,
  .api = api_flags::server,
  .run = run_rtt};

} // namespace praetor::tools
