#include "runtime/node/supervisor_actor.hpp"

#include "actors/spawn.hpp"
#include "runtime/base/log.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <memory>
#include <utility>

namespace praetor::node {

namespace {

class supervisor_state {
public:
  static constexpr auto name = "supervisor";

  using self_pointer = supervisor_actor::stateful_pointer<supervisor_state>;

  explicit supervisor_state(self_pointer self) : self_{self} {}

  supervisor_state(const supervisor_state&) = delete;
  supervisor_state& operator=(const supervisor_state&) = delete;

  /// The duties do not outlive who watches over them.
  ~supervisor_state() {
    if (leader_)
      caf::anon_send_exit(leader_, caf::exit_reason::user_shutdown);
  }

  supervisor_actor::behavior_type
  make_behavior(std::shared_ptr<supervisor_options> opts) {
    opts_ = std::move(*opts);
    self_->set_down_handler([this](const caf::down_msg& msg) { on_down(msg); });
    for (const auto& [what, actor] : opts_.vital)
      self_->monitor(actor);
    return {
      [this](const raft::leadership& msg) { on_leadership(msg); },
      [this](const gossip::members_changed& msg) { on_members(msg); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_leadership(const raft::leadership& msg) {
    const owner::leader_known known{msg.leader.has_value(), msg.self};
    self_->send(opts_.kv, known);
    self_->send(opts_.catalog, known);
    self_->send(opts_.router, router::leader_known{msg.leader, msg.self});
    if (leader_ && (!msg.self || msg.term != term_))
      dismiss();
    term_ = msg.term;
    if (!msg.self || leader_)
      return;
    log::info("agent.server", "cluster leadership acquired");
    log::info("agent.server", "New leader elected",
              {{"payload", opts_.self.node.name}});
    leader_ = leader::spawn_leader(
      self_->system(), {opts_.router, opts_.kv, opts_.self, term_,
                        opts_.catalog, opts_.raft, members_, opts_.autopilot});
    self_->send(opts_.router, router::leader_here{leader_});
  }

  void on_members(const gossip::members_changed& msg) {
    if (msg.pool != gossip::pool_kind::lan)
      return;
    members_ = msg.members;
    if (leader_)
      self_->send(leader_, msg);
  }

  void on_down(const caf::down_msg& msg) {
    if (stopping(msg.reason))
      return;
    for (const auto& [what, actor] : opts_.vital)
      if (actor.address() == msg.source)
        opts_.on_fatal("the " + what + " actor ended unexpectedly");
  }

  // -- effects ----------------------------------------------------------------

  /// A node that shuts down tells its actors so.
  static bool stopping(const caf::error& reason) {
    return reason == caf::exit_reason::user_shutdown
           || reason == caf::exit_reason::kill;
  }

  void dismiss() {
    log::info("agent.server", "cluster leadership lost");
    self_->send(opts_.router, router::leader_here{});
    self_->send_exit(leader_, caf::exit_reason::user_shutdown);
    leader_ = leader::leader_actor{};
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  supervisor_options opts_;
  log_term term_ = 0;
  leader::leader_actor leader_;
  gossip::member_list members_;
};

} // namespace

supervisor_actor spawn_supervisor(caf::actor_system& sys,
                                  supervisor_options opts) {
  return spawn_state<supervisor_state>(
    sys, std::make_shared<supervisor_options>(std::move(opts)));
}

} // namespace praetor::node
