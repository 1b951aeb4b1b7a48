// What can be asked of the leader's duties besides sessions. Plain data.

#pragma once

#include "actors/leader/core/autopilot.hpp"
#include "runtime/base/reply.hpp"

namespace praetor::leader {

/// How are the servers? Errors: no_leader, if another server knows;
/// overloaded.
struct get_health {
  using is_message = void;
  reply<health_report> to;
};

} // namespace praetor::leader
