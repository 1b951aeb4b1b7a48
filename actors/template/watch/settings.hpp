// What a template program is told to do: the configuration after files,
// environment and flags were merged. Plain data, with the original's defaults.
//
// Sources are read into one `settings`, in order; `complete()` then derives
// what depends on several values. A member that nobody gave keeps its default;
// `std::optional` where "not given" means something else than the default.
//
// Source: consul-template 0.19.3 to 0.42, folder config.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace praetor::templates {

/// How often and how fast a failed request is repeated.
struct retry_settings {
  bool enabled = true;
  int attempts = 12; ///< 0: for ever
  duration backoff = std::chrono::milliseconds{250};
  duration max_backoff = std::chrono::minutes{1}; ///< 0: no limit
};

struct tls_settings {
  std::optional<bool> enabled; ///< not given: whether a file or name is
  bool verify = true;
  std::string cert;
  std::string key;
  std::string ca_cert;
  std::string ca_path;
  std::string server_name;
};

struct transport_settings {
  duration dial_keep_alive = std::chrono::seconds{30};
  duration dial_timeout = std::chrono::seconds{30};
  duration tls_handshake_timeout = std::chrono::seconds{10};
  duration idle_conn_timeout = std::chrono::seconds{90};
  int max_idle_conns = 100;
  int max_idle_conns_per_host = 0;
  bool disable_keep_alives = false;
};

struct consul_settings {
  /// host:port, http://..., https://... or unix://path; empty: the default.
  std::string address;
  std::string name_space;
  std::string token;
  std::string token_file;
  /// "user" or "user:password"; empty: none.
  std::string basic_auth;
  retry_settings retry;
  tls_settings tls;
  transport_settings transport;
};

/// How long to wait for data to become quiet.
struct wait_range {
  duration min{0};
  duration max{0}; ///< 0: four times `min`

  friend bool operator==(const wait_range&, const wait_range&) = default;
};

struct wait_settings {
  std::optional<bool> enabled; ///< not given: whether `min` is
  wait_range range;
};

struct environment_settings {
  bool pristine = false;
  std::vector<std::string> custom; ///< NAME=value
  std::vector<std::string> allow;  ///< globs over names; empty: all
  std::vector<std::string> deny;
};

/// Signals are numbers; 0 is none.
struct exec_settings {
  /// One word or several: a text that a shell reads if it has blanks, or the
  /// words themselves.
  std::vector<std::string> command;
  std::optional<bool> enabled; ///< not given: whether there is a command
  environment_settings environment;
  int kill_signal = 2;
  int reload_signal = 0;
  duration kill_timeout = std::chrono::seconds{30};
  duration splay{0};
  duration timeout{0}; ///< 0: no limit
};

struct dedup_settings {
  std::optional<bool> enabled; ///< not given: whether anything else is
  std::optional<duration> max_stale;
  std::string prefix = "consul-template/dedup/";
  duration ttl = std::chrono::seconds{15};
};

struct template_settings {
  std::string source;
  std::optional<std::string> contents;
  std::string destination;
  /// As in `exec_settings`.
  std::vector<std::string> command;
  duration command_timeout = std::chrono::seconds{30};
  environment_settings environment;
  std::optional<unsigned> perms;
  std::string user;  ///< name or id; empty: as it is
  std::string group; ///< name or id; empty: as it is
  bool backup = false;
  bool create_dest_dirs = true;
  bool error_on_missing_key = false;
  std::optional<bool> error_fatal;
  std::string left_delimiter;
  std::string right_delimiter;
  wait_settings wait;
  std::vector<std::string> function_denylist;
  std::string sandbox_path;

  /// How logs name it.
  const std::string& shown_source() const {
    static const std::string dynamic = "(dynamic)";
    return contents && source.empty() ? dynamic : source;
  }
};

struct syslog_settings {
  bool enabled = false;
  std::string facility = "LOCAL0";
  std::string name = "consul-template";
};

struct log_file_settings {
  std::string path;
  std::uint64_t rotate_bytes = 0;
  duration rotate_duration = std::chrono::hours{24};
  int rotate_max_files = 0;
};

struct settings {
  consul_settings consul;
  std::vector<template_settings> templates;
  dedup_settings dedup;
  exec_settings exec;
  wait_settings wait;
  syslog_settings syslog;
  log_file_settings log_file;
  std::string log_level = "WARN";
  std::string pid_file;
  std::string left_delimiter;
  std::string right_delimiter;
  duration max_stale = std::chrono::seconds{2};
  duration block_query_wait = std::chrono::seconds{60};
  int kill_signal = 2;   // SIGINT
  int reload_signal = 1; // SIGHUP
  bool template_error_fatal = true;
  bool err_on_failed_lookup = false;
  bool once = false;
  bool dry = false;
  bool parse_only = false;
  bool explain = false;
  /// Whether a failing command ends the program; not given: only in once mode.
  std::optional<bool> exit_on_command_error;
};

/// Fills in what follows from other values: delimiters and waits of templates,
/// and every `enabled`.
void complete(settings& x);

/// Reads "source", "source:destination" or "source:destination:command". A
/// single letter before a colon belongs to what follows it (a Windows drive).
/// Errors: invalid_argument, `template: cannot be empty`.
result<template_settings> parse_template_flag(std::string_view text);

/// Reads "min" or "min:max". Errors: invalid_argument, e.g.
/// `wait: min must be less than max`.
result<wait_range> parse_wait(std::string_view text);

} // namespace praetor::templates
