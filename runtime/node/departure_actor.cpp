#include "runtime/node/departure_actor.hpp"

#include "actors/spawn.hpp"
#include "runtime/base/log.hpp"

#include <caf/send.hpp>
#include <caf/typed_actor.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace praetor::node {

namespace {

using namespace std::chrono_literals;

/// Between two looks at Raft.
constexpr duration look_again = 20ms;

/// INTERNAL: what Raft said.
struct raft_looked_at {
  using is_message = void;
  result<raft::raft_status> now = raft::raft_status{};
};

/// INTERNAL: gossip has left.
struct pool_left {
  using is_message = void;
};

using departure_actor =
  caf::typed_actor<caf::reacts_to<raft_looked_at>, caf::reacts_to<pool_left>,
                   caf::reacts_to<caf::tick_atom>>;

class departure_state {
public:
  static constexpr auto name = "departure";

  using self_pointer = departure_actor::stateful_pointer<departure_state>;

  explicit departure_state(self_pointer self) : self_{self} {}

  departure_actor::behavior_type
  make_behavior(std::shared_ptr<departure_options> opts) {
    opts_ = std::move(*opts);
    deadline_ = self_->clock().now() + opts_.patience;
    if (opts_.raft)
      look();
    else
      leave_pool();
    return {
      [this](const raft_looked_at& msg) { on_raft(msg); },
      [this](pool_left) { on_left(); },
      [this](caf::tick_atom) { look(); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_raft(const raft_looked_at& msg) {
    if (done_)
      return;
    if (!msg.now || self_->clock().now() >= deadline_)
      return left_ ? finish() : leave_pool();
    if (left_)
      return is_out(*msg.now) ? finish() : look_later();
    if (msg.now->role != "Leader" || msg.now->num_peers == 0)
      return leave_pool();
    if (!std::exchange(asked_, true)) {
      log::info("agent.server", "handing over the leadership");
      self_->send(opts_.raft, raft::transfer_leadership{});
    }
    look_later();
  }

  void on_left() {
    left_ = true;
    if (opts_.raft)
      look();
    else
      finish();
  }

  // -- effects ----------------------------------------------------------------

  /// Whether Raft goes on without this server, or there is nobody to do so.
  bool is_out(const raft::raft_status& now) const {
    return now.num_peers == 0
           || std::none_of(
             now.members.begin(), now.members.end(),
             [this](const auto& x) { return x.id.value == opts_.node_id; });
  }

  void look() {
    const auto me = caf::actor_cast<departure_actor>(self_);
    self_->send(opts_.raft,
                raft::get_status{
                  reply<raft::raft_status>{[me](result<raft::raft_status> x) {
                    caf::anon_send(me, raft_looked_at{std::move(x)});
                  }}});
  }

  void look_later() {
    self_->delayed_send(self_, look_again, caf::tick_atom_v);
  }

  void leave_pool() {
    if (!opts_.gossip)
      return finish();
    const auto me = caf::actor_cast<departure_actor>(self_);
    self_->send(opts_.gossip,
                gossip::leave{reply<std::monostate>{
                  [me](const status&) { caf::anon_send(me, pool_left{}); }}});
  }

  void finish() {
    if (std::exchange(done_, true))
      return;
    opts_.to.complete(ok);
    self_->quit();
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  departure_options opts_;
  time_point deadline_;
  bool asked_ = false;
  bool left_ = false;
  bool done_ = false;
};

} // namespace

void spawn_departure(caf::actor_system& sys, departure_options opts) {
  spawn_state<departure_state>(
    sys, std::make_shared<departure_options>(std::move(opts)));
}

} // namespace praetor::node
