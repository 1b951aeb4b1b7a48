// What a verb does to one key, once more: the checkers' own reading of the
// contract, independent of actors/kv. Pure.
//
// What a checker may not know (a ModifyIndex, whether a lock-delay runs) is the
// caller's to decide, who may try both.
//
// Source: Consul's documentation of KV, sessions and transactions.

#pragma once

#include "actors/kv/core/vocabulary.hpp"
#include "runtime/base/ids.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace praetor::sim {

/// What is stored under a key. `modify_index` 0 is one that is not known.
struct key_row {
  std::string value;
  std::uint64_t flags = 0;
  std::string session;
  log_index lock_index = 0;
  log_index create_index = 0;
  log_index modify_index = 0;

  friend auto operator<=>(const key_row&, const key_row&) = default;
};

/// What else counts.
struct key_facts {
  /// Of the write.
  log_index index = 0;
  /// The verb's session exists.
  bool session_lives = false;
  /// A lock-delay runs.
  bool delayed = false;
  /// The row has the ModifyIndex that the verb names.
  bool index_matches = false;
};

enum class key_verdict : std::uint8_t { accepted, lost, refused };

/// What becomes of the key.
struct key_change {
  key_verdict what = key_verdict::accepted;
  /// The row afterwards.
  std::optional<key_row> row;
  bool changed = false;
};

/// @pre the verb is neither get_tree nor remove_tree.
key_change rule(const kv::key_operation& op, const std::optional<key_row>& old,
                const key_facts& facts);

/// Whether a verb's outcome depends on the row's ModifyIndex.
bool compares_index(kv::verb what);

} // namespace praetor::sim
