// `praetor watch`: shows data, or runs a program each time it changes.

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"
#include "tools/praetor/child.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/signals.hpp"
#include "tools/praetor/watch.hpp"

#include <ostream>
#include <thread>

namespace praetor::tools {

namespace {

constexpr int status_ok = 200;
constexpr int status_not_found = 404;

constexpr flag_spec watch_flags[] = {
  {.name = "key", .help = "Specifies the key to watch. Only for 'key' type."},
  {.name = "name",
   .help = "Specifies an event name to watch. Only for 'event' type."},
  {.name = "passingonly",
   .help =
     "Specifies if only hosts passing all checks are displayed. Optional for "
     "'service' type, must be one of `[true|false]`. Defaults false."},
  {.name = "prefix",
   .help = "Specifies the key prefix to watch. Only for 'keyprefix' type."},
  {.name = "service",
   .help = "Specifies the service to watch. Required for 'service' type, "
           "optional for 'checks' type."},
  {.name = "shell",
   .kind = flag_kind::boolean,
   .help = "Use a shell to run the command (can set a custom shell via the "
           "SHELL environment variable).",
   .preset = "true"},
  {.name = "state",
   .help = "Specifies the states to watch. Optional for 'checks' type."},
  {.name = "tag",
   .kind = flag_kind::list,
   .help = "Specifies the service tag(s) to filter on. Optional for 'service' "
           "type. May be specified multiple times"},
  {.name = "type",
   .help = "Specifies the watch type. One of key, keyprefix, services, nodes, "
           "service, checks, or event."},
};
constexpr std::string_view watch_usage =
  R"(Usage: consul watch [options] [child...]

  Watches for changes in a given data view from Consul. If a child process
  is specified, it will be invoked with the latest results on changes. Otherwise,
  the latest values are dumped to stdout and the watch terminates.

  Providing the watch type is required, and other parameters may be required
  or supported depending on the watch type.
)";

/// Asks once. Nothing: nothing new.
result<std::optional<json_value>> poll(client& api, watch_state& state) {
  const auto answer = api.read(state.next());
  if (!answer)
    return answer.error();
  if (answer->status != status_ok && answer->status != status_not_found)
    return error{errc::rejected, unexpected_code(*answer)};
  return state.take(*answer);
}

status run_handler(invocation& call, const watch_state& state,
                   const json_value& data) {
  call.io.out.flush();
  return run_child(
    {.argv = command_line(call.arguments(), call.flags.boolean("shell"),
                          call.io.variable),
     .variables = {"CONSUL_INDEX=" + std::to_string(state.index())},
     .input = to_json(data) + "\n"});
}

/// Returns only after a handler failed, or once data is printed.
int follow(invocation& call, client& api, watch_state& state) {
  for (int failures = 0;;) {
    const auto data = poll(api, state);
    if (!data) {
      const auto delay = retry_delay(++failures);
      call.fail("consul.watch: Watch (type: " + call.flags.string("type")
                + ") errored: " + data.error().context + ", retry in "
                + format_duration(delay));
      std::this_thread::sleep_for(delay);
      continue;
    }
    failures = 0;
    if (!*data)
      continue;
    if (call.arguments().empty()) {
      call.io.out << json_pretty(to_json(**data));
      return 0;
    }
    if (const auto done = run_handler(call, state, **data); !done)
      return call.fail((done.error().code == errc::io_error
                          ? "Error starting handler: "
                          : "Error executing handler: ")
                       + done.error().context);
  }
}

int run_watch(invocation& call) {
  if (call.flags.string("type").empty())
    return call.fail_with_help("Watch type must be specified");
  auto plan = plan_watch(call.flags);
  if (!plan)
    return call.fail(plan.error().context);
  auto api = call.connect();
  if (!api)
    return 1;
  // A watch repeats failed queries, but not if there never was an agent.
  if (const auto self = api->demand({.path = "/v1/agent/self"}); !self)
    return call.fail("Error querying Consul agent: " + self.error().context);
  // A watch has nothing to clean up.
  end_process_at_signals();
  watch_state state{std::move(*plan)};
  return follow(call, *api, state);
}

} // namespace

const command watch_command = {.name = "watch",
                               .synopsis = "Watch for changes in Consul",
                               .usage = watch_usage,
                               .flags = watch_flags,
                               .api = api_flags::server,
                               .run = run_watch};

} // namespace praetor::tools
