// The keys of the configuration language: which there are, what type each has
// and where it goes in `settings`. One table per block; the tables are in
// schema.cpp, schema_blocks.cpp and schema_definitions.cpp. Pure.
//
// To add a key: a member in settings.hpp, a row in its table.

#pragma once

#include "runtime/config/decoder.hpp"
#include "runtime/config/settings.hpp"

namespace praetor::config {

template <class T>
using fields = std::span<const field<T>>;

fields<settings> fields_of(const settings*);

fields<acl_settings> fields_of(const acl_settings*);
fields<acl_tokens> fields_of(const acl_tokens*);
fields<address_settings> fields_of(const address_settings*);
fields<autopilot_settings> fields_of(const autopilot_settings*);
fields<dns_settings> fields_of(const dns_settings*);
fields<gossip_settings> fields_of(const gossip_settings*);
fields<http_settings> fields_of(const http_settings*);
fields<limit_settings> fields_of(const limit_settings*);
fields<performance_settings> fields_of(const performance_settings*);
fields<port_settings> fields_of(const port_settings*);
fields<scheduler_settings> fields_of(const scheduler_settings*);
fields<soa_settings> fields_of(const soa_settings*);
fields<telemetry_settings> fields_of(const telemetry_settings*);
fields<unix_socket_settings> fields_of(const unix_socket_settings*);

fields<check_definition> fields_of(const check_definition*);
fields<http_handler_config> fields_of(const http_handler_config*);
fields<service_address> fields_of(const service_address*);
fields<service_definition> fields_of(const service_definition*);
fields<service_weights> fields_of(const service_weights*);
fields<watch_definition> fields_of(const watch_definition*);

/// Whether this version does nothing with the key, e.g. "ports.grpc" or
/// "connect". A key below such a key is one, too.
bool is_unsupported(std::string_view key);

} // namespace praetor::config
