// The rules of the verbs that concern one key: who wins, what is stored.
//
// Pure functions. Source: Consul, agent/consul/state/kvs.go.

#pragma once

#include "actors/kv/core/key_tree.hpp"
#include "actors/kv/core/lock_table.hpp"
#include "actors/kv/core/session_table.hpp"
#include "actors/kv/core/vocabulary.hpp"
#include "runtime/base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace praetor::kv {

/// What a verb may look at besides its key.
struct surroundings {
  log_index index = 0;
  cluster_time now = 0;
  const session_table& sessions;
  const lock_table& locks;
};

enum class ruling : std::uint8_t {
  accepted,
  /// As the verb foresees: a stale index, a lock that another holds.
  lost,
  /// An error; `why` tells.
  refused,
};

/// What becomes of one verb.
struct verdict {
  ruling what = ruling::accepted;
  std::string why;
  /// If accepted: the new content. Neither this nor `erases`: nothing changes.
  std::optional<entry> content;
  bool erases = false;
};

/// Whether the verb is remove_tree or get_tree: its key is a prefix.
bool concerns_prefix(verb what);

/// Whether the verb changes nothing, whatever it finds.
bool only_reads(verb what);

/// Whether the operation is a lock that comes too early.
bool too_early(const key_operation& op, const surroundings& around);

/// Decides about an operation on one key; takes the value if it is stored.
/// `old` is what is there, or null.
/// @pre the verb does not concern a prefix.
verdict judge(key_operation& op, const entry* old, const surroundings& around);

} // namespace praetor::kv
