// What registrations at the catalog and at agents must satisfy, with Consul's
// sentences. Pure.
// Source: Consul agent/structs/structs.go (ValidateMetadata, ValidateWeights),
// agent/structs/check_type.go.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/health/messages.hpp"

#include <string>
#include <string_view>

namespace praetor::http {

// Each function returns the sentence, or "" if all is well.

/// Bounds of metadata: 64 pairs, keys of 128 characters, values of 512.
std::string metadata_violation(const catalog::string_map& meta);

std::string weights_violation(std::int64_t passing, std::int64_t warning);

/// Whether a check's settings make exactly one kind of check.
std::string check_violation(const health::check_plan& check);

/// Whether lan_ipv4 and the like hold addresses of their kind.
std::string tagged_address_violation(
  const std::map<std::string, catalog::service_address>& tagged);

/// `uuid string is wrong length` and the like.
std::string node_id_violation(std::string_view id);

/// Whether `address` is one that stands for all interfaces.
bool is_any_address(std::string_view address);

/// passing, warning or critical.
bool is_check_status(std::string_view status);

/// Adds lan_ipv4 and wan_ipv4 (or ipv6) if the address is such a literal.
void add_tagged_addresses(catalog::service_row& service);

/// Returns grpc, http, ttl, tcp, alias, docker, script, or "".
std::string check_type(const catalog::check_definition_row& how);

} // namespace praetor::http
