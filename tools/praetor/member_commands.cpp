// Commands about the members of the cluster and the agent itself: members,
// join, leave, force-leave, info and reload.

#include "runtime/net/url.hpp"
#include "tools/praetor/columns.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/json_value.hpp"
#include "tools/praetor/words.hpp"

#include <algorithm>
#include <ostream>
#include <tuple>

namespace praetor::tools {

namespace {

constexpr int exit_no_members = 2;

std::string text_of(const json_value& x) {
  return std::string{x.text()};
}

// -- members ------------------------------------------------------------------

constexpr flag_spec members_flags[] = {
  {.name = "detailed",
   .kind = flag_kind::boolean,
   .help = "Provides detailed information about nodes."},
  {.name = "segment",
   .help = "(Enterprise-only) If provided, output is filtered to only nodes "
           "inthe given segment.",
   .preset = "_all"},
  {.name = "status",
   .help = "If provided, output is filtered to only nodes matching the regular "
           "expression for status.",
   .preset = ".*"},
  {.name = "wan",
   .kind = flag_kind::boolean,
   .help = "If the agent is in server mode, this can be used to return the "
           "other peers in the WAN pool."},
};
constexpr std::string_view members_usage = R"(Usage: consul members [options]

  Outputs the members of a running Consul agent.
)";

/// Source: the enumeration of hashicorp/serf, in which 0 is "none".
std::string_view status_word(std::uint64_t status) {
  constexpr std::string_view words[] = {"none", "alive", "leaving", "left",
                                        "failed"};
  return status < std::size(words) ? words[status] : words[0];
}

struct cluster_member {
  std::string name;
  std::string address;
  std::string_view status;
  std::map<std::string, std::string> tags;

  std::string tag(const std::string& key) const {
    const auto found = tags.find(key);
    return found == tags.end() ? "" : found->second;
  }
};

cluster_member member_of(const json_value& x) {
  cluster_member out;
  out.name = text_of(x["Name"]);
  out.address = net::join_host_port(
    text_of(x["Addr"]), static_cast<std::uint16_t>(x["Port"].number()));
  out.status = status_word(x["Status"].number());
  for (const auto& [key, value] : x["Tags"].members)
    out.tags[key] = text_of(value);
  // Servers are in all segments, clients in the one without a name.
  if (out.tag("role") == "consul")
    out.tags["segment"] = "<all>";
  else if (out.tag("segment").empty())
    out.tags["segment"] = "<default>";
  return out;
}

table_row short_row(const cluster_member& x) {
  const auto role = x.tag("role");
  const auto build = x.tag("build");
  return {x.name,
          x.address,
          std::string{x.status},
          role == "consul" ? "server"
          : role == "node" ? "client"
                           : "unknown",
          build.substr(0, build.find(':')),
          x.tag("vsn"),
          x.tag("dc"),
          x.tag("segment")};
}

table_row detailed_row(const cluster_member& x) {
  std::vector<std::string> words;
  for (const auto& [key, value] : x.tags)
    words.push_back(key + "=" + value);
  return {x.name, x.address, std::string{x.status}, joined(words, ",")};
}

std::string table_of(std::vector<cluster_member> members, bool detailed) {
  std::ranges::sort(members, {}, [](const cluster_member& x) {
    return std::tuple{x.tag("segment"), x.name};
  });
  std::vector<table_row> rows{{"Node", "Address", "Status"}};
  if (detailed)
    rows.front().emplace_back("Tags");
  else
    rows.front().insert(rows.front().end(),
                        {"Type", "Build", "Protocol", "DC", "Segment"});
  for (const auto& x : members)
    rows.push_back(detailed ? detailed_row(x) : short_row(x));
  return columns(rows);
}

int run_members(invocation& call) {
  const auto& pattern = call.flags.string("status");
  if (const auto legal = matches(pattern, ""); !legal)
    return call.fail("Failed to compile status regexp: "
                     + legal.error().context);
  auto api = call.connect();
  if (!api)
    return 1;
  api_request request{.path = "/v1/agent/members",
                      .query = {{"segment", call.flags.string("segment")}}};
  if (call.flags.boolean("wan"))
    request.query.emplace("wan", "1");
  const auto answer = api->demand(request);
  const auto tree =
    answer ? parse_json(answer->body) : result<json_value>{answer.error()};
  if (!tree)
    return call.fail("Error retrieving members: " + tree.error().context);
  std::vector<cluster_member> members;
  for (const auto& x : tree->items) {
    auto member = member_of(x);
    const auto matched = matches(pattern, std::string{member.status});
    if (matched && *matched)
      members.push_back(std::move(member));
  }
  if (members.empty())
    return exit_no_members;
  call.io.out << table_of(std::move(members), call.flags.boolean("detailed"));
  return 0;
}

// -- join, leave, force-leave -------------------------------------------------

constexpr flag_spec join_flags[] = {
  {.name = "wan",
   .kind = flag_kind::boolean,
   .help = "Joins a server to another server in the WAN pool."},
};
constexpr std::string_view join_usage =
  R"(Usage: consul join [options] address ...

  Tells a running Consul agent (with "consul agent") to join the cluster
  by specifying at least one existing member.
)";

int run_join(invocation& call) {
  if (call.arguments().empty())
    return call.fail_with_help(
      "At least one address to join must be specified.");
  auto api = call.connect();
  if (!api)
    return 1;
  int joins = 0;
  for (const auto& address : call.arguments()) {
    api_request request{.method = "PUT", .path = "/v1/agent/join/" + address};
    if (call.flags.boolean("wan"))
      request.query.emplace("wan", "1");
    const auto answer = api->demand(request);
    if (answer)
      ++joins;
    else
      call.fail("Error joining address '" + address
                + "': " + answer.error().context);
  }
  if (joins == 0)
    return call.fail("Failed to join any nodes.");
  call.io.out << "Successfully joined cluster by contacting " << joins
              << " nodes.\n";
  return 0;
}

constexpr std::string_view leave_usage = R"(Usage: consul leave [options]

  Causes the agent to gracefully leave the Consul cluster and shutdown.
)";

/// Sends a PUT without a body. @returns the exit code
int put(invocation& call, api_request request, const std::string& prefix,
        std::string_view success) {
  auto api = call.connect();
  if (!api)
    return 1;
  request.method = "PUT";
  const auto answer = api->demand(request);
  if (!answer)
    return call.fail(prefix + answer.error().context);
  call.io.out << success;
  return 0;
}

int run_leave(invocation& call) {
  if (const auto& words = call.arguments(); !words.empty()) {
    call.io.out << help_page(leave_command);
    return call.fail("Error found unexpected args: [" + joined(words, " ")
                     + "]");
  }
  return put(call, {.path = "/v1/agent/leave"},
             "Error leaving: ", "Graceful leave complete\n");
}

constexpr flag_spec force_leave_flags[] = {
  {.name = "prune",
   .kind = flag_kind::boolean,
   .help = "Remove agent completely from list of members"},
};
constexpr std::string_view force_leave_usage =
  R"(Usage: consul force-leave [options] name

  Forces a member of a Consul cluster to enter the "left" state. Note
  that if the member is still actually alive, it will eventually rejoin
  the cluster. This command is most useful for cleaning out "failed" nodes
  that are never coming back. If you do not force leave a failed node,
  Consul will attempt to reconnect to those failed nodes for some period of
  time before eventually reaping them.

  -prune    Remove agent completely from list of members
)";

int run_force_leave(invocation& call) {
  if (call.arguments().size() != 1)
    return call.fail_with_help(
      "A single node name must be specified to force leave.");
  api_request request{.path =
                        "/v1/agent/force-leave/" + call.arguments().front()};
  if (call.flags.boolean("prune"))
    request.query.emplace("prune", "1");
  return put(call, std::move(request), "Error force leaving: ", "");
}

// -- reload and info ----------------------------------------------------------

constexpr std::string_view reload_usage = R"(Usage: consul reload

  Causes the agent to reload configurations. This can be used instead
  of sending the SIGHUP signal to the agent.
)";

int run_reload(invocation& call) {
  return put(call, {.path = "/v1/agent/reload"},
             "Error reloading: ", "Configuration reload triggered\n");
}

constexpr std::string_view info_usage = R"(Usage: consul info [options]

  Provides debugging information for operators.
)";

std::map<std::string, json_value> sorted(const json_value& object) {
  return {object.members.begin(), object.members.end()};
}

int run_info(invocation& call) {
  auto api = call.connect();
  if (!api)
    return 1;
  const auto answer = api->demand({.path = "/v1/agent/self"});
  const auto tree =
    answer ? parse_json(answer->body) : result<json_value>{answer.error()};
  if (!tree)
    return call.fail("Error querying agent: " + tree.error().context);
  const auto& stats = (*tree)["Stats"];
  if (stats.kind != json_kind::object)
    return call.fail("Agent response did not contain 'Stats' key");
  for (const auto& [group, keys] : sorted(stats)) {
    call.io.out << group << ":\n";
    for (const auto& [key, value] : sorted(keys))
      call.io.out << '\t' << key << " = " << value.content << '\n';
  }
  return 0;
}

} // namespace

const command members_command = {.name = "members",
                                 .synopsis =
                                   "Lists the members of a Consul cluster",
                                 .usage = members_usage,
                                 .flags = members_flags,
                                 .api = api_flags::client,
                                 .run = run_members};

const command join_command = {.name = "join",
                              .synopsis = "Tell Consul agent to join cluster",
                              .usage = join_usage,
                              .flags = join_flags,
                              .api = api_flags::client,
                              .run = run_join};

const command leave_command = {
  .name = "leave",
  .synopsis = "Gracefully leaves the Consul cluster and shuts down",
  .usage = leave_usage,
  .api = api_flags::client,
  .run = run_leave};

const command force_leave_command = {
  .name = "force-leave",
  .synopsis = "Forces a member of the cluster to enter the \"left\" state",
  .usage = force_leave_usage,
  .flags = force_leave_flags,
  .api = api_flags::client,
  .run = run_force_leave};

const command reload_command = {
  .name = "reload",
  .synopsis = "Triggers the agent to reload configuration files",
  .usage = reload_usage,
  .api = api_flags::client,
  .run = run_reload};

const command info_command = {.name = "info",
                              .synopsis =
                                "Provides debugging information for operators.",
                              .usage = info_usage,
                              .api = api_flags::client,
                              .run = run_info};

} // namespace praetor::tools
