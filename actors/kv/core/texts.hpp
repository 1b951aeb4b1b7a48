// The sentences that clients of keys and locks get to read, and the quoting in
// them. Pure functions. Clients match on them, so they are Consul's, letter by
// letter. Source: Consul, agent/consul/state/kvs.go, txn.go, kvs_endpoint.go.

#pragma once

#include "actors/kv/core/vocabulary.hpp"
#include "runtime/base/ids.hpp"

#include <string>
#include <string_view>

namespace praetor::kv {

/// Returns the text as a Go string literal, as %q prints it.
std::string go_quote(std::string_view text);

/// Returns e.g. `U+007A 'z'`, as Go's %#U prints a byte.
std::string name_of_byte(unsigned char byte);

inline constexpr std::string_view must_provide_key = "Must provide key";
inline constexpr std::string_view missing_session = "missing session";

std::string invalid_session(std::string_view id);
std::string failed_session_lookup(std::string_view why);

/// Why a verb of a transaction that may lose (cas, lock, unlock, remove_cas)
/// did.
std::string lost(verb what, std::string_view key);
std::string in_lock_delay(std::string_view key);
std::string unknown_verb(std::string_view name);

std::string key_is_missing(std::string_view key);
std::string key_exists(std::string_view key);
std::string no_key_to_check_session(std::string_view key);
std::string no_key_to_check_index(std::string_view key);
std::string other_session(std::string_view key, std::string_view current,
                          std::string_view wanted);
std::string other_index(std::string_view key, log_index current,
                        log_index wanted);

} // namespace praetor::kv
