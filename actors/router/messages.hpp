// What can be asked of the router, which knows where a request goes: an owner
// here, or (later) a server elsewhere.

#pragma once

#include "actors/raft/messages.hpp"
#include "actors/state/messages.hpp"
#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace praetor::router {

/// Put a command into the log and answer with its result once it is applied.
/// Errors: no_leader; overloaded; timeout (outcome unknown).
struct submit {
  using is_message = void;
  state::command command;
  reply<command_result> to;
  /// Set by duties of a leader: only in this term. Errors: not_leader.
  std::optional<log_term> origin_term = std::nullopt;
};

/// Commands that came together; one message wakes the router once.
struct submit_many {
  using is_message = void;
  std::vector<submit> commands;
};

/// A client wants to keep its session alive. Answers once the leader's clock
/// for it starts anew. Errors: no_leader.
struct renew_session {
  using is_message = void;
  std::string id;
  duration ttl{0};
  reply<std::monostate> to;
};

} // namespace praetor::router
