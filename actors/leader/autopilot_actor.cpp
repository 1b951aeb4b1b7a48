#include "actors/leader/autopilot_actor.hpp"

#include "actors/spawn.hpp"
#include "actors/tick_timer.hpp"
#include "runtime/base/log.hpp"

#include <caf/send.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::leader {

namespace {

constexpr auto module_name = "agent.server.autopilot";

class autopilot_state {
public:
  static constexpr auto name = "autopilot";

  using self_pointer = autopilot_actor::stateful_pointer<autopilot_state>;

  explicit autopilot_state(self_pointer self) : self_{self} {}

  autopilot_actor::behavior_type
  make_behavior(std::shared_ptr<autopilot_options> opts) {
    opts_ = std::move(*opts);
    pilot_.emplace(opts_.self);
    pilot_->configure(opts_.config);
    return {
      [this](const gossip::members_changed& msg) { on_members(msg); },
      [this](const get_health& msg) { on_health(msg); },
      [this](const configure& msg) { on_configure(msg); },
      [this](const status_arrived& msg) { on_status(msg); },
      [this](const decision_done& msg) { on_done(msg); },
      [this](caf::tick_atom) { on_tick(); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_members(const gossip::members_changed& msg) {
    if (msg.pool != gossip::pool_kind::lan)
      return;
    servers_ = servers_of(*msg.members);
    look();
  }

  void on_health(const get_health& msg) {
    if (questions_.size() >= opts_.questions_max)
      return msg.to.complete(
        error{errc::overloaded, "too many questions wait"});
    questions_.push_back(msg.to);
    look();
  }

  void on_configure(const configure& msg) {
    pilot_->configure(msg.config);
    look();
  }

  void on_status(const status_arrived& msg) {
    looking_ = false;
    if (msg.status) {
      pilot_->observe(servers_.value_or(server_map{}), *msg.status, now());
      for (const auto& x : std::exchange(questions_, {}))
        x.complete(pilot_->report());
      alone_ = msg.status->members.size() < 2;
    }
    if (again_)
      return look();
    if (!msg.status)
      return schedule_tick(true);
    if (servers_ && !deciding_)
      act();
    schedule_tick(false);
  }

  void on_done(const decision_done& msg) {
    deciding_ = false;
    const auto handed_over = std::exchange(handing_over_, false);
    if (!msg.outcome)
      log::warn(module_name, "failed to change the Raft configuration",
                {{"error", msg.outcome.error().context}});
    else if (!handed_over)
      return look();
    // The heir leads in a moment, and this actor ends.
    schedule_tick(false);
  }

  void on_tick() {
    if (!timer_.ring(now()))
      return;
    look();
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  /// Asks how Raft is; what follows is up to `on_status`.
  void look() {
    again_ = looking_;
    if (looking_)
      return;
    looking_ = true;
    const auto me = caf::actor_cast<autopilot_actor>(self_);
    self_->send(opts_.raft,
                raft::get_status{
                  reply<raft::raft_status>{[me](result<raft::raft_status> x) {
                    caf::anon_send(me, status_arrived{std::move(x)});
                  }}});
  }

  void act() {
    auto next = pilot_->next();
    if (auto* change = std::get_if<membership_change>(&next)) {
      log::info(module_name, change->what, {{"id", change->whom.value}});
      deciding_ = true;
      self_->send(opts_.raft, raft::change_members{std::move(change->next),
                                                   pilot_->members_index(),
                                                   when_done<log_index>()});
    } else if (std::holds_alternative<hand_over>(next)) {
      log::info(module_name, "this server leaves, another one shall lead");
      deciding_ = true;
      handing_over_ = true;
      self_->send(opts_.raft, raft::transfer_leadership{
                                std::nullopt, when_done<std::monostate>()});
    }
  }

  template <class T>
  reply<T> when_done() const {
    const auto me = caf::actor_cast<autopilot_actor>(self_);
    return reply<T>{[me](const result<T>& x) {
      caf::anon_send(me, decision_done{x ? ok : status{x.error()}});
    }};
  }

  /// Alone there is nothing to look after; unless Raft did not say whether it
  /// is, and has to be asked again.
  void schedule_tick(bool unknown) {
    const auto busy = unknown || (servers_ && pilot_->waiting());
    if (alone_ && !busy)
      return;
    timer_.set(self_, now() + (busy ? opts_.busy_period : opts_.idle_period));
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  autopilot_options opts_;
  std::optional<autopilot> pilot_;

  /// Nothing until gossip says who there is; then nothing is decided.
  std::optional<server_map> servers_;

  /// Raft was asked how it is; and has to be asked again.
  bool looking_ = false;
  bool again_ = false;
  /// What was decided is under way.
  bool deciding_ = false;
  bool handing_over_ = false;
  bool alone_ = true;

  std::vector<reply<health_report>> questions_;

  tick_timer timer_;
};

} // namespace

autopilot_actor spawn_autopilot(caf::actor_system& sys,
                                autopilot_options opts) {
  return spawn_state<autopilot_state>(
    sys, std::make_shared<autopilot_options>(std::move(opts)));
}

} // namespace praetor::leader
