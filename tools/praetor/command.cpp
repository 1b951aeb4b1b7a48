#include "tools/praetor/command.hpp"

#include <algorithm>
#include <ostream>

namespace praetor::tools {

namespace {

using config::flag_dialect;
using config::flag_group;

constexpr flag_spec api_flag(std::string_view name, std::string_view help,
                             flag_kind kind = flag_kind::string) {
  return {.name = name,
          .kind = kind,
          .help = help,
          .group = flag_group::http_api,
          .dialect = flag_dialect::consul};
}

constexpr flag_spec client_flags[] = {
  api_flag(
    "ca-file",
    "Path to a CA file to use for TLS when communicating with Consul. This can "
    "also be specified via the CONSUL_CACERT environment variable."),
  api_flag("ca-path", "Path to a directory of CA certificates to use for TLS "
                      "when communicating with Consul. This can also be "
                      "specified via the CONSUL_CAPATH environment variable."),
  api_flag("client-cert",
           "Path to a client cert file to use for TLS when 'verify_incoming' "
           "is enabled. This can also be specified via the CONSUL_CLIENT_CERT "
           "environment variable."),
  api_flag("client-key",
           "Path to a client key file to use for TLS when 'verify_incoming' is "
           "enabled. This can also be specified via the CONSUL_CLIENT_KEY "
           "environment variable."),
  api_flag(
    "http-addr",
    "The `address` and port of the Consul HTTP agent. The value can be an IP "
    "address or DNS address, but it must also include the port. This can also "
    "be specified via the CONSUL_HTTP_ADDR environment variable. The default "
    "value is http://127.0.0.1:8500. The scheme can also be set to HTTPS by "
    "setting the environment variable CONSUL_HTTP_SSL=true."),
  api_flag(
    "tls-server-name",
    "The server name to use as the SNI host when connecting via TLS. This can "
    "also be specified via the CONSUL_TLS_SERVER_NAME environment variable."),
  api_flag(
    "token",
    "ACL token to use in the request. This can also be specified via the "
    "CONSUL_HTTP_TOKEN environment variable. If unspecified, the query will "
    "default to the token of the Consul agent at the HTTP address."),
  api_flag("token-file",
           "File containing the ACL token to use in the request instead of one "
           "specified via the -token argument or CONSUL_HTTP_TOKEN environment "
           "variable. This can also be specified via the "
           "CONSUL_HTTP_TOKEN_FILE environment variable."),
};

constexpr flag_spec server_flags[] = {
  api_flag("datacenter",
           "Name of the datacenter to query. If unspecified, this will default "
           "to the datacenter of the queried agent."),
  api_flag("stale",
           "Permit any Consul server (non-leader) to respond to this request. "
           "This allows for lower latency and higher throughput, but can "
           "result in stale data. This option has no effect on non-read "
           "operations. The default value is false.",
           flag_kind::boolean),
};

constexpr flag_spec namespace_flag = {
  .name = "namespace",
  .help = "Specifies the namespace to query. If not provided, the namespace "
          "will be inferred from the request's ACL token, or will default to "
          "the `default` namespace. Namespaces are a Consul Enterprise "
          "feature."};

} // namespace

std::vector<flag_spec> all_flags(const command& x) {
  std::vector<flag_spec> out{x.flags.begin(), x.flags.end()};
  if (x.api >= api_flags::client)
    out.insert(out.end(), std::begin(client_flags), std::end(client_flags));
  if (x.api >= api_flags::server)
    out.insert(out.end(), std::begin(server_flags), std::end(server_flags));
  if (x.api >= api_flags::server_and_namespace)
    out.push_back(namespace_flag);
  return out;
}

std::string help_page(const command& x) {
  return config::flag_help(x.usage, all_flags(x)).append("\n");
}

std::optional<client> invocation::connect() {
  const auto specs = all_flags(self_);
  const auto flag = [this, &specs](std::string_view name) -> std::string {
    const auto found = std::ranges::find(specs, name, &flag_spec::name);
    if (found == specs.end())
      return {};
    if (found->kind == flag_kind::boolean)
      return flags.boolean(name) ? "true" : "";
    return flags.string(name);
  };
  auto options = resolve_client_options(flag, io.variable, io.read_file);
  if (!options) {
    fail("Error connecting to Consul agent: " + options.error().context);
    return std::nullopt;
  }
  auto wire = io.connect(*options);
  if (!wire) {
    fail("Error connecting to Consul agent: " + wire.error().context);
    return std::nullopt;
  }
  return client{std::move(*options), std::move(*wire)};
}

int invocation::fail(std::string_view line) {
  io.err << line << '\n';
  return 1;
}

int invocation::fail_with_help(std::string_view line) {
  io.err << line << "\n\n" << help_page(self_);
  return 1;
}

bool invocation::too_many(std::size_t most) {
  const auto count = arguments().size();
  if (count <= most)
    return false;
  fail("Too many arguments (expected " + std::to_string(most) + ", got "
       + std::to_string(count) + ")");
  return true;
}

int run(const command& x, std::span<const std::string> args, console& io) {
  if (x.run_raw != nullptr)
    return x.run_raw(args, io);
  if (config::wants_help(args)) {
    io.out << help_page(x);
    return 0;
  }
  const auto specs = all_flags(x);
  const auto parsed = config::parse_flags(specs, args);
  if (!parsed) {
    io.err << parsed.error().context << '\n' << config::flag_usage(specs);
    return 1;
  }
  invocation call{x, *parsed, io};
  return x.run(call);
}

} // namespace praetor::tools
