// Where the agent is and how to speak to it, from the settings. Pure.

#pragma once

#include "actors/template/watch/settings.hpp"
#include "runtime/base/result.hpp"
#include "runtime/net/http_link.hpp"
#include "runtime/net/tls_options.hpp"
#include "runtime/template/child.hpp"

#include <string>

namespace praetor::templates {

/// Reads the address and the headers; `tls` is left null.
/// @param token sent along unless empty
/// Errors: invalid_argument, e.g. `Unknown protocol scheme: tcp`.
result<net::http_server_address> agent_address(const consul_settings& x,
                                               const std::string& token);

/// Whether the agent is spoken to over TLS.
bool uses_tls(const consul_settings& x);

net::tls_options tls_of(const consul_settings& x);

/// The variables that commands and the function `env` see beside those of the
/// process.
variable_map derived_environment(const consul_settings& x,
                                 const std::string& token);

} // namespace praetor::templates
