// keyring: looks at and changes the keys that encrypt gossip.

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/json_value.hpp"

#include <ostream>

namespace praetor::tools {

namespace {

constexpr flag_spec keyring_flags[] = {
  {.name = "install",
   .help = "Install a new encryption key. This will broadcast the new key to "
           "all members in the cluster."},
  {.name = "list",
   .kind = flag_kind::boolean,
   .help = "List all keys currently in use within the cluster."},
  {.name = "list-primary",
   .kind = flag_kind::boolean,
   .help = "List all primary keys currently in use within the cluster."},
  {.name = "local-only",
   .kind = flag_kind::boolean,
   .help = "Setting this to true will force the keyring query to only hit "
           "local servers (no WAN traffic). This flag can only be set for "
           "list queries."},
  {.name = "relay-factor",
   .kind = flag_kind::integer,
   .help = "Setting this to a non-zero value will cause nodes to relay their "
           "response to the operation through this many randomly-chosen other "
           "nodes in the cluster. The maximum allowed value is 5."},
  {.name = "remove",
   .help = "Remove the given key from the cluster. This operation may only be "
           "performed on keys which are not currently the primary key."},
  {.name = "use",
   .help = "Change the primary encryption key, which is used to encrypt "
           "messages. The key must already be installed before this operation "
           "can succeed."},
};

constexpr std::string_view keyring_usage = R"(Usage: consul keyring [options]

  Manages encryption keys used for gossip messages. Gossip encryption is
  optional. When enabled, this command may be used to examine active encryption
  keys in the cluster, add new keys, and remove old ones. When combined, this
  functionality provides the ability to perform key rotation cluster-wide,
  without disrupting the cluster.

  All operations performed by this command can only be run against server nodes,
  and affect both the LAN and WAN keyrings in lock-step.

  All variations of the keyring command return 0 if all nodes reply and there
  are no errors. If any node fails to reply or reports failure, the exit code
  will be 1.
)";

/// What is to be done, and what is said about it.
struct action {
  std::string_view method;
  std::string_view title;
  std::string key;
  /// Of the lists: the member of the answer.
  std::string_view shown;
};

std::vector<action> wanted(const invocation& call) {
  std::vector<action> out;
  if (call.flags.boolean("list"))
    out.push_back(
      {"GET", "Gathering installed encryption keys...", "", "Keys"});
  if (call.flags.boolean("list-primary"))
    out.push_back({"GET", "Gathering installed primary encryption keys...", "",
                   "PrimaryKeys"});
  const auto add = [&](const char* flag, std::string_view method,
                       std::string_view title) {
    if (auto key = call.flags.string(flag); !key.empty())
      out.push_back({method, title, std::move(key), ""});
  };
  add("install", "POST", "Installing new gossip encryption key...");
  add("use", "PUT", "Changing primary gossip encryption key...");
  add("remove", "DELETE", "Removing gossip encryption key...");
  return out;
}

/// One pool: its name, then each key and how many members have it.
void print_pool(std::ostream& out, const json_value& pool,
                std::string_view shown) {
  out << "\n";
  if (pool["WAN"].truth())
    out << "WAN:\n";
  else
    out << pool["Datacenter"].text() << " (LAN):\n";
  for (const auto& [key, count] : pool[shown].members)
    out << "  " << key << " [" << count.number() << "/"
        << pool["NumNodes"].number() << "]\n";
}

int run_keyring(invocation& call) {
  const auto actions = wanted(call);
  if (actions.empty()) {
    call.io.err << help_page(keyring_command);
    return 1;
  }
  if (actions.size() > 1)
    return call.fail("Only a single action is allowed");
  const auto relays = call.flags.integer("relay-factor");
  if (relays < 0 || relays > 5)
    return call.fail("Error parsing relay factor: Relay factor must be in "
                     "range: [0, 5]");
  const auto& x = actions.front();
  const auto local = call.flags.boolean("local-only");
  if (local && x.shown.empty())
    return call.fail("Error validating local-only: local-only can only be set "
                     "for list requests");
  auto api = call.connect();
  if (!api)
    return 1;
  call.io.out << "==> " << x.title << "\n";
  api_request request{.method = std::string{x.method},
                      .path = "/v1/operator/keyring"};
  if (relays > 0)
    request.query.emplace("relay-factor", std::to_string(relays));
  if (local)
    request.query.emplace("local-only", "true");
  if (x.shown.empty())
    json_writer{request.body}
      .begin_object()
      .key("Key")
      .string(x.key)
      .end_object();
  const auto answer = api->demand(request);
  const auto tree = answer && !x.shown.empty()
                      ? parse_json(answer->body)
                      : result<json_value>{json_value{}};
  if (!answer || !tree)
    return call.fail("error: "
                     + (answer ? tree.error() : answer.error()).context);
  for (const auto& pool : tree->items)
    print_pool(call.io.out, pool, x.shown);
  return 0;
}

} // namespace

const command keyring_command = {.name = "keyring",
                                 .synopsis =
                                   "Manages gossip layer encryption keys",
                                 .usage = keyring_usage,
                                 .flags = keyring_flags,
                                 .api = api_flags::client,
                                 .run = run_keyring};

} // namespace praetor::tools
