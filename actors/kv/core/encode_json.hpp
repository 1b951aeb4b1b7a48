// Entries and sessions as JSON, with the members of Consul in its order.

#pragma once

#include "actors/kv/core/key_tree.hpp"
#include "actors/kv/core/vocabulary.hpp"
#include "runtime/base/json.hpp"

#include <string_view>

namespace praetor::kv {

/// Writes an entry. Without its value, as the results of most verbs in a
/// transaction are, "Value" is null.
void write_entry(json_writer& out, std::string_view key, const entry& x,
                 bool with_value = true);

void write_session(json_writer& out, const session_row& x);

} // namespace praetor::kv
