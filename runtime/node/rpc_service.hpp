// Where the network meets the actors of a server: bytes that came in become
// messages, and their replies bytes. Everything received is hostile.
//
//   transport --on_message--> Raft's messages -> raft
//             --on_request--> questions -> kv, catalog, router, raft, founder
//
// The other way, `raft_peers` sends what Raft says, and `ask_promise` what the
// founder asks.

#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "actors/founder/founder_actor.hpp"
#include "actors/kv/kv_actor.hpp"
#include "actors/raft/raft_actor.hpp"
#include "actors/router/core/rpc.hpp"
#include "actors/router/router_actor.hpp"
#include "runtime/base/peer_network.hpp"

#include <caf/fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace praetor::node {

/// Who answers other nodes.
struct rpc_actors {
  kv::kv_actor kv;
  catalog::catalog_actor catalog;
  router::router_actor router;
  raft::raft_actor raft;
  founder::founder_actor founder;
};

/// See the head of the file. Lives in the thread of the sockets.
class rpc_service final : public peer_receiver {
public:
  /// From now on these answer; until then, and on client agents, nobody does.
  void connect(rpc_actors actors);

  /// Lets go of the actors.
  void disconnect() { connected_ = false, actors_ = {}; }

  /// What did not decode, or came in another's name; for metrics.
  std::uint64_t malformed() const { return malformed_; }

  void on_message(const std::string& from, std::string bytes) override;
  void on_request(const std::string& from, std::uint64_t number,
                  std::string bytes, reply<std::string> to) override;
  void on_canceled(std::uint64_t number) override;
  void on_connection(const std::string&, bool) override {}

private:
  using answer = reply<std::string>;

  void ask(std::uint64_t number, router::rpc::propose_all x, answer to);
  void ask(std::uint64_t number, router::rpc::renew_session x, answer to);
  void ask(std::uint64_t number, router::rpc::read_kv x, answer to);
  void ask(std::uint64_t number, router::rpc::read_catalog x, answer to);
  void ask(std::uint64_t number, router::rpc::get_status x, answer to);
  void ask(std::uint64_t number, router::rpc::change_members x, answer to);
  void ask(std::uint64_t number, router::rpc::transfer_leadership x, answer to);
  void ask(std::uint64_t number, router::rpc::promise x, answer to);
  void ask(std::uint64_t number, router::rpc::at_leader x, answer to);

  bool connected_ = false;
  rpc_actors actors_;
  std::uint64_t malformed_ = 0;
};

/// Returns who takes Raft's messages to other servers. They are encoded in the
/// sender's thread.
raft::peer_sink_actor raft_peers(caf::actor_system& sys,
                                 std::shared_ptr<peer_network> network);

/// Asks another server for a promise. Errors: those of the network.
void ask_promise(peer_network& network, const peer_id& whom,
                 const founder::promise& what,
                 const reply<founder::promise_answer>& to);

} // namespace praetor::node
