// `praetor services ...`: registers and deregisters at the agent, from flags or
// from definition files.

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"
#include "runtime/config/host.hpp"
#include "runtime/config/load.hpp"
#include "runtime/net/url.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/words.hpp"

#include <algorithm>
#include <ostream>

namespace praetor::tools {

namespace {

using config::check_definition;
using config::service_definition;

/// Writes a member unless it is empty, as the agent does not need it then.
void add(json_writer& out, std::string_view key, std::string_view text) {
  if (!text.empty())
    out.key(key).string(text);
}

void add(json_writer& out, std::string_view key, duration x) {
  if (x != duration{})
    out.key(key).string(format_duration(x));
}

void add(json_writer& out, std::string_view key, bool x) {
  if (x)
    out.key(key).boolean(x);
}

void add(json_writer& out, std::string_view key, int x) {
  if (x != 0)
    out.key(key).number(x);
}

void add(json_writer& out, std::string_view key,
         const std::vector<std::string>& words) {
  if (words.empty())
    return;
  out.key(key).begin_array();
  for (const auto& word : words)
    out.string(word);
  out.end_array();
}

/// The writer does not escape keys.
void add_key(json_writer& out, const std::string& key) {
  const auto quoted = json_quote(key);
  out.key(std::string_view{quoted}.substr(1, quoted.size() - 2));
}

void add_check(json_writer& out, const check_definition& x) {
  out.begin_object();
  add(out, "CheckID", x.id);
  add(out, "Name", x.name);
  add(out, "Notes", x.notes);
  add(out, "Status", x.status);
  add(out, "Args", x.args);
  add(out, "HTTP", x.http);
  if (!x.header.empty()) {
    out.key("Header").begin_object();
    for (const auto& [name, values] : x.header) {
      add_key(out, name);
      out.begin_array();
      for (const auto& value : values)
        out.string(value);
      out.end_array();
    }
    out.end_object();
  }
  add(out, "Method", x.method);
  add(out, "Body", x.body);
  add(out, "TCP", x.tcp);
  add(out, "GRPC", x.grpc);
  add(out, "GRPCUseTLS", x.grpc_use_tls);
  add(out, "TLSSkipVerify", x.tls_skip_verify);
  add(out, "DockerContainerID", x.docker_container_id);
  add(out, "Shell", x.shell);
  add(out, "AliasNode", x.alias_node);
  add(out, "AliasService", x.alias_service);
  add(out, "Interval", x.interval);
  add(out, "Timeout", x.timeout);
  add(out, "TTL", x.ttl);
  add(out, "SuccessBeforePassing", x.success_before_passing);
  add(out, "FailuresBeforeCritical", x.failures_before_critical);
  add(out, "DeregisterCriticalServiceAfter",
      x.deregister_critical_service_after);
  add(out, "OutputMaxSize", x.output_max_size);
  out.end_object();
}

void add_maps(json_writer& out, const service_definition& x) {
  if (!x.meta.empty()) {
    out.key("Meta").begin_object();
    for (const auto& [key, value] : x.meta) {
      add_key(out, key);
      out.string(value);
    }
    out.end_object();
  }
  if (!x.tagged_addresses.empty()) {
    out.key("TaggedAddresses").begin_object();
    for (const auto& [key, value] : x.tagged_addresses) {
      add_key(out, key);
      out.begin_object();
      out.key("Address").string(value.address);
      out.key("Port").number(value.port);
      out.end_object();
    }
    out.end_object();
  }
}

/// The body of a registration.
std::string registration(const service_definition& x) {
  std::string text;
  json_writer out{text};
  out.begin_object();
  add(out, "Kind", x.kind);
  add(out, "ID", x.id);
  add(out, "Name", x.name);
  add(out, "Tags", x.tags);
  add(out, "Port", x.port);
  add(out, "Address", x.address);
  add(out, "Token", x.token);
  add(out, "EnableTagOverride", x.enable_tag_override);
  add_maps(out, x);
  if (x.weights) {
    out.key("Weights").begin_object();
    out.key("Passing").number(x.weights->passing);
    out.key("Warning").number(x.weights->warning);
    out.end_object();
  }
  if (!x.checks.empty()) {
    out.key("Checks").begin_array();
    for (const auto& check : x.checks)
      add_check(out, check);
    out.end_array();
  }
  out.end_object();
  return text;
}

/// Reads definition files. -dev gives all other settings legal values.
result<std::vector<service_definition>>
read_definitions(const std::vector<std::string>& paths) {
  config::flag_sources sources;
  sources.dev = true;
  sources.paths = paths;
  sources.lists.data = config::value_object{};
  sources.scalars.data = config::value_object{};
  auto loaded =
    config::load(sources, config::disk_files{}, config::host_environment());
  if (!loaded)
    return loaded.error();
  return std::move(loaded->config.services);
}

constexpr std::string_view services_usage =
  R"(Usage: consul services <subcommand> [options] [args]

  This command has subcommands for interacting with services. The subcommands
  default to working with services registered with the local agent. Please see
  the "consul catalog" command for interacting with the entire catalog.

  For more examples, ask for subcommand help or view the documentation.
)";

// -- register -----------------------------------------------------------------

constexpr flag_spec register_flags[] = {
  {.name = "address",
   .help = "Address of the service to register for arg-based registration."},
  {.name = "id",
   .help = "ID of the service to register for arg-based registration. If this "
           "isn't set, it will default to the -name value."},
  {.name = "kind", .help = "The services 'kind'"},
  {.name = "meta",
   .kind = flag_kind::list,
   .help = "Metadata to set on the service, formatted as key=value. This flag "
           "may be specified multiple times to set multiple meta fields."},
  {.name = "name",
   .help = "Name of the service to register for arg-based registration."},
  {.name = "port",
   .kind = flag_kind::integer,
   .help = "Port of the service to register for arg-based registration."},
  {.name = "tag",
   .kind = flag_kind::list,
   .help = "Tag to add to the service. This flag can be specified multiple "
           "times to set multiple tags."},
  {.name = "tagged-address",
   .kind = flag_kind::list,
   .help = "Tagged address to set on the service, formatted as key=value. This "
           "flag may be specified multiple times to set multiple addresses."},
};
constexpr std::string_view register_usage =
  R"(Usage: consul services register [options] [FILE...]

  Register one or more services using the local agent API. Services can
  be registered from standard Consul configuration files (HCL or JSON) or
  using flags. The service is registered and the command returns. The caller
  must remember to call "consul services deregister" or a similar API to
  deregister the service when complete.

      $ consul services register web.json

  Additional flags and more advanced use cases are detailed below.
)";

/// Errors: the line to print.
result<service_definition> service_of(const config::parsed_flags& flags) {
  service_definition out;
  out.id = flags.string("id");
  out.name = flags.string("name");
  out.kind = flags.string("kind");
  out.address = flags.string("address");
  out.port = static_cast<int>(flags.integer("port"));
  out.tags = flags.list("tag");
  auto meta = key_values(flags.list("meta"));
  if (!meta)
    return error{errc::invalid_argument,
                 "invalid value for flag -meta: " + meta.error().context};
  out.meta = std::move(*meta);
  const auto addresses = key_values(flags.list("tagged-address"));
  if (!addresses)
    return error{errc::invalid_argument, "invalid value for flag "
                                         "-tagged-address: "
                                           + addresses.error().context};
  for (const auto& [name, text] : *addresses) {
    const auto parts = net::split_host_port(text);
    const auto port = parts ? net::parse_port(parts->port)
                            : result<std::uint16_t>{parts.error()};
    if (!port)
      return error{errc::invalid_argument,
                   "Invalid Tagged Address: " + port.error().context};
    out.tagged_addresses[name] = {parts->host, *port};
  }
  return out;
}

/// Errors: the line to print.
result<std::vector<service_definition>>
services_to_register(const invocation& call) {
  const auto& flags = call.flags;
  const auto& args = call.arguments();
  const bool by_flags = !flags.string("name").empty();
  if (args.empty() && !by_flags)
    return error{errc::invalid_argument, "Service registration requires at "
                                         "least one argument or flags."};
  if (!args.empty() && by_flags)
    return error{errc::invalid_argument, "Service registration requires "
                                         "arguments or -id, not both."};
  if (by_flags) {
    auto service = service_of(flags);
    if (!service)
      return service.error();
    return std::vector{std::move(*service)};
  }
  auto services = read_definitions(args);
  if (!services)
    return error{errc::invalid_argument, "Error: " + services.error().context};
  return services;
}

int run_register(invocation& call) {
  const auto services = services_to_register(call);
  if (!services)
    return call.fail(services.error().context);
  auto api = call.connect();
  if (!api)
    return 1;
  for (const auto& service : *services) {
    const auto answer = api->demand({.method = "PUT",
                                     .path = "/v1/agent/service/register",
                                     .body = registration(service)});
    if (!answer)
      return call.fail("Error registering service \"" + service.name
                       + "\": " + answer.error().context);
    call.io.out << "Registered service: " << service.name << '\n';
  }
  return 0;
}

// -- deregister ---------------------------------------------------------------

constexpr flag_spec deregister_flags[] = {
  {.name = "id",
   .help = "ID to delete. This must not be set if arguments are given."},
};
constexpr std::string_view deregister_usage =
  R"(Usage: consul services deregister [options] [FILE...]

  Deregister one or more services that were previously registered with
  the local agent.

      $ consul services deregister web.json db.json

  The -id flag may be used to deregister a single service by ID:

      $ consul services deregister -id=web

  Services are deregistered from the local agent catalog. This command must
  be run against the same agent where the service was registered.
)";

/// Errors: the line to print.
result<std::vector<std::string>> ids_to_deregister(const invocation& call) {
  const auto& id = call.flags.string("id");
  const auto& args = call.arguments();
  if (args.empty() && id.empty())
    return error{errc::invalid_argument, "Service deregistration requires at "
                                         "least one argument or -id."};
  if (!args.empty() && !id.empty())
    return error{errc::invalid_argument, "Service deregistration requires "
                                         "arguments or -id, not both."};
  if (!id.empty())
    return std::vector{id};
  auto services = read_definitions(args);
  if (!services)
    return error{errc::invalid_argument, "Error: " + services.error().context};
  std::vector<std::string> out;
  for (const auto& x : *services)
    out.push_back(x.id.empty() ? x.name : x.id);
  return out;
}

int run_deregister(invocation& call) {
  const auto ids = ids_to_deregister(call);
  if (!ids)
    return call.fail(ids.error().context);
  auto api = call.connect();
  if (!api)
    return 1;
  for (const auto& id : *ids) {
    const auto answer = api->demand(
      {.method = "PUT", .path = "/v1/agent/service/deregister/" + id});
    if (!answer) // Consul's word, which scripts know
      return call.fail("Error registering service \"" + id
                       + "\": " + answer.error().context);
    call.io.out << "Deregistered service: " << id << '\n';
  }
  return 0;
}

} // namespace

const command services_command = {.name = "services",
                                  .synopsis = "Interact with services",
                                  .usage = services_usage};

const command services_register_command = {
  .name = "services register",
  .synopsis = "Register services with the local agent",
  .usage = register_usage,
  .flags = register_flags,
  .api = api_flags::server_and_namespace,
  .run = run_register};

const command services_deregister_command = {
  .name = "services deregister",
  .synopsis = "Deregister services with the local agent",
  .usage = deregister_usage,
  .flags = deregister_flags,
  .api = api_flags::server_and_namespace,
  .run = run_deregister};

} // namespace praetor::tools
