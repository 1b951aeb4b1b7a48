// The actors of one node: spawned in order, introduced to each other, stopped
// together. The only place that knows them all.
//
//   storage <- raft <- kv, catalog <- state -> rows   the replicated state
//   router, supervisor (spawns leader)                who does what
//   health <- agent -> rows                           this node's own
//
// (`rows` is a second storage actor, for tables; `storage` has the log.)
//
// Free of CAF and of sockets to whoever includes it.

#pragma once

#include "actors/agent/messages.hpp"
#include "actors/health/prober.hpp"
#include "api/http/handler.hpp"
#include "runtime/base/result.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/node/data_dir.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace praetor::node {

/// What the actors of a node are made from.
struct actor_options {
  config::settings settings;
  std::string node_id;
  databases disks;
  std::shared_ptr<health::prober> probes;
  std::uint64_t seed = 0;
  /// Stops the process: a disk failed, or an actor is gone. Called in any
  /// thread; does not return in production.
  std::function<void(std::string why)> on_fatal;
};

/// See the head of the file.
class actors {
public:
  /// Loads what is on the disks, and spawns. Errors: corruption, io_error
  /// naming the file.
  static result<std::unique_ptr<actors>> start(actor_options options);

  actors(const actors&) = delete;
  actors& operator=(const actors&) = delete;

  /// Stops all actors and waits until they are gone. Open requests are
  /// answered with errc::canceled.
  ~actors();

  /// Lets the HTTP endpoints reach the actors.
  void connect(http::backends& to) const;

  /// Replaces the services and checks that files define.
  void load(agent::load_definitions definitions) const;

private:
  struct parts;
  explicit actors(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace praetor::node
