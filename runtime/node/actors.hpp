// The actors of one node: spawned in order, introduced to each other, stopped
// together. The only place that knows them all.
//
//   server_actors.hpp              the replicated state, on servers
//   servers                        stands for it, on client agents
//   gossip -> members              who is there
//   health <- agent -> rows        this node's own
//
// Free of CAF to whoever includes it.

#pragma once

#include "actors/agent/messages.hpp"
#include "actors/gossip/messages.hpp"
#include "actors/gossip/pool_link.hpp"
#include "actors/health/prober.hpp"
#include "api/http/handler.hpp"
#include "runtime/base/peer_network.hpp"
#include "runtime/base/result.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/node/data_dir.hpp"
#include "runtime/node/rpc_service.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace caf {
class actor_system;
} // namespace caf

namespace praetor::node {

/// What the actors of a node are made from.
struct actor_options {
  config::settings settings;
  std::string node_id;
  databases disks;
  std::shared_ptr<health::prober> probes;
  /// The way to other servers.
  std::shared_ptr<peer_network> network;
  /// The sockets of the LAN pool.
  std::shared_ptr<gossip::pool_link> lan;
  std::uint64_t seed = 0;
  /// Stops the process: a disk failed, or an actor is gone. Called in any
  /// thread; does not return in production.
  std::function<void(std::string why)> on_fatal;
  /// Likewise: the pool cannot be joined, or has another node of this name.
  std::function<void(std::string why)> on_parted;
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

  /// Lets the HTTP endpoints reach the actors, but for what is the node's own.
  void connect(http::backends& to) const;

  /// Lets other nodes reach the actors.
  void connect(rpc_service& to) const;

  /// Where further actors of this node may live. They must have ended, or been
  /// told to, when this object goes.
  caf::actor_system& system() const;

  /// Replaces the services and checks that files define.
  void load(agent::load_definitions definitions) const;

  // -- the LAN pool -----------------------------------------------------------

  void join(gossip::join what) const;
  void force_leave(gossip::force_leave what) const;
  void change_keys(gossip::change_keys what) const;
  void pool_stats(gossip::get_stats what) const;

  /// Leaves on purpose: hands over what this node leads, tells the others, and,
  /// on a server, waits until Raft goes on without it, as long as `patience`
  /// lasts. Answers in any thread.
  void leave(duration patience, reply<std::monostate> to) const;

  /// Hands over what this node leads, if it does and somebody can take it.
  /// Answers when that is done, or cannot be, in any thread.
  void hand_over(duration patience, reply<std::monostate> to) const;

private:
  struct parts;
  explicit actors(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace praetor::node
