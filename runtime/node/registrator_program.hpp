// `praetor registrator` as a process of its own: one actor, one io thread.

#pragma once

#include "actors/registrator/core/option_texts.hpp"
#include "actors/registrator/core/options.hpp"
#include "actors/registrator/core/registry_uri.hpp"
#include "runtime/net/http_session.hpp"
#include "runtime/node/container_template.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace praetor::node {

/// Returns an address of this host, or "" if it has none now.
using address_source = std::function<std::string()>;

/// What the command line and the environment say.
struct registrator_settings {
  registrator::options how;
  registrator::registry_address registry;
  /// As it was typed.
  std::string registry_uri;
  /// How the registry is reached, unless it is a ZooKeeper.
  net::http_place registry_place;
  /// How Docker is reached.
  net::http_place engine;
  /// Not null: looks up options::ip, which is a template.
  address_source forced_address;
  /// Whether what it registered leaves the registry when the process is told to
  /// stop.
  bool deregister_at_end = false;
  std::int64_t retry_attempts = 0;
  duration retry_interval = std::chrono::milliseconds{2000};
};

/// Checks what was written, and adds it to `to`; templates are parsed.
/// @param read for templates; see container_template()
/// Errors: invalid_argument.
status complete_options(const registrator::option_texts& from, url_reader read,
                        registrator::options& to);

/// Takes a template ({{ GetInterfaceIP "eth0" }} and the like, as agents know
/// them) out of `ip`. @returns what evaluates it, or null if it is none
/// Errors: invalid_argument.
result<address_source> take_address_template(std::string& ip);

/// Runs until a signal. Log lines go to stderr in Go's format.
/// @returns the exit code
int run_registrator(registrator_settings settings);

/// Returns an IPv4 address that `hostname` resolves to, else an IPv6 one, else
/// "". Blocks.
std::string resolve_host(const std::string& hostname);

/// Of this host, or "".
std::string own_hostname();

std::int64_t nanoseconds_since_1970();

} // namespace praetor::node
