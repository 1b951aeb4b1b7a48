// The two kinds of locks of `praetor lock`, as keys at an agent: a lock for one
// holder and a semaphore for several. Pure but for the client.
//
//   lock       PREFIX/.lock, acquired by the session
//   semaphore  PREFIX/.lock with {"Limit":2,"Holders":{"<session>":true}},
//              PREFIX/<session>, acquired by the session, says it is alive
//
// Source: Consul's api/lock.go and api/semaphore.go, with which these locks
// are compatible.

#pragma once

#include "tools/praetor/client.hpp"

namespace praetor::tools {

/// Where an attempt to acquire has got to.
enum class attempt : std::uint8_t {
  acquired,
  /// Somebody else holds it: try again with the index, which blocks.
  busy,
  /// Somebody else was faster: try again at once.
  raced,
  /// The lock rests after its holder died: try again later.
  delayed,
};

struct attempt_result {
  attempt outcome{};
  std::uint64_t index = 0;
};

struct hold_result {
  bool held = false;
  std::uint64_t index = 0;
};

/// One lock in one session. Errors of all: what the agent or the network says,
/// or rejected if the keys are used for something else.
class lock_kind {
public:
  virtual ~lock_kind() = default;

  /// @param index what the last attempt returned, or 0
  virtual result<attempt_result> try_acquire(client& api,
                                             std::uint64_t index) = 0;

  /// Waits for a change after `index`, then says whether the lock is held.
  virtual result<hold_result> watch(client& api, std::uint64_t index) = 0;

  virtual status release(client& api) = 0;

  /// Removes the keys. @returns whether nobody else uses them
  virtual result<bool> clean_up(client& api) = 0;
};

std::unique_ptr<lock_kind> make_lock(std::string prefix, std::string session);

/// @pre limit > 1
std::unique_ptr<lock_kind> make_semaphore(std::string prefix, int limit,
                                          std::string session);

} // namespace praetor::tools
