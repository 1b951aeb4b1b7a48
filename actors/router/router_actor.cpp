#include "actors/router/router_actor.hpp"

#include "actors/spawn.hpp"
#include "runtime/base/buggify.hpp"

#include <caf/send.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace praetor::router {

namespace {

/// Renewals that may wait for a leader.
constexpr std::size_t held_max = 4096;

class router_state {
public:
  static constexpr auto name = "router";

  using self_pointer = router_actor::stateful_pointer<router_state>;

  explicit router_state(self_pointer self) : self_{self} {}

  router_actor::behavior_type make_behavior(std::shared_ptr<options> opts) {
    opts_ = std::move(*opts);
    return {
      [this](submit& msg) { on_submit(msg); },
      [this](submit_many& msg) { on_submit_many(msg); },
      [this](renew_session& msg) { on_renew(msg); },
      [this](const leader_here& msg) { on_leader(msg); },
      [this](caf::tick_atom) { on_tick(); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_submit(submit& msg) {
    if (!msg.origin_term && buggify("router.overloaded"))
      return msg.to.complete(error{errc::overloaded, "too many requests"});
    raft::propose x;
    x.payload = state::encode_command(msg.command);
    seq_ += buggify("router.gap_of_numbers") ? 3 : 1;
    x.origin = {opts_.node_id, opts_.boot, seq_};
    x.origin_term = msg.origin_term;
    x.to = std::move(msg.to);
    if (buggify("router.propose_twice"))
      x.to = repeated_when_done(x);
    self_->send(opts_.raft, std::move(x));
  }

  void on_submit_many(submit_many& msg) {
    for (auto& x : msg.commands)
      on_submit(x);
  }

  void on_renew(renew_session& msg) {
    if (buggify("router.refuse_renewal"))
      return msg.to.complete(error{errc::overloaded, "too many requests"});
    if (leader_ && buggify("router.renew_twice"))
      self_->send(leader_, renew_session{msg.id, msg.ttl, {}});
    if (leader_)
      return self_->send(leader_, std::move(msg));
    if (held_.size() >= held_max)
      return msg.to.complete(error{errc::overloaded, "No cluster leader"});
    held_.push_back({self_->clock().now() + opts_.leader_wait, std::move(msg)});
    schedule_tick();
  }

  void on_leader(const leader_here& msg) {
    leader_ = msg.actor;
    if (!leader_)
      return;
    for (auto& x : std::exchange(held_, {}))
      self_->send(leader_, std::move(x.request));
  }

  void on_tick() {
    tick_at_.reset();
    const auto now = self_->clock().now();
    while (!held_.empty() && held_.front().deadline <= now) {
      held_.front().request.to.complete(
        error{errc::no_leader, "No cluster leader"});
      held_.pop_front();
    }
    schedule_tick();
  }

  /// As somebody does whose answer was lost.
  reply<command_result> repeated_when_done(const raft::propose& x) const {
    return reply<command_result>{[x, raft = opts_.raft](const auto& done) {
      if (done)
        caf::anon_send(raft,
                       raft::propose{x.payload, x.origin, x.origin_term, {}});
      x.to.complete(done);
    }};
  }

  // -- effects ----------------------------------------------------------------

  void schedule_tick() {
    if (held_.empty() || tick_at_)
      return;
    tick_at_ = held_.front().deadline;
    self_->scheduled_send(self_, *tick_at_, caf::tick_atom_v);
  }

  // -- member variables -------------------------------------------------------

  struct held {
    time_point deadline;
    renew_session request;
  };

  self_pointer self_;
  options opts_;
  std::uint64_t seq_ = 0;
  leader::leader_actor leader_;
  std::deque<held> held_;

  /// When the tick under way arrives.
  std::optional<time_point> tick_at_;
};

} // namespace

router_actor spawn_router(caf::actor_system& sys, options opts) {
  return spawn_state<router_state>(sys,
                                   std::make_shared<options>(std::move(opts)));
}

} // namespace praetor::router
