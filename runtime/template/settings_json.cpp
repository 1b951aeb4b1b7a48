#include "runtime/template/settings_json.hpp"

#include "runtime/base/json.hpp"

#include <string_view>
#include <utility>

namespace praetor::templates {

namespace {

constexpr std::string_view hidden = "(hidden)";

/// What 0.19.3 gives new files, and so shows when nobody chose.
constexpr unsigned usual_mode = 0644;

std::string spaced(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out.append(out.empty() ? "" : " ").append(word);
  return out;
}

/// Writes members one after the other.
class writer {
public:
  explicit writer(std::string& out) : json_{out} {}

  writer& open(std::string_view name) {
    json_.key(name).begin_object();
    return *this;
  }
  writer& begin() {
    json_.begin_object();
    return *this;
  }
  writer& close() {
    json_.end_object();
    return *this;
  }
  writer& list(std::string_view name) {
    json_.key(name).begin_array();
    return *this;
  }
  writer& end_list() {
    json_.end_array();
    return *this;
  }

  writer& text(std::string_view name, std::string_view x) {
    json_.key(name).string(x);
    return *this;
  }
  writer& secret(std::string_view name, const std::string& x) {
    return text(name, x.empty() ? std::string_view{} : hidden);
  }
  writer& truth(std::string_view name, bool x) {
    json_.key(name).boolean(x);
    return *this;
  }
  writer& number(std::string_view name, std::int64_t x) {
    json_.key(name).number(x);
    return *this;
  }
  writer& span(std::string_view name, duration x) {
    return number(
      name, std::chrono::duration_cast<std::chrono::nanoseconds>(x).count());
  }
  writer& signal(std::string_view name, int x) {
    if (x != 0)
      return number(name, x);
    json_.key(name).null();
    return *this;
  }
  writer& texts(std::string_view name, const std::vector<std::string>& all) {
    list(name);
    for (const auto& x : all)
      json_.string(x);
    return end_list();
  }

private:
  json_writer json_;
};

void write(writer& to, const retry_settings& x) {
  to.open("Retry")
    .number("Attempts", x.attempts)
    .span("Backoff", x.backoff)
    .span("MaxBackoff", x.max_backoff)
    .truth("Enabled", x.enabled)
    .close();
}

void write(writer& to, const consul_settings& x) {
  const auto colon = x.basic_auth.find(':');
  to.open("Consul").text("Address", x.address);
  to.open("Auth")
    .truth("Enabled", !x.basic_auth.empty())
    .text("Username", x.basic_auth.substr(0, colon))
    .secret("Password",
            colon == x.basic_auth.npos ? "" : x.basic_auth.substr(colon + 1))
    .close();
  write(to, x.retry);
  to.open("SSL")
    .text("CaCert", x.tls.ca_cert)
    .text("CaPath", x.tls.ca_path)
    .text("Cert", x.tls.cert)
    .truth("Enabled", x.tls.enabled.value_or(false))
    .text("Key", x.tls.key)
    .text("ServerName", x.tls.server_name)
    .truth("Verify", x.tls.verify)
    .close();
  to.secret("Token", x.token);
  to.open("Transport")
    .span("DialKeepAlive", x.transport.dial_keep_alive)
    .span("DialTimeout", x.transport.dial_timeout)
    .truth("DisableKeepAlives", x.transport.disable_keep_alives)
    .span("IdleConnTimeout", x.transport.idle_conn_timeout)
    .number("MaxIdleConns", x.transport.max_idle_conns)
    .number("MaxIdleConnsPerHost", x.transport.max_idle_conns_per_host)
    .span("TLSHandshakeTimeout", x.transport.tls_handshake_timeout)
    .close();
  to.close();
}

void write(writer& to, const environment_settings& x) {
  to.open("Env")
    .texts("Blacklist", x.deny)
    .texts("Custom", x.custom)
    .truth("Pristine", x.pristine)
    .texts("Whitelist", x.allow)
    .close();
}

void write(writer& to, const exec_settings& x) {
  to.open("Exec")
    .text("Command", spaced(x.command))
    .truth("Enabled", x.enabled.value_or(false));
  write(to, x.environment);
  to.signal("KillSignal", x.kill_signal)
    .span("KillTimeout", x.kill_timeout)
    .signal("ReloadSignal", x.reload_signal)
    .span("Splay", x.splay)
    .span("Timeout", x.timeout)
    .close();
}

void write(writer& to, const wait_settings& x) {
  to.open("Wait")
    .truth("Enabled", x.enabled.value_or(false))
    .span("Min", x.range.min)
    .span("Max", x.range.max)
    .close();
}

/// Other commands than the last of a template were not known to 0.19.3.
exec_settings exec_of(const template_settings& x) {
  exec_settings out;
  out.command = x.command;
  out.enabled = !x.command.empty();
  out.environment = x.environment;
  out.timeout = x.command_timeout;
  return out;
}

void write(writer& to, const template_settings& x) {
  to.begin()
    .truth("Backup", x.backup)
    .text("Command", spaced(x.command))
    .span("CommandTimeout", x.command_timeout)
    .text("Contents", x.contents.value_or(""))
    .text("Destination", x.destination)
    .truth("ErrMissingKey", x.error_on_missing_key);
  write(to, exec_of(x));
  to.number("Perms", x.perms.value_or(usual_mode)).text("Source", x.source);
  write(to, x.wait);
  to.text("LeftDelim", x.left_delimiter)
    .text("RightDelim", x.right_delimiter)
    .close();
}

} // namespace

std::string settings_json(const settings& x) {
  std::string out;
  writer to{out};
  to.begin();
  write(to, x.consul);
  to.open("Dedup")
    .truth("Enabled", x.dedup.enabled.value_or(false))
    .span("MaxStale", x.dedup.max_stale.value_or(x.max_stale))
    .text("Prefix", x.dedup.prefix)
    .span("TTL", x.dedup.ttl)
    .close();
  write(to, x.exec);
  to.signal("KillSignal", x.kill_signal)
    .text("LogLevel", x.log_level)
    .span("MaxStale", x.max_stale)
    .text("PidFile", x.pid_file)
    .signal("ReloadSignal", x.reload_signal);
  to.open("Syslog")
    .truth("Enabled", x.syslog.enabled)
    .text("Facility", x.syslog.facility)
    .close();
  to.list("Templates");
  for (const auto& one : x.templates)
    write(to, one);
  to.end_list();
  write(to, x.wait);
  to.close();
  return out;
}

} // namespace praetor::templates
