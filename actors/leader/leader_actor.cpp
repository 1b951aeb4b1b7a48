#include "actors/leader/leader_actor.hpp"

#include "actors/leader/core/session_clock.hpp"
#include "actors/spawn.hpp"
#include "actors/tick_timer.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace praetor::leader {

namespace {

using namespace std::chrono_literals;

/// How long one question for the sessions may wait.
constexpr duration watch_wait = 10min;

/// In simulations.
constexpr duration watch_wait_min = 200ms;

/// How long to wait after a failed question.
constexpr duration retry_after = 1s;

class leader_state {
public:
  static constexpr auto name = "leader";

  using self_pointer = leader_actor::stateful_pointer<leader_state>;

  explicit leader_state(self_pointer self) : self_{self} {}

  leader_state(const leader_state&) = delete;
  leader_state& operator=(const leader_state&) = delete;

  ~leader_state() {
    const auto dismiss = [](const auto& x) {
      if (x)
        caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    };
    dismiss(reconciler_);
    dismiss(autopilot_);
  }

  leader_actor::behavior_type make_behavior(std::shared_ptr<options> opts) {
    opts_ = std::move(*opts);
    spawn_parts();
    if (opts_.members && reconciler_)
      on_members({gossip::pool_kind::lan, opts_.members});
    else
      register_self();
    on_ask();
    on_ask_config();
    return {
      [this](const router::renew_session& msg) { on_renew(msg); },
      [this](const get_health& msg) { on_health(msg); },
      [this](const gossip::members_changed& msg) { on_members(msg); },
      [this](const sessions_arrived& msg) { on_sessions(msg); },
      [this](ask_sessions) { on_ask(); },
      [this](const config_arrived& msg) { on_config(msg); },
      [this](ask_config) { on_ask_config(); },
      [this](caf::tick_atom) { on_tick(); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_renew(const router::renew_session& msg) {
    if (clock_.ending(msg.id)) {
      sometimes("leader.renewal_came_too_late");
      return msg.to.complete(
        error{errc::not_found, "Session id '" + msg.id + "' not found"});
    }
    clock_.renew(msg.id, now());
    msg.to.complete(ok);
  }

  void on_health(const get_health& msg) {
    if (!autopilot_)
      return msg.to.complete(error{errc::rejected, "there is no autopilot"});
    self_->send(autopilot_, msg);
  }

  void on_members(const gossip::members_changed& msg) {
    if (reconciler_)
      self_->send(reconciler_, msg);
    if (autopilot_)
      self_->send(autopilot_, msg);
  }

  void on_sessions(const sessions_arrived& msg) {
    if (!msg.sessions) {
      self_->delayed_send(self_, retry_after, ask_sessions{});
      return;
    }
    const auto& data = msg.sessions->data;
    // A list of the index that was asked for is a time-out: nothing new.
    if (const auto list = decode<session_clock::ttls>(*data.body))
      clock_.follow(*list, now());
    seen_ = std::max<log_index>(data.index, 1);
    schedule_tick();
    on_ask();
  }

  void on_ask() {
    const auto me = caf::actor_cast<caf::actor>(self_);
    kv::read question;
    question.query.kind = kv::query_kind::session_ttls;
    question.options.min_index = buggify("leader.ask_for_all") ? 0 : seen_;
    question.options.wait =
      buggify("leader.ask_often") ? watch_wait_min : watch_wait;
    question.to = reply<owner::read_answer>{[me](result<owner::read_answer> x) {
      caf::anon_send(me, sessions_arrived{std::move(x)});
    }};
    self_->send(opts_.sessions, std::move(question));
  }

  void on_config(const config_arrived& msg) {
    if (!msg.config) {
      self_->delayed_send(self_, retry_after, ask_config{});
      return;
    }
    const auto& data = msg.config->data;
    if (!data.found && config_seen_ == 0)
      submit(catalog::command{
        catalog::set_autopilot{opts_.autopilot_config, log_index{0}}});
    if (data.found && autopilot_)
      if (auto x = decode<autopilot::config>(*data.body))
        self_->send(autopilot_, configure{*std::move(x)});
    config_seen_ = std::max<log_index>(data.index, 1);
    on_ask_config();
  }

  void on_ask_config() {
    if (!opts_.nodes)
      return;
    const auto me = caf::actor_cast<caf::actor>(self_);
    catalog::read question;
    question.query.kind = catalog::query_kind::autopilot;
    question.options.min_index = config_seen_;
    question.options.wait = watch_wait;
    question.to = reply<owner::read_answer>{[me](result<owner::read_answer> x) {
      caf::anon_send(me, config_arrived{std::move(x)});
    }};
    self_->send(opts_.nodes, std::move(question));
  }

  void on_tick() {
    if (!timer_.ring(now()))
      return;
    for (auto& id : clock_.expire(now())) {
      log::info("agent.server", "session TTL expired", {{"session", id}});
      sometimes("leader.session_expired");
      const kv::command end = kv::destroy_session{std::move(id)};
      if (buggify("leader.end_twice"))
        submit(end);
      submit(end);
    }
    schedule_tick();
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  /// What is written only counts while this term lasts: later a session may
  /// be alive again. (F08: also in later terms.)
  std::optional<log_term> this_term() const {
    return opts_.term == 0 || mutant("F08") ? std::nullopt
                                            : std::optional{opts_.term};
  }

  void submit(state::command x) {
    self_->send(opts_.commands, router::submit{std::move(x), {}, this_term()});
  }

  void spawn_parts() {
    if (opts_.nodes)
      reconciler_ =
        spawn_reconciler(self_->system(), {opts_.commands, opts_.nodes,
                                           opts_.self.node.id, opts_.term});
    if (opts_.raft)
      autopilot_ = spawn_autopilot(
        self_->system(),
        {opts_.raft, {opts_.self.node.id}, opts_.autopilot_config});
  }

  void register_self() {
    const auto& me = opts_.self.node.name;
    self_->send(
      opts_.commands,
      router::submit{
        catalog::command{opts_.self},
        reply<command_result>{[me](const auto& done) {
          if (done && done->code == errc{})
            log::info("agent.server", "member joined, marking health alive",
                      {{"member", me}});
          else
            log::error("agent.server", "failed to register this server",
                       {{"error", done ? done->body : done.error().context}});
        }},
        this_term()});
  }

  /// Makes sure that a tick arrives at the next deadline.
  void schedule_tick() {
    if (const auto deadline = clock_.next_deadline())
      timer_.set(self_, *deadline);
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  options opts_;
  session_clock clock_;
  reconciler_actor reconciler_;
  autopilot_actor autopilot_;

  /// Index of the newest list of sessions.
  log_index seen_ = 0;
  /// Of the newest configuration of the autopilot.
  log_index config_seen_ = 0;

  tick_timer timer_;
};

} // namespace

leader_actor spawn_leader(caf::actor_system& sys, options opts) {
  return spawn_state<leader_state>(sys,
                                   std::make_shared<options>(std::move(opts)));
}

} // namespace praetor::leader
