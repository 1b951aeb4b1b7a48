#include "runtime/template/flags.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/signal_names.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace praetor::templates {

namespace {

using config::flag_dialect;
using config::flag_kind;
using config::flag_spec;

constexpr flag_spec make_flag(std::string_view name, flag_kind kind,
                              std::string_view help) {
  return {
    .name = name, .kind = kind, .help = help, .dialect = flag_dialect::consul};
}

constexpr flag_spec text_flag(std::string_view name, std::string_view help) {
  return make_flag(name, flag_kind::string, help);
}

constexpr flag_spec boolean_flag(std::string_view name, std::string_view help) {
  return make_flag(name, flag_kind::boolean, help);
}

constexpr flag_spec duration_flag(std::string_view name,
                                  std::string_view help) {
  return make_flag(name, flag_kind::duration, help);
}

constexpr flag_spec integer_flag(std::string_view name, std::string_view help) {
  return make_flag(name, flag_kind::integer, help);
}

constexpr flag_spec unsigned_integer_flag(std::string_view name,
                                          std::string_view help) {
  return make_flag(name, flag_kind::unsigned_integer, help);
}

constexpr flag_spec list_flag(std::string_view name, std::string_view help) {
  return make_flag(name, flag_kind::list, help);
}

constexpr flag_spec own_flags[] = {
  {.name = "once",
   .kind = flag_kind::boolean,
   .help = "Render all templates once, and exit."},
  {.name = "dry",
   .kind = flag_kind::boolean,
   .help = "Print what would be written to stdout, and write nothing."},
  {.name = "v",
   .kind = flag_kind::boolean,
   .help = "Print the version, and exit."},
  {.name = "version",
   .kind = flag_kind::boolean,
   .help = "Print the version, and exit."},
  list_flag("config",
            "A `path` to a configuration file, or to a directory whose files "
            "are all read. May be given several times; later ones win."),
  text_flag(
    "consul-addr",
    "The `address` of the Consul agent: host:port, http://..., https://... or "
    "unix://path. Also CONSUL_HTTP_ADDR. The default is 127.0.0.1:8500."),
  text_flag("consul-auth", "`user` or user:password for basic authentication."),
  boolean_flag("consul-retry", "Repeat failed requests. The default is true."),
  integer_flag("consul-retry-attempts",
               "How often a failed request is repeated; 0 is without end. The "
               "default is 12."),
  duration_flag("consul-retry-backoff",
                "The pause before the first repetition; it doubles each time. "
                "The default is 250ms."),
  duration_flag(
    "consul-retry-max-backoff",
    "The longest pause between repetitions; 0 is no limit. The default is 1m."),
  boolean_flag("consul-ssl", "Use TLS to talk to Consul."),
  boolean_flag("consul-ssl-verify",
               "Verify the certificate of Consul. The default is true."),
  text_flag("consul-ssl-cert", "`path` of the client certificate."),
  text_flag("consul-ssl-key", "`path` of the client certificate's key."),
  text_flag("consul-ssl-ca-cert",
            "`path` of a file with certificates to trust."),
  text_flag("consul-ssl-ca-path",
            "`path` of a directory with certificates to trust."),
  text_flag("consul-ssl-server-name",
            "The `name` that Consul's certificate must carry."),
  text_flag("consul-token",
            "The `token` to send. Also CONSUL_TOKEN and CONSUL_HTTP_TOKEN."),
  text_flag("consul-token-file",
            "`path` of a file that holds the token. Also CONSUL_TOKEN_FILE and "
            "CONSUL_HTTP_TOKEN_FILE."),
  duration_flag("consul-transport-dial-keep-alive",
                "How often connections are probed. The default is 30s."),
  duration_flag("consul-transport-dial-timeout",
                "How long connecting may take. The default is 30s."),
  boolean_flag("consul-transport-disable-keep-alives",
               "Use a new connection for each request."),
  integer_flag("consul-transport-max-idle-conns-per-host",
               "Accepted; each dependency keeps one connection."),
  duration_flag("consul-transport-tls-handshake-timeout",
                "How long the TLS handshake may take. The default is 10s."),
  boolean_flag("dedup", "Let one of several processes with the same template "
                        "watch for all of them."),
  text_flag("default-left-delimiter",
            "What begins an action. The default is `{{`."),
  text_flag("default-right-delimiter",
            "What ends an action. The default is `}}`."),
  text_flag("exec", "The `command` to run once all templates are rendered; its "
                    "end ends this program."),
  text_flag("exec-kill-signal",
            "The `signal` that stops the command. The default is SIGINT."),
  duration_flag("exec-kill-timeout",
                "How long the command may take to stop before it is killed. "
                "The default is 30s."),
  text_flag("exec-reload-signal",
            "The `signal` that tells the command of changes; without it the "
            "command is restarted."),
  duration_flag(
    "exec-splay",
    "Wait a random time up to this one before the command is told or stopped."),
  boolean_flag("exec-env-pristine",
               "Give the command only the variables of -exec-env-custom."),
  list_flag("exec-env-custom",
            "A `NAME=value` for the command. May be given several times."),
  list_flag("exec-env-allowlist",
            "A `glob` of names of variables that the command inherits. May be "
            "given several times."),
  list_flag("exec-env-denylist",
            "A `glob` of names of variables that the command does not inherit. "
            "May be given several times."),
  boolean_flag(
    "exit-on-command-error",
    "End when a command fails. The default is true with -once, else false."),
  boolean_flag("explain", "Print what each template depends on and what it "
                          "waits for, render nothing, and exit."),
  text_flag("kill-signal",
            "The `signal` that ends this program. The default is SIGINT."),
  text_flag(
    "log-level",
    "TRACE, DEBUG, INFO, WARN or ERR. Also CT_LOG. The default is WARN."),
  text_flag("log-file", "`path` of a file to log to, besides stderr."),
  unsigned_integer_flag("log-rotate-bytes",
                        "Begin a new log file after that many bytes."),
  duration_flag("log-rotate-duration",
                "Begin a new log file after that time. The default is 24h."),
  integer_flag("log-rotate-max-files",
               "How many old log files are kept; 0 is all."),
  duration_flag("max-stale",
                "How old the data of a server that is not the leader may be; 0 "
                "asks the leader. The default is 2s."),
  boolean_flag("parse-only", "Read and parse all templates, and exit."),
  text_flag("pid-file", "`path` of a file to write this process's id to."),
  text_flag("reload-signal", "The `signal` that makes this program read "
                             "everything again. The default is SIGHUP."),
  duration_flag("retry", "Old name of -consul-retry-backoff."),
  boolean_flag("syslog", "Also log to syslog."),
  text_flag("syslog-facility",
            "The `facility` for syslog. The default is LOCAL0."),
  text_flag("syslog-name",
            "The `name` for syslog. The default is consul-template."),
  list_flag(
    "template",
    "A template as `source:destination:command`. May be given several times."),
  boolean_flag("template-error-fatal",
               "End when a template cannot be evaluated. The default is true."),
  text_flag("wait", "Wait until data has been quiet for a time `min:max`, but "
                    "not longer than the second one."),
};

/// Spellings of old releases, and what they stand for; "" is nothing.
constexpr std::pair<std::string_view, std::string_view> old_texts[] = {
  {"consul", "consul-addr"},
  {"auth", "consul-auth"},
  {"ssl-cert", "consul-ssl-cert"},
  {"ssl-key", "consul-ssl-key"},
  {"ssl-ca-cert", "consul-ssl-ca-cert"},
  {"token", "consul-token"},
  {"dump-signal", ""},
};
constexpr std::pair<std::string_view, std::string_view> old_booleans[] = {
  {"ssl", "consul-ssl"},
  {"ssl-verify", "consul-ssl-verify"},
  {"reap", ""},
};

/// Vault is not supported; its flags are read and have no effect.
constexpr std::string_view vault_texts[] = {
  "vault-addr",
  "vault-agent-token-file",
  "vault-default-lease-duration",
  "vault-grace",
  "vault-retry-attempts",
  "vault-retry-backoff",
  "vault-retry-max-backoff",
  "vault-ssl-ca-cert",
  "vault-ssl-ca-path",
  "vault-ssl-cert",
  "vault-ssl-key",
  "vault-ssl-server-name",
  "vault-token",
  "vault-transport-dial-keep-alive",
  "vault-transport-dial-timeout",
  "vault-transport-max-conns-per-host",
  "vault-transport-max-idle-conns-per-host",
  "vault-transport-tls-handshake-timeout",
  "vault-client-user-agent",
};
constexpr std::string_view vault_booleans[] = {
  "vault-renew-token",
  "vault-retry",
  "vault-ssl",
  "vault-ssl-verify",
  "vault-transport-disable-keep-alives",
  "vault-unwrap-token",
};

std::vector<flag_spec> all_flags() {
  std::vector<flag_spec> out{std::begin(own_flags), std::end(own_flags)};
  for (const auto& [name, meant] : old_texts)
    out.push_back(text_flag(name, "Old spelling."));
  for (const auto& [name, meant] : old_booleans)
    out.push_back(boolean_flag(name, "Old spelling."));
  for (const auto name : vault_texts)
    out.push_back(text_flag(name, "No effect."));
  for (const auto name : vault_booleans)
    out.push_back(boolean_flag(name, "No effect."));
  return out;
}

/// The name under which a flag is applied.
std::string_view meaning_of(std::string_view name) {
  for (const auto& [old, meant] : old_texts)
    if (old == name)
      return meant;
  for (const auto& [old, meant] : old_booleans)
    if (old == name)
      return meant;
  return name == "retry" ? "consul-retry-backoff" : name;
}

/// One flag's text, converted as its kind demands; it was checked before.
struct flag_value {
  const std::string& text;

  bool truth() const { return parse_bool(text).value_or(false); }
  duration span() const {
    const auto x = parse_duration(text);
    return x ? *x : duration::zero();
  }
  int number() const {
    const auto x = config::go_atoi(text);
    return x ? static_cast<int>(*x) : 0;
  }
  std::uint64_t natural() const { return parse_uint(text).value_or(0); }
  int signal() const {
    const auto x = signal_number(text);
    return x ? *x : 0;
  }
};

using setter = void (*)(settings&, const flag_value&);

struct effect {
  std::string_view flag;
  setter set;
};

/// Giving any file or name for TLS switches it on.
void set_tls(std::string& field, settings& to, const flag_value& x) {
  field = x.text;
  to.consul.tls.enabled = true;
}

constexpr effect effects[] = {
  {"once", [](settings& to, const flag_value& x) { to.once = x.truth(); }},
  {"dry", [](settings& to, const flag_value& x) { to.dry = x.truth(); }},
  {"consul-addr", [](settings& to, const flag_value& x) { to.consul.address = x.text; }},
  {"consul-auth", [](settings& to, const flag_value& x) { to.consul.basic_auth = x.text; }},
  {"consul-retry", [](settings& to, const flag_value& x) { to.consul.retry.enabled = x.truth(); }},
  {"consul-retry-attempts", [](settings& to, const flag_value& x) { to.consul.retry.attempts = x.number(); }},
  {"consul-retry-backoff", [](settings& to, const flag_value& x) { to.consul.retry.backoff = x.span(); }},
  {"consul-retry-max-backoff", [](settings& to, const flag_value& x) { to.consul.retry.max_backoff = x.span(); }},
  {"consul-ssl", [](settings& to, const flag_value& x) { to.consul.tls.enabled = x.truth(); }},
  {"consul-ssl-verify", [](settings& to, const flag_value& x) { to.consul.tls.verify = x.truth(); }},
  {"consul-ssl-cert", [](settings& to, const flag_value& x) { set_tls(to.consul.tls.cert, to, x); }},
  {"consul-ssl-key", [](settings& to, const flag_value& x) { set_tls(to.consul.tls.key, to, x); }},
  {"consul-ssl-ca-cert", [](settings& to, const flag_value& x) { set_tls(to.consul.tls.ca_cert, to, x); }},
  {"consul-ssl-ca-path", [](settings& to, const flag_value& x) { set_tls(to.consul.tls.ca_path, to, x); }},
  {"consul-ssl-server-name", [](settings& to, const flag_value& x) { set_tls(to.consul.tls.server_name, to, x); }},
  {"consul-token", [](settings& to, const flag_value& x) { to.consul.token = x.text; }},
  {"consul-token-file", [](settings& to, const flag_value& x) { to.consul.token_file = x.text; }},
  {"consul-transport-dial-keep-alive", [](settings& to, const flag_value& x) { to.consul.transport.dial_keep_alive = x.span(); }},
  {"consul-transport-dial-timeout", [](settings& to, const flag_value& x) { to.consul.transport.dial_timeout = x.span(); }},
  {"consul-transport-disable-keep-alives", [](settings& to, const flag_value& x) { to.consul.transport.disable_keep_alives = x.truth(); }},
  {"consul-transport-max-idle-conns-per-host", [](settings& to, const flag_value& x) { to.consul.transport.max_idle_conns_per_host = x.number(); }},
  {"consul-transport-tls-handshake-timeout", [](settings& to, const flag_value& x) { to.consul.transport.tls_handshake_timeout = x.span(); }},
  {"dedup", [](settings& to, const flag_value& x) { to.dedup.enabled = x.truth(); }},
  {"default-left-delimiter", [](settings& to, const flag_value& x) { to.left_delimiter = x.text; }},
  {"default-right-delimiter", [](settings& to, const flag_value& x) { to.right_delimiter = x.text; }},
  {"exec", [](settings& to, const flag_value& x) { to.exec.command = {x.text}; }},
  {"exec-kill-signal", [](settings& to, const flag_value& x) { to.exec.kill_signal = x.signal(); }},
  {"exec-kill-timeout", [](settings& to, const flag_value& x) { to.exec.kill_timeout = x.span(); }},
  {"exec-reload-signal", [](settings& to, const flag_value& x) { to.exec.reload_signal = x.signal(); }},
  {"exec-splay", [](settings& to, const flag_value& x) { to.exec.splay = x.span(); }},
  {"exec-env-pristine", [](settings& to, const flag_value& x) { to.exec.environment.pristine = x.truth(); }},
  {"exec-env-custom", [](settings& to, const flag_value& x) { to.exec.environment.custom.push_back(x.text); }},
  {"exec-env-allowlist", [](settings& to, const flag_value& x) { to.exec.environment.allow.push_back(x.text); }},
  {"exec-env-denylist", [](settings& to, const flag_value& x) { to.exec.environment.deny.push_back(x.text); }},
  {"exit-on-command-error", [](settings& to, const flag_value& x) { to.exit_on_command_error = x.truth(); }},
  {"explain", [](settings& to, const flag_value& x) { to.explain = x.truth(); }},
  {"kill-signal", [](settings& to, const flag_value& x) { to.kill_signal = x.signal(); }},
  {"log-level", [](settings& to, const flag_value& x) { to.log_level = x.text; }},
  {"log-file", [](settings& to, const flag_value& x) { to.log_file.path = x.text; }},
  {"log-rotate-bytes", [](settings& to, const flag_value& x) { to.log_file.rotate_bytes = x.natural(); }},
  {"log-rotate-duration", [](settings& to, const flag_value& x) { to.log_file.rotate_duration = x.span(); }},
  {"log-rotate-max-files", [](settings& to, const flag_value& x) { to.log_file.rotate_max_files = x.number(); }},
  {"max-stale", [](settings& to, const flag_value& x) { to.max_stale = x.span(); }},
  {"parse-only", [](settings& to, const flag_value& x) { to.parse_only = x.truth(); }},
  {"pid-file", [](settings& to, const flag_value& x) { to.pid_file = x.text; }},
  {"reload-signal", [](settings& to, const flag_value& x) { to.reload_signal = x.signal(); }},
  {"syslog", [](settings& to, const flag_value& x) { to.syslog.enabled = x.truth(); }},
  {"syslog-facility", [](settings& to, const flag_value& x) { to.syslog.facility = x.text; }},
  {"syslog-name", [](settings& to, const flag_value& x) { to.syslog.name = x.text; }},
  {"template", [](settings& to, const flag_value& x) { if (auto one = parse_template_flag(x.text)) to.templates.push_back(std::move(*one)); }},
  {"template-error-fatal", [](settings& to, const flag_value& x) { to.template_error_fatal = x.truth(); }},
  {"wait", [](settings& to, const flag_value& x) { if (const auto range = parse_wait(x.text)) to.wait = {true, *range}; }},
};

/// Why the value of a flag is refused, beyond its kind; "" if it is not.
std::string complaint(std::string_view flag, const std::string& text) {
  if (flag == "wait") {
    const auto x = parse_wait(text);
    return x ? "" : x.error().context;
  }
  if (flag == "template") {
    const auto x = parse_template_flag(text);
    return x ? "" : x.error().context;
  }
  if (flag.ends_with("-signal")) {
    const auto x = signal_number(text);
    return x ? "" : x.error().context;
  }
  return {};
}

error refused(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

} // namespace

config::flag_specs template_flags() {
  static const auto table = all_flags();
  return table;
}

std::string template_help() {
  return config::flag_help(
           "Usage: consul-template [options]\n\n"
           "  Watches Consul, and renders templates into files whenever what "
           "they depend on changes.",
           own_flags)
    .append("\n");
}

result<command_line> parse_command_line(std::span<const std::string> args) {
  auto flags = config::parse_flags(template_flags(), args);
  if (!flags)
    return flags.error();
  command_line out{std::move(*flags), {}};
  for (const auto& x : out.flags.in_order()) {
    const auto why = complaint(x.spec->name, x.text);
    if (!why.empty())
      return refused("invalid value " + config::go_quote(x.text) + " for flag -"
                     + std::string{x.spec->name} + ": " + why);
  }
  if (!out.flags.arguments().empty()) {
    std::string text = "cli: extra args: [";
    for (const auto& x : out.flags.arguments())
      text.append(text.ends_with('[') ? "" : " ").append(config::go_quote(x));
    return refused(text + "]");
  }
  out.paths = out.flags.list("config");
  return out;
}

void apply_environment(const variable_lookup& variable, settings& to) {
  const auto first_of = [&variable](auto... names) {
    for (const std::string_view name : {std::string_view{names}...})
      if (auto text = variable(name); !text.empty())
        return text;
    return std::string{};
  };
  auto& consul = to.consul;
  consul.address = first_of("CONSUL_HTTP_ADDR");
  consul.token = first_of("CONSUL_TOKEN", "CONSUL_HTTP_TOKEN");
  consul.token_file = first_of("CONSUL_TOKEN_FILE", "CONSUL_HTTP_TOKEN_FILE");
  consul.basic_auth = first_of("CONSUL_HTTP_AUTH");
  consul.name_space = first_of("CONSUL_NAMESPACE");
  consul.tls.ca_cert = first_of("CONSUL_CACERT");
  consul.tls.ca_path = first_of("CONSUL_CAPATH");
  consul.tls.cert = first_of("CONSUL_CLIENT_CERT");
  consul.tls.key = first_of("CONSUL_CLIENT_KEY");
  consul.tls.server_name = first_of("CONSUL_TLS_SERVER_NAME");
  if (const auto x = parse_bool(variable("CONSUL_HTTP_SSL")))
    consul.tls.enabled = x;
  if (const auto x = parse_bool(variable("CONSUL_HTTP_SSL_VERIFY")))
    consul.tls.verify = *x;
  auto level =
    first_of("CT_LOG", "CONSUL_TEMPLATE_LOG", "CONSUL_TEMPLATE_LOG_LEVEL");
  if (!level.empty())
    to.log_level = std::move(level);
}

void apply_flags(const config::parsed_flags& flags, settings& to) {
  for (const auto& x : flags.in_order()) {
    const auto name = meaning_of(x.spec->name);
    const auto found = std::ranges::find(effects, name, &effect::flag);
    if (found != std::end(effects))
      found->set(to, flag_value{x.text});
  }
}

} // namespace praetor::templates
