// The body of PUT /v1/txn: a list of operations on keys, nodes, services and
// checks. Pure.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/kv/messages.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::http {

/// A transaction, sorted by who executes which part.
struct decoded_transaction {
  kv::transaction keys;
  catalog::transaction catalog;
  /// (position, text) of operations that cannot be executed at all.
  std::vector<std::pair<std::uint32_t, std::string>> errors;
  /// All operations, empty ones not counted.
  std::size_t count = 0;
  /// Nothing is to be changed.
  bool reads_only = true;
};

/// Decodes a body. Errors: invalid_argument with Go's text, without the
/// endpoint's prefix.
result<decoded_transaction> decode_transaction(std::string_view body);

} // namespace praetor::http
