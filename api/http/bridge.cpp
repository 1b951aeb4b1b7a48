#include "api/http/bridge.hpp"

#include <caf/send.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace praetor::http {
namespace {

/// A function that sends its argument to an actor.
template <class Message, class Handle>
std::function<void(Message)> to_actor(Handle receiver) {
  return [receiver = std::move(receiver)](Message x) {
    caf::anon_send(receiver, std::move(x));
  };
}

/// A function that asks whoever leads.
template <class Message, class Handle>
std::function<void(Message)> to_leader(Handle router) {
  return [router = std::move(router)](Message x) {
    caf::anon_send(router, router::at_leader<Message>{std::move(x)});
  };
}

/// A function that collects its arguments, and sends them to an actor at the
/// end of the io thread's turn. `Batch` is an aggregate of one vector.
template <class Message, class Batch, class Handle>
std::function<void(Message)> to_actor_together(const backends& to,
                                               Handle receiver) {
  auto waiting = std::make_shared<std::vector<Message>>();
  auto send = [receiver = std::move(receiver), waiting] {
    caf::anon_send(receiver, Batch{std::exchange(*waiting, {})});
  };
  return [post = to.post, waiting, send = std::move(send)](Message x) {
    waiting->push_back(std::move(x));
    if (waiting->size() == 1)
      post(send);
  };
}

void connect_agent(backends& to, const agent_sink_actor& it) {
  to.register_service = to_actor<agent::register_service>(it);
  to.deregister_service = to_actor<agent::deregister_service>(it);
  to.register_check = to_actor<agent::register_check>(it);
  to.deregister_check = to_actor<agent::deregister_check>(it);
  to.update_ttl = to_actor<agent::update_ttl>(it);
  to.maintain_service = to_actor<agent::maintain_service>(it);
  to.maintain_node = to_actor<agent::maintain_node>(it);
  to.get_services = to_actor<agent::get_services>(it);
  to.get_checks = to_actor<agent::get_checks>(it);
  to.get_service = to_actor<agent::get_service>(it);
  to.get_service_health = to_actor<agent::get_service_health>(it);
  to.get_counts = to_actor<agent::get_counts>(it);
  to.get_members = to_actor<agent::get_members>(it);
  to.fire_event = to_actor<agent::fire_event>(it);
  to.list_events = to_actor<agent::list_events>(it);
}

void refuse(const reply<std::monostate>& to) {
  to.complete(error{errc::rejected, "this node cannot do that"});
}

} // namespace

void connect_actors(backends& to, actor_handles actors) {
  to.read_kv = to_actor_together<kv::read, kv::read_many>(to, actors.kv);
  to.read_catalog =
    to_actor_together<catalog::read, catalog::read_many>(to, actors.catalog);
  to.submit =
    to_actor_together<router::submit, router::submit_many>(to, actors.router);
  to.renew_session = to_actor<router::renew_session>(actors.router);
  to.raft_status = to_actor<raft::get_status>(actors.raft);
  to.leader_status = to_leader<raft::get_status>(actors.router);
  to.change_members = to_leader<raft::change_members>(actors.router);
  to.transfer_leadership = to_leader<raft::transfer_leadership>(actors.router);
  to.server_health = to_leader<leader::get_health>(actors.router);
  connect_agent(to, actors.agent);
  to.reload = [](reply<std::monostate> done) { refuse(done); };
  to.leave = [](reply<std::monostate> done) { refuse(done); };
  to.join = [](const std::string&, bool, reply<std::monostate> done) {
    refuse(done);
  };
  to.force_leave = [](const std::string&, bool, reply<std::monostate> done) {
    refuse(done);
  };
  to.pool_stats = [](const gossip::get_stats& msg) {
    msg.to.complete(error{errc::rejected, "this node cannot do that"});
  };
  to.change_keys = [](const gossip::change_keys& msg) {
    msg.to.complete(error{errc::rejected, "this node cannot do that"});
  };
  to.monitor = [](const std::shared_ptr<body_stream>&, const std::string&,
                  bool) {};
  // Ids are unique in the process, so only the one that waits will care.
  to.forget_watch = [actors = std::move(actors)](std::uint64_t id) {
    caf::anon_send(actors.kv, owner::forget_watch{id});
    caf::anon_send(actors.catalog, owner::forget_watch{id});
    caf::anon_send(actors.agent, agent::forget_watch{id});
  };
}

} // namespace praetor::http
