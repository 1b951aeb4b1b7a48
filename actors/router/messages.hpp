// What can be asked of the router, which knows where a request goes: to Raft
// here, or to the server that leads.

#pragma once

#include "actors/leader/messages.hpp"
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

/// A command that another node has encoded and numbered. Errors: as `submit`.
struct pass_on {
  using is_message = void;
  std::string payload;
  command_origin origin;
  reply<command_result> to;
};

/// A client wants to keep its session alive. Answers once the leader's clock
/// for it starts anew. Errors: no_leader; not_leader.
struct renew_session {
  using is_message = void;
  std::string id;
  duration ttl{0};
  reply<std::monostate> to;
  /// Another server believes that this one leads: if not, say so.
  bool only_here = false;
};

/// What an operator asks, for the server that leads; `T` is get_health of the
/// leader's duties, or get_status, change_members or transfer_leadership of
/// Raft. Errors: no_leader; not_leader; those of whom it is for.
template <class T>
struct at_leader {
  using is_message = void;
  T what;
  /// Another server believes that this one leads: if not, say so.
  bool only_here = false;
};

/// Who leads, as Raft last knew. The latest value counts.
struct leader_known {
  using is_message = void;
  std::optional<peer_id> leader;
  /// This server leads.
  bool self = false;
};

} // namespace praetor::router
