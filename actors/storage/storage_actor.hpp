// The storage actor: the only one that blocks.
//
// Spawned by the node, detached in production, so that nobody waits for its
// thread but its own mailbox. Killed by the node. When it dies, requests that
// wait are lost, none of which was acknowledged, and the databases close.
//
//   raft ----persist---------> STORAGE ----> log database
//        <---persisted--------    |   \----> state database
//   raft ----read_entries----->   |    \---> local database
//   state ---write_checkpoint->   |
//   agent ---write_local------>   +-- on_fatal: a write failed
//   raft ----open_state, ...--> checkpoints to and from other servers
//   state ---use_state-------->
//
// Group commit: the first `persist` sends `flush` to the actor itself; all that
// wait in the mailbox by then are written with one sync. A checkpoint waits for
// such a `flush` too, and comes after it.

#pragma once

#include "actors/message_traits.hpp"
#include "actors/storage/messages.hpp"

#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace praetor::disk {

/// INTERNAL: what was asked before is to be done now.
struct flush {
  using is_message = void;
};

/// Sends `persist`, gets the answers; in production Raft.
using persisted_sink_actor = caf::typed_actor<
  // All tokens up to this one are durable.
  caf::reacts_to<persisted>>;

/// The interface of the storage actor.
using storage_actor = caf::typed_actor<
  // Answers with `persisted` to the sender, which must be a
  // `persisted_sink_actor`; one answer may stand for many requests.
  caf::reacts_to<persist>,
  // Sees all entries of earlier `persist`s of the same sender.
  caf::reacts_to<read_entries>,
  // Errors: rejected, io_error.
  caf::reacts_to<write_identity>,
  // Errors: io_error.
  caf::reacts_to<write_checkpoint>,
  // Errors: io_error.
  caf::reacts_to<write_local>,
  // Errors: rejected; corruption and io_error, which are fatal as well.
  caf::reacts_to<open_state>, caf::reacts_to<read_state>,
  caf::reacts_to<close_state>, caf::reacts_to<begin_state>,
  caf::reacts_to<store_state>, caf::reacts_to<drop_state>,
  caf::reacts_to<use_state>,
  // INTERNAL
  caf::reacts_to<flush>>;

/// A store that is not there refuses its requests.
struct storage_options {
  /// Loaded already.
  std::shared_ptr<log_store> log;
  /// Loaded already.
  std::shared_ptr<state_store> state;
  /// Loaded already.
  std::shared_ptr<state_store> local;
  /// Called in the actor's thread, once, when a store failed. Nothing may be
  /// written or promised any more: production exits with code 74.
  std::function<void(const std::string&)> on_fatal;
  /// A thread of its own. Not under simulation.
  bool detached = true;
  /// Where `state` lies, to receive another server's; none: that is refused.
  std::shared_ptr<state_place> place = nullptr;
  /// The generation of `state`.
  std::uint64_t generation = 0;
};

/// One group of `persist`s is at most as large as this, plus one request.
inline constexpr std::uint64_t group_bytes_max = 1U << 20U;

/// @pre options.on_fatal is set.
storage_actor spawn_storage(caf::actor_system& sys, storage_options options);

} // namespace praetor::disk
