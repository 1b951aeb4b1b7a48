// What only the server that leads can answer: how it travels to another server,
// how the answer comes back, and whether it may be asked twice. Pure.

#pragma once

#include "actors/router/core/rpc.hpp"
#include "actors/router/messages.hpp"

#include <string>
#include <variant>

namespace praetor::router {

using leader_request =
  std::variant<renew_session, at_leader<leader::get_health>,
               at_leader<raft::get_status>, at_leader<raft::change_members>,
               at_leader<raft::transfer_leadership>>;

/// Returns it as a question to another server. `to_leader`: that one is
/// believed to lead, and must not pass it on.
rpc::question question_of(const leader_request& x, bool to_leader);

/// Answers it with what another server said.
void complete(const leader_request& x, const result<std::string>& answer);

/// Answers it with an error.
void refuse(const leader_request& x, error why);

/// Whether who is asked has to lead.
bool only_here(const leader_request& x);

/// Whether to ask again after this error: certainly nothing has happened, or it
/// does no harm twice.
bool may_repeat(const leader_request& x, errc why);

/// The other way round: makes a request of what another server asks. The answer
/// goes to `to`, encoded.
leader_request request_of(rpc::at_leader x, reply<std::string> to);

} // namespace praetor::router
