// Commands about one agent: event, maint and monitor.

#include "runtime/base/json.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/json_value.hpp"
#include "tools/praetor/signals.hpp"
#include "tools/praetor/words.hpp"

#include <ostream>

namespace praetor::tools {

namespace {

// -- event --------------------------------------------------------------------

constexpr flag_spec event_flags[] = {
  {.name = "name", .help = "Name of the event."},
  {.name = "node", .help = "Regular expression to filter on node names."},
  {.name = "service",
   .help = "Regular expression to filter on service instances."},
  {.name = "tag",
   .help = "Regular expression to filter on service tags. Must be used with "
           "-service."},
};
constexpr std::string_view event_usage =
  R"(Usage: consul event [options] [payload]

  Dispatches a custom user event across a datacenter. An event must provide
  a name, but a payload is optional. Events support filtering using
  regular expressions on node name, service, and tag definitions.
)";

std::optional<std::string> event_refusal(const config::parsed_flags& flags) {
  if (!flags.string("tag").empty() && flags.string("service").empty())
    return "Cannot provide tag filter without service filter.";
  for (const auto* name : {"node", "service", "tag"}) {
    const auto legal = matches(flags.string(name), "");
    if (!legal)
      return std::string{"Failed to compile "} + name
             + " filter regexp: " + legal.error().context;
  }
  return std::nullopt;
}

int run_event(invocation& call) {
  const auto& flags = call.flags;
  if (flags.string("name").empty())
    return call.fail_with_help("Event name must be specified");
  if (const auto refusal = event_refusal(flags))
    return call.fail(*refusal);
  if (call.arguments().size() > 1)
    return call.fail_with_help("Too many command line arguments.");
  auto api = call.connect();
  if (!api)
    return 1;
  // Tells an agent that cannot be reached from an event that cannot be fired.
  if (const auto self = api->demand({.path = "/v1/agent/self"}); !self)
    return call.fail("Error querying Consul agent: " + self.error().context);
  api_request request{.method = "PUT",
                      .path = "/v1/event/fire/" + flags.string("name")};
  for (const auto* name : {"node", "service", "tag"})
    if (const auto& text = flags.string(name); !text.empty())
      request.query.emplace(name, text);
  if (!call.arguments().empty())
    request.body = call.arguments().front();
  const auto answer = api->demand(request);
  const auto tree =
    answer ? parse_json(answer->body) : result<json_value>{answer.error()};
  if (!tree)
    return call.fail("Error firing event: " + tree.error().context);
  call.io.out << "Event ID: " << (*tree)["ID"].text() << '\n';
  return 0;
}

// -- maint --------------------------------------------------------------------

constexpr flag_spec maint_flags[] = {
  {.name = "disable",
   .kind = flag_kind::boolean,
   .help = "Disable maintenance mode."},
  {.name = "enable",
   .kind = flag_kind::boolean,
   .help = "Enable maintenance mode."},
  {.name = "reason", .help = "Text describing the maintenance reason."},
  {.name = "service",
   .help = "Control maintenance mode for a specific service ID."},
};
constexpr std::string_view maint_usage = R"(Usage: consul maint [options]

  Places a node or service into maintenance mode. During maintenance mode,
  the node or service will be excluded from all queries through the DNS
  or API interfaces, effectively taking it out of the pool of available
  nodes. This is done by registering an additional critical health check.

  When enabling maintenance mode for a node or service, you may optionally
  specify a reason string. This string will appear in the "Notes" field
  of the critical health check which is registered against the node or
  service. If no reason is provided, a default value will be used.

  Maintenance mode is persistent, and will be restored in the event of an
  agent restart. It is therefore required to disable maintenance mode on
  a given node or service before it will be placed back into the pool.

  By default, we operate on the node as a whole. By specifying the
  "-service" argument, this behavior can be changed to enable or disable
  only a specific service.

  If no arguments are given, the agent's maintenance status will be shown.
  This will return blank if nothing is currently under maintenance.
)";

constexpr std::string_view node_check = "_node_maintenance";
constexpr std::string_view service_check = "_service_maintenance:";

int list_maintenance(invocation& call, client& api) {
  const auto self = api.demand({.path = "/v1/agent/self"});
  const auto node =
    self ? parse_json(self->body) : result<json_value>{self.error()};
  if (!node)
    return call.fail("Error querying Consul agent: " + node.error().context);
  const auto answer = api.demand({.path = "/v1/agent/checks"});
  const auto checks =
    answer ? parse_json(answer->body) : result<json_value>{answer.error()};
  if (!checks)
    return call.fail("Error querying Consul agent: " + checks.error().context);
  for (const auto& [id, check] : checks->members) {
    if (id == node_check)
      call.io.out << "Node:\n  Name:   "
                  << (*node)["Config"]["NodeName"].text();
    else if (id.starts_with(service_check))
      call.io.out << "Service:\n  ID:     " << check["ServiceID"].text();
    else
      continue;
    call.io.out << "\n  Reason: " << check["Notes"].text() << "\n\n";
  }
  return 0;
}

std::optional<std::string> maint_refusal(const config::parsed_flags& flags) {
  const bool enable = flags.boolean("enable");
  const bool disable = flags.boolean("disable");
  if (enable && disable)
    return "Only one of -enable or -disable may be provided";
  if (!enable && !flags.string("reason").empty())
    return "Reason may only be provided with -enable";
  if (!enable && !disable && !flags.string("service").empty())
    return "Service requires either -enable or -disable";
  return std::nullopt;
}

int run_maint(invocation& call) {
  const auto& flags = call.flags;
  if (const auto refusal = maint_refusal(flags))
    return call.fail(*refusal);
  auto api = call.connect();
  if (!api)
    return 1;
  const bool enable = flags.boolean("enable");
  if (!enable && !flags.boolean("disable"))
    return list_maintenance(call, *api);
  const auto& service = flags.string("service");
  api_request request{.method = "PUT",
                      .path = service.empty()
                                ? "/v1/agent/maintenance"
                                : "/v1/agent/service/maintenance/" + service,
                      .query = {{"enable", enable ? "true" : "false"}}};
  if (enable)
    request.query.emplace("reason", flags.string("reason"));
  const std::string what =
    service.empty() ? "node maintenance" : "service maintenance";
  const auto answer = api->demand(request);
  if (!answer)
    return call.fail((enable ? "Error enabling " : "Error disabling ") + what
                     + ": " + answer.error().context);
  call.io.out << (service.empty() ? "Node" : "Service")
              << " maintenance is now " << (enable ? "enabled" : "disabled");
  if (!service.empty())
    call.io.out << " for " << config::go_quote(service);
  call.io.out << '\n';
  return 0;
}

// -- monitor ------------------------------------------------------------------

constexpr flag_spec monitor_flags[] = {
  {.name = "log-json",
   .kind = flag_kind::boolean,
   .help = "Output logs in JSON format."},
  {.name = "log-level", .help = "Log level of the agent.", .preset = "INFO"},
};
constexpr std::string_view monitor_usage = R"(Usage: consul monitor [options]

  Shows recent log messages of a Consul agent, and attaches to the agent,
  outputting log messages as they occur in real time. The monitor lets you
  listen for log levels that may be filtered out of the Consul agent. For
  example your agent may only be logging at INFO level, but with the monitor
  you can see the DEBUG level logs.
)";

int run_monitor(invocation& call) {
  auto api = call.connect();
  if (!api)
    return 1;
  api_request request{.path = "/v1/agent/monitor"};
  if (const auto& level = call.flags.string("log-level"); !level.empty())
    request.query.emplace("loglevel", level);
  if (call.flags.boolean("log-json"))
    request.query.emplace("logjson", "true");
  // Nothing needs an end: every line is flushed at once.
  end_process_at_signals();
  bool started = false;
  const auto answer =
    api->demand(request, [&started, &call](std::string_view piece) {
      started = true;
      call.io.out << piece << std::flush;
    });
  if (!answer && !started)
    return call.fail("Error starting monitor: " + answer.error().context);
  return call.fail("\nRemote side ended the monitor! This usually means that "
                   "the\nremote side has exited or crashed.");
}

} // namespace

const command event_command = {.name = "event",
                               .synopsis = "Fire a new event",
                               .usage = event_usage,
                               .flags = event_flags,
                               .api = api_flags::client,
                               .run = run_event};

const command maint_command = {.name = "maint",
                               .synopsis =
                                 "Controls node or service maintenance mode",
                               .usage = maint_usage,
                               .flags = maint_flags,
                               .api = api_flags::client,
                               .run = run_maint};

const command monitor_command = {.name = "monitor",
                                 .synopsis = "Stream logs from a Consul agent",
                                 .usage = monitor_usage,
                                 .flags = monitor_flags,
                                 .api = api_flags::client,
                                 .run = run_monitor};

} // namespace praetor::tools
