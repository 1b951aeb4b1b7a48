// What clients are told when a write is refused, and the rules behind it that
// need no state. Pure. The sentences are part of the contract: clients search
// in them.
//
// Source: Consul 1.8.7, measured.

#pragma once

#include "actors/catalog/core/vocabulary.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>

namespace praetor::catalog {

/// Limits of a service's metadata.
inline constexpr std::size_t meta_pairs_max = 64;
inline constexpr std::size_t meta_key_bytes_max = 128;
inline constexpr std::size_t meta_value_bytes_max = 512;

/// Returns `errc::rejected` with a sentence.
error rejected(std::string text);

/// Returns `text` in double quotes, escaped as Go's %q does.
std::string quoted(std::string_view text);

/// The node's id must be a UUID or empty. Errors: rejected.
status check_node_id(std::string_view id);

/// Kind, port, name and address must fit together. Errors: rejected.
status check_service(const service_row& x);

/// Number, form and length of keys and values. Errors: rejected.
status check_service_meta(const service_row& x);

/// What must hold before the state is looked at. Errors: rejected.
status check_request(const register_node& x);

} // namespace praetor::catalog
