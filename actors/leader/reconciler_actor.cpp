#include "actors/leader/reconciler_actor.hpp"

#include "actors/leader/core/members.hpp"
#include "actors/spawn.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"

#include <caf/send.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace praetor::leader {

namespace {

using namespace std::chrono_literals;

constexpr auto module_name = "agent.server";

/// How long to wait after something failed.
constexpr duration retry_after = 1s;

/// Rounds in a row that found something wrong; more of them mean that somebody
/// else keeps writing what we correct.
constexpr int rounds_max = 5;

class reconciler_state {
public:
  static constexpr auto name = "reconciler";

  using self_pointer = reconciler_actor::stateful_pointer<reconciler_state>;

  explicit reconciler_state(self_pointer self) : self_{self} {}

  reconciler_actor::behavior_type
  make_behavior(std::shared_ptr<reconciler_options> opts) {
    opts_ = std::move(*opts);
    return {
      [this](const gossip::members_changed& msg) { on_members(msg); },
      [this](const nodes_arrived& msg) { on_nodes(msg); },
      [this](const correction_done& msg) { on_done(msg); },
      [this](retry_round) { begin_round(); },
      [this](caf::tick_atom) { on_tick(); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_members(const gossip::members_changed& msg) {
    if (msg.pool != gossip::pool_kind::lan)
      return;
    if (members_)
      for (const auto& x : *members_)
        vanished_.insert(to_lower(x.facts->name));
    else
      self_->delayed_send(self_, opts_.period, caf::tick_atom_v);
    members_ = msg.members;
    for (const auto& x : *members_)
      vanished_.erase(to_lower(x.facts->name));
    rounds_ = 0;
    begin_round();
  }

  void on_nodes(const nodes_arrived& msg) {
    using list = std::vector<catalog::registered_node>;
    const auto nodes = msg.nodes ? decode<list>(*msg.nodes->data.body)
                                 : result<list>{msg.nodes.error()};
    if (!nodes) {
      failed_ = true;
      return end_round(false);
    }
    for (auto& x :
         corrections({*members_, *nodes, opts_.self, vanished_, settled_}))
      if (x.command)
        waiting_.push_back(std::move(x));
      else
        log::warn(module_name,
                  "member has the node id of another one that is alive",
                  {{"member", x.node}});
    if (waiting_.empty())
      return end_round(false);
    submit_some();
  }

  void on_done(const correction_done& msg) {
    --in_flight_;
    const auto& x = msg.outcome;
    if (!x || x->code != errc{}) {
      log::error(
        module_name, "failed to reconcile member",
        {{"member", msg.node}, {"error", x ? x->body : x.error().context}});
      failed_ = true;
    }
    submit_some();
    if (in_flight_ == 0)
      end_round(true);
  }

  void on_tick() {
    self_->delayed_send(self_, opts_.period, caf::tick_atom_v);
    settled_ = true;
    rounds_ = 0;
    begin_round();
  }

  // -- rounds -----------------------------------------------------------------

  void begin_round() {
    again_ = running_;
    if (running_)
      return;
    running_ = true;
    failed_ = false;
    ++rounds_;
    const auto me = caf::actor_cast<reconciler_actor>(self_);
    catalog::read question;
    question.query.kind = catalog::query_kind::registered_nodes;
    question.to = reply<owner::read_answer>{[me](result<owner::read_answer> x) {
      caf::anon_send(me, nodes_arrived{std::move(x)});
    }};
    self_->send(opts_.nodes, std::move(question));
  }

  /// What was corrected may have made place for more.
  void end_round(bool corrected) {
    running_ = false;
    if (failed_ || rounds_ >= rounds_max) {
      rounds_ = 0;
      self_->delayed_send(self_, retry_after, retry_round{});
    } else if (corrected || again_) {
      begin_round();
    } else {
      vanished_.clear();
    }
  }

  void submit_some() {
    while (in_flight_ < opts_.in_flight_max && !waiting_.empty()) {
      submit(waiting_.front());
      waiting_.pop_front();
      ++in_flight_;
    }
  }

  // -- effects ----------------------------------------------------------------

  void submit(correction& x) {
    announce(x);
    const auto me = caf::actor_cast<reconciler_actor>(self_);
    self_->send(
      opts_.commands,
      router::submit{
        *std::move(x.command),
        reply<command_result>{[me, node = x.node](result<command_result> y) {
          caf::anon_send(me, correction_done{node, std::move(y)});
        }},
        this_term()});
  }

  std::optional<log_term> this_term() const {
    return opts_.term == 0 ? std::nullopt : std::optional{opts_.term};
  }

  static void announce(const correction& x) {
    const auto say = [&x](const char* what) {
      log::info(module_name, what, {{"member", x.node}});
    };
    switch (x.what) {
      case member_event::joined:
        return say("member joined, marking health alive");
      case member_event::failed:
        return say("member failed, marking health critical");
      case member_event::left: return say("member left, deregistering it");
      case member_event::forgotten:
        return say("member is forgotten, deregistering it");
      case member_event::refused: return;
    }
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  reconciler_options opts_;

  /// Null until gossip says who there is.
  gossip::member_list members_;

  /// Names that were members in this term and are not any more, while the
  /// catalog may still have them.
  std::set<std::string> vanished_;

  /// See `member_round::settled`.
  bool settled_ = false;

  bool running_ = false;
  /// Another round was asked for while one was running.
  bool again_ = false;
  /// Something went wrong in this round.
  bool failed_ = false;
  int rounds_ = 0;

  std::deque<correction> waiting_;
  std::size_t in_flight_ = 0;
};

} // namespace

reconciler_actor spawn_reconciler(caf::actor_system& sys,
                                  reconciler_options opts) {
  return spawn_state<reconciler_state>(
    sys, std::make_shared<reconciler_options>(std::move(opts)));
}

} // namespace praetor::leader
