// Alias checks that mirror a service of another node: when to read what the
// catalog has about it. Pure; reads wait in the catalog until something moved.

#pragma once

#include "actors/agent/core/local_state.hpp"
#include "actors/catalog/messages.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::agent {

/// See the head of the file.
class remote_aliases {
public:
  /// How long a read may wait for news; also the pause after a failure.
  static constexpr duration wait = std::chrono::minutes{1};
  /// Between two reads, however fast the other node changes.
  static constexpr duration pause = std::chrono::seconds{1};

  /// A read to be sent.
  struct question {
    std::string check;
    std::string node;
    std::uint64_t generation = 0;
    /// Wait until the answer's index is above this; 0: do not wait.
    log_index index = 0;
  };

  /// Follows the checks of `state`. @returns What to read now.
  std::vector<question> poll(const local_state& state, time_point now);

  /// A read was answered, or failed with `failure`.
  /// @returns What the check says; nothing if nobody waits for this answer.
  std::optional<alias_verdict>
  answered(const local_state& state, const std::string& check,
           std::uint64_t generation, log_index index,
           const catalog::node_snapshot& snapshot, const std::string& failure,
           time_point now);

  std::optional<time_point> next_deadline() const;

private:
  struct entry {
    std::string node;
    log_index index = 0;
    std::uint64_t generation = 0;
    /// When to read again; unset while a read is under way.
    std::optional<time_point> due;
  };

  /// By id of the check.
  std::map<std::string, entry> entries_;
  std::uint64_t generation_ = 0;
};

} // namespace praetor::agent
