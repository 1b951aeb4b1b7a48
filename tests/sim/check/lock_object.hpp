// Keys, locks and sessions as a sequential object whose indexes and lock-delays
// are known only as far as clients saw them. Pure. Part of linearizability.cpp.

#pragma once

#include "tests/sim/check/commands.hpp"
#include "tests/sim/check/key_rules.hpp"
#include "tests/sim/check/linearizability.hpp"

#include <compare>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace praetor::sim {

/// What one group of keys and sessions holds.
struct lock_state {
  std::map<std::string, key_row> keys;
  std::set<std::string> sessions;
  /// A lock-delay of these may run.
  std::set<std::string> delayed;

  friend auto operator<=>(const lock_state&, const lock_state&) = default;
};

/// Either a client's operation or the silent end of sessions.
struct lock_call {
  const operation* client = nullptr;
  std::vector<std::string> ended;
};

/// See the head of the file. An object for `linearizer`.
class lock_object {
public:
  using state = lock_state;

  /// `sessions` are those that the history creates.
  lock_object(std::vector<lock_call> calls,
              const std::map<std::string, kv::session_row>& sessions)
    : calls_{std::move(calls)}, sessions_{sessions} {}

  std::vector<state> step(const state& from, std::size_t call) const;

  const std::vector<lock_call>& calls() const { return calls_; }

private:
  /// A transaction under way.
  struct attempt {
    state s;
    std::set<std::uint32_t> errors;
  };

  state end(state s, const std::string& id) const;
  std::vector<state> run(const state& from, const operation& op,
                         const kv::command& x) const;
  std::vector<state> write(const state& from, const operation& op,
                           const kv::key_operation& verb) const;
  std::vector<state> transact(const state& from, const operation& op,
                              const kv::transaction& x) const;
  std::vector<attempt> run_verb(const attempt& from, const operation& op,
                                const kv::positioned_operation& x,
                                const transaction_view& view) const;
  std::vector<state> read(const state& from, const operation& op,
                          const kv::query& q) const;

  std::vector<lock_call> calls_;
  const std::map<std::string, kv::session_row>& sessions_;
};

} // namespace praetor::sim
