// What can be asked of the state actor, which hands committed entries to the
// owners in log order, and the closed list of commands that entries carry.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/kv/messages.hpp"
#include "runtime/base/owner.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::state {

/// A transaction with operations of both owners; `position`s tell the order.
/// Result as for the owners' transactions.
struct mixed_transaction {
  kv::transaction keys;
  catalog::transaction catalog;

  template <class Inspector>
  friend auto inspect(Inspector& f, mixed_transaction& x) {
    return f(x.keys, x.catalog);
  }
};

/// Everything a log entry can ask. On disk: append only.
using command = std::variant<kv::command, catalog::command, mixed_transaction>;

/// Version of the command list; a server that meets a newer one stops.
inline constexpr std::uint8_t command_version = 1;

/// Returns the payload of a log entry.
std::string encode_command(const command& x);

/// Errors: corruption; rejected for a version that this binary does not know.
result<command> decode_command(std::string_view payload);

} // namespace praetor::state
