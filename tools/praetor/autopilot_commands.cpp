// `praetor operator autopilot ...`: how the leader looks after the servers.

#include "runtime/base/text.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/json_value.hpp"

#include <algorithm>
#include <ostream>
#include <string>

namespace praetor::tools {

namespace {

constexpr auto path = "/v1/operator/autopilot/configuration";

constexpr std::string_view autopilot_usage =
  R"(Usage: consul operator autopilot <subcommand> [options]

  The Autopilot operator command is used to interact with Consul's Autopilot
  subsystem. The command can be used to view or modify the current configuration.
)";

result<json_value> fetch(client& api, const api_request& request) {
  const auto answer = api.demand_read(request);
  return answer ? parse_json(answer->body) : result<json_value>{answer.error()};
}

// -- get-config ---------------------------------------------------------------

constexpr std::string_view get_config_usage =
  R"(Usage: consul operator autopilot get-config [options]

  Displays the current Autopilot configuration.
)";

constexpr std::string_view query_failed =
  "Error querying Autopilot configuration: ";

int run_get_config(invocation& call) {
  auto api = call.connect();
  if (!api)
    return 1;
  const auto config = fetch(*api, {.path = path});
  if (!config)
    return call.fail(std::string{query_failed} + config.error().context);
  for (const auto* name :
       {"CleanupDeadServers", "LastContactThreshold", "MaxTrailingLogs",
        "MinQuorum", "ServerStabilizationTime"})
    call.io.out << name << " = " << (*config)[name].content << '\n';
  const auto quoted = [&config](std::string_view name) {
    return config::go_quote((*config)[name].text());
  };
  call.io.out << "RedundancyZoneTag = " << quoted("RedundancyZoneTag") << '\n'
              << "DisableUpgradeMigration = "
              << (*config)["DisableUpgradeMigration"].content << '\n'
              << "UpgradeVersionTag = " << quoted("UpgradeVersionTag") << '\n';
  return 0;
}

// -- set-config ---------------------------------------------------------------

constexpr std::string_view set_config_usage =
  R"(Usage: consul operator autopilot set-config [options]

  Modifies the current Autopilot configuration.
)";

/// The help page of a flag ends each sentence's `name of the value` in words.
constexpr flag_spec setting(std::string_view name, flag_kind kind,
                            std::string_view help) {
  return {.name = name,
          .kind = kind,
          .help = help,
          .dialect = config::flag_dialect::consul};
}

constexpr flag_spec set_config_flags[] = {
  setting("cleanup-dead-servers", flag_kind::boolean,
          "Controls whether Consul will automatically remove dead servers "
          "when new ones are successfully added. Must be one of "
          "`true|false`."),
  setting("disable-upgrade-migration", flag_kind::boolean,
          "(Enterprise-only) Controls whether Consul will avoid promoting "
          "new servers until it can perform a migration. Must be one of "
          "`true|false`."),
  setting("last-contact-threshold", flag_kind::duration,
          "Controls the maximum amount of time a server can go without "
          "contact from the leader before being considered unhealthy. Must "
          "be a duration value such as `200ms`."),
  setting("max-trailing-logs", flag_kind::unsigned_integer,
          "Controls the maximum number of log entries that a server can "
          "trail the leader by before being considered unhealthy."),
  setting("min-quorum", flag_kind::unsigned_integer,
          "Sets the minimum number of servers required in a cluster before "
          "autopilot is allowed to prune dead servers."),
  setting("redundancy-zone-tag", flag_kind::string,
          "(Enterprise-only) Controls the node_meta tag name used for "
          "separating servers into different redundancy zones."),
  setting("server-stabilization-time", flag_kind::duration,
          "Controls the minimum amount of time a server must be stable in "
          "the 'healthy' state before being added to the cluster. Only takes "
          "effect if all servers are running Raft protocol version 3 or "
          "higher. Must be a duration value such as `10s`."),
  setting("upgrade-version-tag", flag_kind::string,
          "(Enterprise-only) The node_meta tag to use for version info when "
          "performing upgrade migrations. If left blank, the Consul version "
          "will be used."),
};

void set(json_value& config, std::string_view name, json_kind kind,
         std::string content) {
  const auto found = std::ranges::find(config.members, name,
                                       [](const auto& x) { return x.first; });
  json_value value;
  value.kind = kind;
  value.content = std::move(content);
  if (found != config.members.end())
    found->second = std::move(value);
  else
    config.members.emplace_back(name, std::move(value));
}

/// Takes over the flags that were given.
void change(json_value& config, const config::parsed_flags& flags) {
  const auto truth = [&](std::string_view flag, std::string_view name) {
    if (flags.given(flag))
      set(config, name, json_kind::boolean,
          flags.boolean(flag) ? "true" : "false");
  };
  const auto number = [&](std::string_view flag, std::string_view name) {
    if (flags.given(flag))
      set(config, name, json_kind::number,
          std::to_string(flags.unsigned_integer(flag)));
  };
  const auto span = [&](std::string_view flag, std::string_view name) {
    if (flags.given(flag))
      set(config, name, json_kind::string,
          format_duration(flags.duration(flag)));
  };
  const auto word = [&](std::string_view flag, std::string_view name) {
    if (flags.given(flag))
      set(config, name, json_kind::string, flags.string(flag));
  };
  truth("cleanup-dead-servers", "CleanupDeadServers");
  truth("disable-upgrade-migration", "DisableUpgradeMigration");
  span("last-contact-threshold", "LastContactThreshold");
  span("server-stabilization-time", "ServerStabilizationTime");
  number("max-trailing-logs", "MaxTrailingLogs");
  number("min-quorum", "MinQuorum");
  word("redundancy-zone-tag", "RedundancyZoneTag");
  word("upgrade-version-tag", "UpgradeVersionTag");
}

int run_set_config(invocation& call) {
  auto api = call.connect();
  if (!api)
    return 1;
  auto config = fetch(*api, {.path = path});
  if (!config)
    return call.fail(std::string{query_failed} + config.error().context);
  change(*config, call.flags);
  const auto answer = api->demand(
    {.method = "PUT",
     .path = path,
     .query = {{"cas", std::to_string((*config)["ModifyIndex"].number())}},
     .body = to_json(*config)});
  if (!answer)
    return call.fail("Error setting Autopilot configuration: "
                     + answer.error().context);
  if (answer->body.find("true") == std::string::npos) {
    call.io.out << "Configuration could not be atomically updated, please try "
                   "again\n";
    return 1;
  }
  call.io.out << "Configuration updated!\n";
  return 0;
}

} // namespace

const command operator_autopilot_command = {
  .name = "operator autopilot",
  .synopsis = "Provides tools for modifying Autopilot configuration",
  .usage = autopilot_usage};

const command operator_autopilot_get_config_command = {
  .name = "operator autopilot get-config",
  .synopsis = "Display the current Autopilot configuration",
  .usage = get_config_usage,
  .api = api_flags::server,
  .run = run_get_config};

const command operator_autopilot_set_config_command = {
  .name = "operator autopilot set-config",
  .synopsis = "Modify the current Autopilot configuration",
  .usage = set_config_usage,
  .flags = set_config_flags,
  .api = api_flags::server,
  .run = run_set_config};

} // namespace praetor::tools
