// `praetor operator raft ...`: the servers that vote.

#include "tools/praetor/columns.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/json_value.hpp"

#include <ostream>

namespace praetor::tools {

namespace {

constexpr std::string_view operator_usage =
  R"(Usage: consul operator <subcommand> [options]

  Provides cluster-level tools for Consul operators, such as interacting with
  the Raft subsystem. NOTE: Use this command with extreme caution, as improper
  use could lead to a Consul outage and even loss of data.

  If ACLs are enabled then a token with operator privileges may be required in
  order to use this command. Requests are forwarded internally to the leader
  if required, so this can be run from any Consul node in a cluster.

  Run consul operator <subcommand> with no arguments for help on that
  subcommand.
)";
constexpr std::string_view raft_usage =
  R"(Usage: consul operator raft <subcommand> [options]

The Raft operator command is used to interact with Consul's Raft subsystem. The
command can be used to verify Raft peers or in rare cases to recover quorum by
removing invalid peers.
)";

// -- list-peers ---------------------------------------------------------------

constexpr std::string_view list_peers_usage =
  R"(Usage: consul operator raft list-peers [options]

  Displays the current Raft peer configuration.
)";

table_row peer_row(const json_value& x) {
  const auto text = [&x](std::string_view key) {
    return std::string{x[key].text()};
  };
  const auto protocol = text("ProtocolVersion");
  return {text("Node"),
          text("ID"),
          text("Address"),
          x["Leader"].truth() ? "leader" : "follower",
          x["Voter"].truth() ? "true" : "false",
          protocol.empty() ? "<=1" : protocol};
}

int run_list_peers(invocation& call) {
  auto api = call.connect();
  if (!api)
    return 1;
  const auto answer =
    api->demand_read({.path = "/v1/operator/raft/configuration"});
  const auto tree =
    answer ? parse_json(answer->body) : result<json_value>{answer.error()};
  if (!tree)
    return call.fail("Error getting peers: Failed to retrieve raft "
                     "configuration: "
                     + tree.error().context);
  std::vector<table_row> rows{
    {"Node", "ID", "Address", "State", "Voter", "RaftProtocol"}};
  for (const auto& x : (*tree)["Servers"].items)
    rows.push_back(peer_row(x));
  call.io.out << columns(rows);
  return 0;
}

// -- remove-peer --------------------------------------------------------------

constexpr flag_spec remove_peer_flags[] = {
  {.name = "address",
   .help = "The address to remove from the Raft configuration."},
  {.name = "id", .help = "The ID to remove from the Raft configuration."},
};
constexpr std::string_view remove_peer_usage =
  R"(Usage: consul operator raft remove-peer [options]

  Remove the Consul server with given -address from the Raft configuration.

  There are rare cases where a peer may be left behind in the Raft quorum even
  though the server is no longer present and known to the cluster. This command
  can be used to remove the failed server so that it is no longer affects the Raft
  quorum. If the server still shows in the output of the "consul members" command,
  it is preferable to clean up by simply running "consul force-leave" instead of
  this command.
)";

int run_remove_peer(invocation& call) {
  const auto& address = call.flags.string("address");
  const auto& id = call.flags.string("id");
  const std::string prefix = "Error removing peer: ";
  if (address.empty() && id.empty())
    return call.fail(prefix
                     + "an address or id is required for the peer to remove");
  if (!address.empty() && !id.empty())
    return call.fail(prefix + "cannot give both an address and id");
  const std::string kind = id.empty() ? "address" : "id";
  const auto& peer = id.empty() ? address : id;
  auto api = call.connect();
  if (!api)
    return 1;
  const auto answer = api->demand({.method = "DELETE",
                                   .path = "/v1/operator/raft/peer",
                                   .query = {{kind, peer}}});
  if (!answer)
    return call.fail(prefix + answer.error().context);
  call.io.out << "Removed peer with " << kind << " \"" << peer << "\"\n";
  return 0;
}

// -- transfer-leader ----------------------------------------------------------

constexpr flag_spec transfer_leader_flags[] = {
  {.name = "id", .help = "The ID of the server that shall lead."},
};
constexpr std::string_view transfer_leader_usage =
  R"(Usage: consul operator raft transfer-leader [options]

  Transfers the leadership to the server with the given -id, or to the one that
  has most of the log.
)";

int run_transfer_leader(invocation& call) {
  auto api = call.connect();
  if (!api)
    return 1;
  api_request request{.method = "POST",
                      .path = "/v1/operator/raft/transfer-leader"};
  if (const auto& id = call.flags.string("id"); !id.empty())
    request.query.emplace("id", id);
  const auto answer = api->demand(request);
  // "transfering" is what scripts know.
  if (!answer)
    return call.fail("Error transfering leadership: Failed to transfer "
                     "leadership "
                     + answer.error().context);
  call.io.out << "Success\n";
  return 0;
}

} // namespace

const command operator_command = {
  .name = "operator",
  .synopsis = "Provides cluster-level tools for Consul operators",
  .usage = operator_usage};

const command operator_raft_command = {
  .name = "operator raft",
  .synopsis = "Provides cluster-level tools for Consul operators",
  .usage = raft_usage};

const command operator_raft_list_peers_command = {
  .name = "operator raft list-peers",
  .synopsis = "Display the current Raft peer configuration",
  .usage = list_peers_usage,
  .api = api_flags::server,
  .run = run_list_peers};

const command operator_raft_remove_peer_command = {
  .name = "operator raft remove-peer",
  .synopsis = "Remove a Consul server from the Raft configuration",
  .usage = remove_peer_usage,
  .flags = remove_peer_flags,
  .api = api_flags::server,
  .run = run_remove_peer};

const command operator_raft_transfer_leader_command = {
  .name = "operator raft transfer-leader",
  .synopsis = "Transfer raft leadership to another node",
  .usage = transfer_leader_usage,
  .flags = transfer_leader_flags,
  .api = api_flags::server,
  .run = run_transfer_leader};

} // namespace praetor::tools
