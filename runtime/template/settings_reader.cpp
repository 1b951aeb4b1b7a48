#include "runtime/template/settings_reader.hpp"

#include "runtime/base/text.hpp"
#include "runtime/config/hcl.hpp"
#include "runtime/template/disk.hpp"

#include <algorithm>
#include <filesystem>

namespace praetor::templates {

namespace {

namespace fs = std::filesystem;

void read_retry(block_reader& in, retry_settings& to) {
  in.read("enabled", to.enabled);
  in.read("attempts", to.attempts);
  in.read("backoff", to.backoff);
  in.read("max_backoff", to.max_backoff);
}

void read_tls(block_reader& in, tls_settings& to) {
  in.read("enabled", to.enabled);
  in.read("verify", to.verify);
  in.read("cert", to.cert);
  in.read("key", to.key);
  in.read("ca_cert", to.ca_cert);
  in.read("ca_path", to.ca_path);
  in.read("server_name", to.server_name);
}

void read_transport(block_reader& in, transport_settings& to) {
  in.read("dial_keep_alive", to.dial_keep_alive);
  in.read("dial_timeout", to.dial_timeout);
  in.read("disable_keep_alives", to.disable_keep_alives);
  in.read("idle_conn_timeout", to.idle_conn_timeout);
  in.read("max_idle_conns", to.max_idle_conns);
  in.read("max_idle_conns_per_host", to.max_idle_conns_per_host);
  in.read("tls_handshake_timeout", to.tls_handshake_timeout);
  in.ignore("max_conns_per_host");
}

void read_auth(block_reader& in, std::string& to) {
  bool enabled = true;
  std::string username;
  std::string password;
  in.read("enabled", enabled);
  in.read("username", username);
  in.read("password", password);
  if (!enabled)
    to.clear();
  else if (!username.empty())
    to = password.empty() ? username : username + ":" + password;
}

void read_consul(block_reader& in, consul_settings& to) {
  in.read("address", to.address);
  in.read("namespace", to.name_space);
  in.read("token", to.token);
  in.read("token_file", to.token_file);
  in.read_block("auth", [&to](auto& x) { read_auth(x, to.basic_auth); });
  in.read_block("retry", [&to](auto& x) { read_retry(x, to.retry); });
  in.read_block("ssl", [&to](auto& x) { read_tls(x, to.tls); });
  in.read_block("transport",
                [&to](auto& x) { read_transport(x, to.transport); });
}

void read_wait_block(block_reader& in, wait_settings& to) {
  in.read("enabled", to.enabled);
  in.read("min", to.range.min);
  in.read("max", to.range.max);
}

/// `wait = "5s:10s"` or `wait { min = "5s" }`.
void read_wait(block_reader& in, wait_settings& to) {
  const auto* x = in.find("wait");
  const auto* text = x == nullptr ? nullptr : x->as<std::string>();
  if (text == nullptr) {
    in.read_block("wait", [&to](auto& block) { read_wait_block(block, to); });
  } else if (const auto range = parse_wait(*text)) {
    to.range = *range;
  } else {
    in.refuse("wait", range.error().context);
  }
  if (to.range.max != duration::zero() && to.range.max < to.range.min)
    in.refuse("wait", "min must be less than max");
}

void read_environment(block_reader& in, environment_settings& to) {
  in.read("pristine", to.pristine);
  in.read("custom", to.custom);
  in.read("allowlist", to.allow);
  in.read("whitelist", to.allow);
  in.read("denylist", to.deny);
  in.read("blacklist", to.deny);
}

void read_exec(block_reader& in, exec_settings& to) {
  in.read_words("command", to.command);
  in.read("enabled", to.enabled);
  in.read_block("env", [&to](auto& x) { read_environment(x, to.environment); });
  in.read_signal("kill_signal", to.kill_signal);
  in.read_signal("reload_signal", to.reload_signal);
  in.read("kill_timeout", to.kill_timeout);
  in.read("splay", to.splay);
  in.read("timeout", to.timeout);
}

/// The `exec` block of a template: its command, in other words.
void read_template_exec(block_reader& in, template_settings& to) {
  exec_settings exec;
  exec.timeout = to.command_timeout;
  exec.command = to.command;
  exec.environment = to.environment;
  read_exec(in, exec);
  const bool off = exec.enabled && !*exec.enabled;
  to.command = off ? std::vector<std::string>{} : exec.command;
  to.command_timeout = exec.timeout;
  to.environment = exec.environment;
}

void read_dedup(block_reader& in, dedup_settings& to) {
  to.enabled = true;
  in.read("enabled", to.enabled);
  in.read("max_stale", to.max_stale);
  in.read("prefix", to.prefix);
  in.read("ttl", to.ttl);
}

void read_syslog(block_reader& in, syslog_settings& to) {
  to.enabled = true;
  in.read("enabled", to.enabled);
  in.read("facility", to.facility);
  in.read("name", to.name);
}

void read_log_file(block_reader& in, log_file_settings& to) {
  in.read("path", to.path);
  in.read("log_rotate_bytes", to.rotate_bytes);
  in.read("log_rotate_duration", to.rotate_duration);
  in.read("log_rotate_max_files", to.rotate_max_files);
}

void read_all(block_reader& in, settings& to,
              std::vector<std::string>& warnings) {
  const auto* consul = in.find("consul");
  if (consul != nullptr && consul->as<std::string>() != nullptr) {
    warnings.emplace_back("specifying 'consul' as a string is deprecated, use "
                          "a block with 'address' instead");
    in.read("consul", to.consul.address);
  } else {
    in.read_block("consul", [&to](auto& x) { read_consul(x, to.consul); });
  }
  in.read_blocks("template", [&to](auto& x) {
    template_settings one;
    read_template(x, one);
    to.templates.push_back(std::move(one));
  });
  in.read_block("deduplicate", [&to](auto& x) { read_dedup(x, to.dedup); });
  in.read_block("exec", [&to](auto& x) { read_exec(x, to.exec); });
  in.read_block("syslog", [&to](auto& x) { read_syslog(x, to.syslog); });
  in.read_block("log_file", [&to](auto& x) { read_log_file(x, to.log_file); });
  in.read_block("default_delimiters", [&to](auto& x) {
    x.read("left", to.left_delimiter);
    x.read("right", to.right_delimiter);
  });
  read_wait(in, to.wait);
  in.read_signal("kill_signal", to.kill_signal);
  in.read_signal("reload_signal", to.reload_signal);
  in.read("log_level", to.log_level);
  in.read("max_stale", to.max_stale);
  in.read("block_query_wait", to.block_query_wait);
  in.read("pid_file", to.pid_file);
  in.read("template_error_fatal", to.template_error_fatal);
  in.read("err_on_failed_lookup", to.err_on_failed_lookup);
  in.read("exit_on_command_error", to.exit_on_command_error);
  in.read("once", to.once);
  in.ignore("vault");
  in.ignore("nomad");
}

error refused(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

status read_file(const std::string& path, settings& to,
                 std::vector<std::string>& warnings) {
  const auto text = read_whole_file(path);
  if (!text)
    return refused(text.error().context);
  if (auto done = read_settings(*text, to, warnings); !done)
    return refused("from file: " + path + ": " + done.error().context);
  return ok;
}

/// "At LINE:COLUMN: object opened on line 1 is not closed: ..." as the original
/// says it, whose end of a file lies one column further.
std::string in_words_of_hcl(const std::string& text) {
  const auto colon = text.find(':');
  const auto end = text.find(": object opened on line ");
  const auto column =
    end == text.npos || colon >= end
      ? std::nullopt
      : parse_uint(std::string_view{text}.substr(colon + 1, end - colon - 1));
  if (!column)
    return text;
  return text.substr(0, colon + 1) + std::to_string(*column + 1)
         + ": object expected closing RBRACE got: EOF";
}

} // namespace

void read_template(block_reader& in, template_settings& to) {
  in.read("source", to.source);
  in.read("contents", to.contents);
  in.read("destination", to.destination);
  in.read("create_dest_dirs", to.create_dest_dirs);
  in.read_mode("perms", to.perms);
  in.read("user", to.user);
  in.read("uid", to.user);
  in.read("group", to.group);
  in.read("gid", to.group);
  in.read("backup", to.backup);
  in.read_words("command", to.command);
  in.read("command_timeout", to.command_timeout);
  in.read_block("exec", [&to](auto& x) { read_template_exec(x, to); });
  in.read("error_on_missing_key", to.error_on_missing_key);
  in.read("error_fatal", to.error_fatal);
  in.read("left_delimiter", to.left_delimiter);
  in.read("right_delimiter", to.right_delimiter);
  in.read("function_denylist", to.function_denylist);
  in.read("function_blacklist", to.function_denylist);
  in.read("sandbox_path", to.sandbox_path);
  read_wait(in, to.wait);
}

status read_settings(std::string_view text, settings& to,
                     std::vector<std::string>& warnings) {
  const auto tree = config::parse_hcl(text);
  if (!tree)
    return refused("error decoding config: "
                   + in_words_of_hcl(tree.error().context));
  const auto* object = tree->as<config::value_object>();
  problems found;
  block_reader in{*object, "", found};
  read_all(in, to, warnings);
  in.finish();
  if (found.empty())
    return ok;
  std::string list;
  for (const auto& x : found)
    list.append("\n\n* ").append(x);
  return refused("mapstructure decode failed: " + std::to_string(found.size())
                 + " error(s) decoding:" + list);
}

status read_settings_path(const std::string& path, settings& to,
                          std::vector<std::string>& warnings) {
  std::error_code code;
  if (!fs::exists(fs::status(path, code)))
    return refused("missing file/folder: " + path + ": stat " + path + ": "
                   + system_words(code.value() == 0 ? ENOENT : code.value()));
  if (!fs::is_directory(path, code))
    return read_file(path, to, warnings);
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator i{path, code}, end; i != end;
       i.increment(code))
    if (i->is_regular_file(code) && !i->is_symlink(code))
      files.push_back(i->path().string());
  std::ranges::sort(files);
  for (const auto& file : files)
    if (auto done = read_file(file, to, warnings); !done)
      return done;
  return ok;
}

} // namespace praetor::templates
