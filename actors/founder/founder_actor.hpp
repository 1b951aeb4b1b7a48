// The founder actor: which cluster does this server belong to?
//
// Spawned by the node on each server; lives as long as the node, since other
// founders may ask for its promise long after. When it dies, nothing is lost
// but the attempt: promise and cluster are on the disk.
//
//   gossip --servers_seen--> FOUNDER --write_local--> storage (the promise)
//   peers ---ask_promise---> FOUNDER --ask----------> peers
//                            FOUNDER --write_identity--> storage
//                            FOUNDER --join_cluster--> raft

#pragma once

#include "actors/founder/core/founder_core.hpp"
#include "actors/founder/messages.hpp"
#include "actors/message_traits.hpp"
#include "actors/raft/messages.hpp"
#include "actors/storage/messages.hpp"

#include <caf/atom.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace praetor::founder {

/// INTERNAL: the promise is durable, or not.
struct promise_stored {
  using is_message = void;
  status outcome = ok;
};

/// INTERNAL: another founder answered, or could not be reached.
struct promise_answered {
  using is_message = void;
  peer_id from;
  result<promise_answer> answer = promise_answer::invalid;
};

/// INTERNAL: the cluster is durable, or not.
struct cluster_stored {
  using is_message = void;
  settlement content;
  status outcome = ok;
};

/// Has the log database; in production storage.
using identity_store_actor =
  caf::typed_actor<caf::reacts_to<disk::write_identity>>;

/// Has the node's local database; in production a second storage.
using local_store_actor = caf::typed_actor<caf::reacts_to<disk::write_local>>;

/// In production Raft.
using cluster_sink_actor = caf::typed_actor<caf::reacts_to<raft::join_cluster>>;

/// The interface of the founder.
using founder_actor = caf::typed_actor<
  // Never fails.
  caf::reacts_to<servers_seen>,
  // Errors: io_error.
  caf::reacts_to<ask_promise>,
  // INTERNAL
  caf::reacts_to<promise_stored>, caf::reacts_to<promise_answered>,
  caf::reacts_to<cluster_stored>, caf::reacts_to<caf::tick_atom>>;

/// What the founder works with.
struct options {
  peer_id self;
  /// Empty: it belongs to none yet.
  std::string cluster_id;
  /// The promise found on the disk.
  std::optional<promise> kept;
  std::uint64_t seed = 0;

  identity_store_actor log;
  local_store_actor local;
  cluster_sink_actor raft;
  /// Asks another server for a promise.
  std::function<void(const peer_id&, const promise&, reply<promise_answer>)>
    ask;
  /// The cluster is known and durable. Called in the actor's thread.
  std::function<void(const std::string& cluster_id)> on_settled;
};

founder_actor spawn_founder(caf::actor_system& sys, options opts);

/// Returns the promise among the rows of the local database, if any. Errors:
/// corruption.
result<std::optional<promise>> kept_promise(const std::vector<row>& rows);

} // namespace praetor::founder
