#include "runtime/node/members_actor.hpp"

#include "actors/spawn.hpp"
#include "runtime/node/pool_servers.hpp"

#include <caf/send.hpp>

#include <map>
#include <utility>
#include <vector>

namespace praetor::node {

namespace {

class members_state {
public:
  static constexpr auto name = "members";

  using self_pointer =
    gossip::member_sink_actor::stateful_pointer<members_state>;

  explicit members_state(self_pointer self) : self_{self} {}

  gossip::member_sink_actor::behavior_type
  make_behavior(std::shared_ptr<members_options> opts) {
    opts_ = std::move(*opts);
    return {
      [this](const gossip::members_changed& msg) { on_members(msg.members); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_members(const gossip::member_list& members) {
    const auto servers = servers_of(members, opts_.datacenter);
    tell_network(servers);
    if (opts_.founder)
      self_->send(opts_.founder, founder::servers_seen{
                                   founders_of(members, opts_.datacenter)});
    if (opts_.servers)
      self_->send(opts_.servers, router::servers_known{living(servers)});
  }

  // -- effects ----------------------------------------------------------------

  /// A server that failed may be reachable all the same, or come back.
  void tell_network(const std::vector<pool_server>& servers) {
    for (const auto& x : servers) {
      const auto gone = x.status == gossip::member_status::left;
      auto& told = told_[x.node_id];
      const auto address = gone ? std::string{} : x.address;
      if (std::exchange(told, address) != address && x.node_id != opts_.self)
        opts_.network->set_address(x.node_id, address);
    }
  }

  static std::vector<std::string>
  living(const std::vector<pool_server>& servers) {
    std::vector<std::string> out;
    for (const auto& x : servers)
      if (x.status == gossip::member_status::alive)
        out.push_back(x.node_id);
    return out;
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  members_options opts_;
  /// By node id: the address that the network knows.
  std::map<std::string, std::string> told_;
};

} // namespace

gossip::member_sink_actor spawn_members(caf::actor_system& sys,
                                        members_options opts) {
  return spawn_state<members_state>(
    sys, std::make_shared<members_options>(std::move(opts)));
}

} // namespace praetor::node
