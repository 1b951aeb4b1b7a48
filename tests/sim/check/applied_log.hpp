// The one log that all nodes of a run applied, put together from what each of
// them did. Pure.

#pragma once

#include "runtime/base/log_entry.hpp"
#include "tests/sim/check/history.hpp"

#include <map>
#include <optional>
#include <string>

namespace praetor::sim {

/// An entry and when it was first known to be committed.
struct applied_entry {
  log_entry entry;
  /// When the first node applied it.
  moment first{0};
};

/// See the head of the file.
class applied_log {
public:
  /// A node applied an entry; nodes that restart may do so again. Gives a
  /// finding if another node applied something else there (I4).
  std::optional<finding> add(const std::string& node, const log_entry& entry,
                             moment now) {
    const auto [at, fresh] = all_.try_emplace(entry.index);
    if (fresh) {
      at->second = {entry, now};
      return std::nullopt;
    }
    if (at->second.entry == entry)
      return std::nullopt;
    return finding{"I4",
                   "node " + node + " applied another entry at index "
                     + std::to_string(entry.index) + " than others did",
                   now};
  }

  /// Returns the first index that is missing below the last one, or nothing.
  std::optional<log_index> gap() const {
    log_index expected = 1;
    for (const auto& [index, x] : all_)
      if (index != expected++)
        return expected - 1;
    return std::nullopt;
  }

  const applied_entry* find(log_index index) const {
    const auto at = all_.find(index);
    return at == all_.end() ? nullptr : &at->second;
  }

  const std::map<log_index, applied_entry>& all() const { return all_; }

private:
  std::map<log_index, applied_entry> all_;
};

} // namespace praetor::sim
