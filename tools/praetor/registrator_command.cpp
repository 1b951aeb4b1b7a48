// `praetor registrator`, also as the program `registrator`: flags and
// environment of gliderlabs/registrator, and some of our own.
// Source: gliderlabs/registrator 7.4, registrator.go.

#include "runtime/base/text.hpp"
#include "runtime/config/version.hpp"
#include "runtime/net/url.hpp"
#include "runtime/node/docker_place.hpp"
#include "runtime/node/registrator_program.hpp"
#include "tools/praetor/commands.hpp"

#include <algorithm>
#include <limits>
#include <ostream>
#include <utility>

namespace praetor::tools {

namespace {

using config::parsed_flags;
using node::registrator_settings;
using registrator::registry_kind;

constexpr int exit_usage = 2;

constexpr flag_spec registrator_flags[] = {
  {.name = "cleanup",
   .kind = flag_kind::boolean,
   .help = "Remove dangling services"},
  {.name = "deregister",
   .help = "Deregister exited services `always` or on-success",
   .preset = "always"},
  {.name = "deregister-at-end",
   .kind = flag_kind::boolean,
   .help = "Deregister everything when registrator itself is told to stop"},
  {.name = "early",
   .kind = flag_kind::boolean,
   .help = "Deregister when docker stop begins, not when it has ended"},
  {.name = "explicit",
   .kind = flag_kind::boolean,
   .help = "Only register containers which have SERVICE_NAME label set"},
  {.name = "ignore",
   .kind = flag_kind::list,
   .help = "Leave alone containers whose image or name matches this "
           "`pattern` of * and ?; several times"},
  {.name = "internal",
   .kind = flag_kind::boolean,
   .help = "Use internal ports instead of published ones"},
  {.name = "ip",
   .help = "IP for ports mapped to the host; may be a template, like "
           "{{ GetInterfaceIP \"eth0\" }}"},
  {.name = "name-from",
   .help = "Take the names of services from image, container or hostname, or "
           "make them with a template",
   .preset = "image"},
  {.name = "network",
   .help = "Take internal addresses from this `network` first"},
  {.name = "port-suffix",
   .help = "Append the port to names: auto, always or never",
   .preset = "auto"},
  {.name = "resync",
   .kind = flag_kind::integer,
   .help = "Frequency with which services are resynchronized"},
  {.name = "retry-attempts",
   .kind = flag_kind::integer,
   .help = "Max retry attempts to establish a connection with the backend. Use "
           "-1 for infinite retries"},
  {.name = "retry-interval",
   .kind = flag_kind::integer,
   .help = "Interval (in millisecond) between retry-attempts.",
   .preset = "2000"},
  {.name = "tags",
   .help = "Append tags for all registered services; may be a template"},
  {.name = "ttl",
   .kind = flag_kind::integer,
   .help = "TTL for services (default is no expiry)"},
  {.name = "ttl-refresh",
   .kind = flag_kind::integer,
   .help = "Frequency with which service TTLs are refreshed"},
  {.name = "useIpFromLabel",
   .help = "Use IP which is stored in a label assigned to the container"},
};

constexpr std::string_view registrator_usage =
  R"(Usage: registrator [options] <registry URI>

  Registers the services of Docker containers of this host, and deregisters
  them when the containers end.

  The registry is consul://HOST:PORT, consul-tls://HOST:PORT,
  consul-unix:///PATH, consulkv://HOST:PORT/PREFIX, etcd://HOST:PORT/PREFIX,
  etcd3://HOST:PORT/PREFIX, skydns2://HOST:PORT/DOMAIN or
  zookeeper://HOST:PORT/BASE.
)";

error bad(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

result<registrator_settings> read_flags(const parsed_flags& flags) {
  registrator_settings out;
  registrator::option_texts texts;
  texts.deregister = flags.string("deregister");
  texts.name_from = flags.string("name-from");
  texts.port_suffix = flags.string("port-suffix");
  texts.tags = flags.string("tags");
  texts.ttl = flags.integer("ttl");
  texts.ttl_refresh = flags.integer("ttl-refresh");
  texts.resync = flags.integer("resync");
  if (auto done = node::complete_options(texts, node::read_url, out.how); !done)
    return done.error();
  const auto interval = flags.integer("retry-interval");
  if (interval <= 0)
    return bad("-retry-interval must be greater than 0");
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  out.retry_interval = std::chrono::milliseconds{std::min(interval, most)};
  out.retry_attempts = flags.integer("retry-attempts");
  out.how.ip = flags.string("ip");
  auto address = node::take_address_template(out.how.ip);
  if (!address)
    return address.error();
  out.forced_address = std::move(*address);
  out.deregister_at_end = flags.boolean("deregister-at-end");
  out.how.internal = flags.boolean("internal");
  out.how.explicit_only = flags.boolean("explicit");
  out.how.ip_label = flags.string("useIpFromLabel");
  out.how.network = flags.string("network");
  out.how.ignore = flags.list("ignore");
  out.how.cleanup = flags.boolean("cleanup");
  out.how.early = flags.boolean("early");
  return out;
}

// -- where engine and registry are
// ----------------------------------------------

/// Consul's variables say what the URI does not.
result<net::http_place> read_consul(const registrator::registry_address& where,
                                    console& io) {
  const auto flag = [&where](std::string_view name) -> std::string {
    if (name != "http-addr")
      return {};
    if (!where.socket_path.empty())
      return "unix://" + where.socket_path;
    if (where.host.empty())
      return {};
    return (where.tls ? "https://" : "")
           + net::join_host_port(where.host, where.port);
  };
  auto options = resolve_client_options(flag, io.variable, io.read_file);
  if (!options)
    return options.error();
  net::http_place out;
  if (options->unix_socket) {
    out.socket_path = options->address;
  } else {
    const auto parts = net::split_host_port(options->address);
    const auto port = parts ? net::parse_port(parts->port)
                            : result<std::uint16_t>{parts.error()};
    if (!port)
      return bad("bad adapter uri: " + port.error().context);
    out.host = parts->host;
    out.port = *port;
  }
  out.tls = options->scheme == "https" && !options->unix_socket;
  out.files = {options->tls.ca_file, options->tls.cert_file,
               options->tls.key_file, options->tls.verify || where.tls};
  if (!options->token.empty())
    out.headers["X-Consul-Token"] = options->token;
  const auto user = where.user.empty() ? options->basic_auth : where.user;
  if (!user.empty())
    out.headers["Authorization"] = "Basic " + base64_encode(user);
  return out;
}

result<net::http_place>
read_registry(const registrator::registry_address& where, console& io) {
  if (where.kind == registry_kind::consul
      || where.kind == registry_kind::consulkv)
    return read_consul(where, io);
  net::http_place out;
  out.host = where.host.empty() ? "127.0.0.1" : where.host;
  out.port = where.port;
  if (!where.user.empty())
    out.headers["Authorization"] = "Basic " + base64_encode(where.user);
  return out;
}

// -- the command
// -----------------------------------------------------------------

int misused(console& io, std::string_view why) {
  io.err << why << "\n" << config::flag_usage(registrator_flags);
  return exit_usage;
}

int failed(console& io, const error& why) {
  io.err << why.context << "\n";
  return 1;
}

result<registrator_settings> settings_of(const parsed_flags& flags,
                                         console& io) {
  auto out = read_flags(flags);
  if (!out)
    return out;
  out->registry_uri = flags.arguments().front();
  auto where = registrator::parse_registry_uri(out->registry_uri);
  if (!where)
    return where.error();
  out->registry = std::move(*where);
  auto engine = node::docker_place({}, io.variable);
  if (!engine)
    return engine.error();
  out->engine = std::move(*engine);
  auto place = read_registry(out->registry, io);
  if (!place)
    return place.error();
  out->registry_place = std::move(*place);
  return out;
}

int run_registrator(std::span<const std::string> args, console& io) {
  if (args.size() == 1 && (args[0] == "--version" || args[0] == "-version")) {
    io.out << "v" << PRAETOR_VERSION << "\n";
    return 0;
  }
  if (config::wants_help(args)) {
    io.out << config::flag_help(registrator_usage, registrator_flags) << "\n";
    return 0;
  }
  const auto flags = config::parse_flags(registrator_flags, args);
  if (!flags)
    return misused(io, flags.error().context);
  if (flags->arguments().empty())
    return misused(io, "Missing required argument for registry URI.\n");
  if (flags->arguments().size() > 1) {
    std::string text = "Extra unparsed arguments:\n ";
    for (std::size_t i = 1; i < flags->arguments().size(); ++i)
      text += " " + flags->arguments()[i];
    return misused(
      io, text + "\nOptions should come before the registry URI argument.\n");
  }
  auto settings = settings_of(*flags, io);
  if (!settings)
    return failed(io, settings.error());
  return node::run_registrator(std::move(*settings));
}

} // namespace

const command registrator_command = {
  .name = "registrator",
  .synopsis = "Registers the services of Docker containers",
  .usage = registrator_usage,
  .flags = registrator_flags,
  .run_raw = run_registrator};

} // namespace praetor::tools
