// What the founder is asked and told.

#pragma once

#include "actors/founder/core/founding.hpp"
#include "runtime/base/reply.hpp"

#include <vector>

namespace praetor::founder {

/// Another server asks for a promise. Answered when it is durable, if it is
/// given.
struct ask_promise {
  using is_message = void;
  promise content;
  reply<promise_answer> to;
};

/// All servers that gossip shows, this one included. The latest list counts.
struct servers_seen {
  using is_message = void;
  std::vector<server> servers;
};

} // namespace praetor::founder
