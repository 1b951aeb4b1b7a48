// Changes to the keys that are decided but not made, and the keys as they would
// look. A command is first drafted, so that a refused one leaves no trace.
//
// Pure. Part of `kv_core`.

#pragma once

#include "actors/kv/core/key_tree.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::kv {

/// What to do to the keys: first the prefixes go, then the keys change.
struct key_changes {
  std::vector<std::string> erased_prefixes;
  /// New content, or nothing for a key to erase.
  std::map<std::string, std::optional<entry>, std::less<>> keys;
};

/// The keys with changes on top.
class draft {
public:
  /// @pre `base` and `changes` outlive the draft; `base` stays as it is.
  draft(const key_tree& base, key_changes& changes)
    : base_{base}, changes_{changes} {}

  /// Returns what would be stored under the key, or null.
  const entry* find(std::string_view key) const;

  void put(std::string_view key, entry x);

  /// Erases a key that is there.
  void erase(std::string_view key);

  void erase_prefix(std::string_view prefix);

  /// Returns what would be stored below the prefix. The pointers hold until the
  /// next change.
  std::map<std::string, const entry*> below(std::string_view prefix) const;

private:
  bool in_erased_prefix(std::string_view key) const;

  const key_tree& base_;
  key_changes& changes_;
};

} // namespace praetor::kv
