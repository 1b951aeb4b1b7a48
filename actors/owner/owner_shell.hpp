// The shell that all owners share: order, waiting, sharing, checkpoints.
//
// An owner is spawned with the rows of the last checkpoint, lives as long as
// the node, and loses nothing when it dies: its tables follow from checkpoint
// and log. (A node whose owner dies stops.)
//
//   api, agent, leader --read, forget_watch--> OWNER --confirm_read--> raft
//   state --apply, prepare, decide, ...------> OWNER --applied, ...--> state
//
// What a core must offer is in runtime/base/owner.hpp. An owner's own files are
// its core, its messages, and a few lines that put this shell around the core.

#pragma once

#include "actors/message_traits.hpp"
#include "actors/owner/core/live_queries.hpp"
#include "actors/owner/core/read_gate.hpp"
#include "actors/owner/messages.hpp"
#include "actors/raft/messages.hpp"
#include "actors/tick_timer.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/counters.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace praetor::owner {

/// INTERNAL: Raft's answer to a question of the gate.
struct permit_arrived {
  using is_message = void;
  result<raft::read_permit> permit;
};

/// INTERNAL: evaluate what moved, once for all that was applied meanwhile.
struct settle_watches {
  using is_message = void;
};

/// Proves leadership; in production Raft.
using permit_source_actor =
  caf::typed_actor<caf::reacts_to<raft::confirm_read>>;

/// The interface of an owner.
template <class Query, class Command>
using owner_actor = caf::typed_actor<
  // Answers through the message's reply. Errors: no_leader, overloaded.
  caf::reacts_to<read<Query>>, caf::reacts_to<read_many<Query>>,
  // Never fails.
  caf::reacts_to<forget_watch>,
  // From state, in log order. Never fail.
  typename caf::replies_to<apply<Command>>::template with<applied>,
  typename caf::replies_to<hold_reads>::template with<held>,
  typename caf::replies_to<prepare<Command>>::template with<prepared>,
  typename caf::replies_to<decide>::template with<applied>,
  typename caf::replies_to<take_checkpoint>::template with<checkpoint_rows>,
  typename caf::replies_to<install_rows>::template with<installed>,
  // From raft: headers of answers tell it.
  caf::reacts_to<leader_known>,
  // INTERNAL
  caf::reacts_to<permit_arrived>, caf::reacts_to<settle_watches>,
  caf::reacts_to<caf::tick_atom>>;

/// Returns a core with the rows of a checkpoint; those of tables that are not
/// in `Core::tables` belong to others. Errors: corruption naming the table.
template <class Core>
result<std::shared_ptr<Core>> load_core(const std::vector<row>& rows) {
  auto core = std::make_shared<Core>();
  for (const auto& x : rows) {
    if (std::find(Core::tables.begin(), Core::tables.end(), x.table)
        == Core::tables.end())
      continue;
    if (auto loaded = core->load(x); !loaded)
      return error{errc::corruption, "state database, table " + x.table + ": "
                                       + loaded.error().context};
  }
  return core;
}

/// The state class of an owner around `Core`.
template <class Core>
class owner_shell {
public:
  using query = typename Core::query;
  using command = typename Core::command;
  using actor = owner_actor<query, command>;
  using self_pointer = typename actor::template stateful_pointer<owner_shell>;

  static constexpr auto name = Core::name;

  /// Ids of waiting reads that their askers did not number.
  static constexpr std::uint64_t own_ids = std::uint64_t{1} << 63U;

  /// In mutant F10: a `min_index` of a read that was evaluated already.
  static constexpr log_index marked = log_index{1} << 63U;

  explicit owner_shell(self_pointer self) : self_{self} {}

  /// `core` holds the checkpoint of `index`.
  typename actor::behavior_type make_behavior(std::shared_ptr<Core> core,
                                              log_index index,
                                              permit_source_actor permits) {
    core_ = std::move(core);
    permits_ = std::move(permits);
    gate_.set_applied(index);
    return {
      [this](read<query>& msg) { on_read(msg); },
      [this](read_many<query>& msg) { on_read_many(msg); },
      [this](const forget_watch& msg) { live_.forget(msg.watch_id); },
      [this](apply<command>& msg) { return on_apply(msg); },
      [this](const hold_reads& msg) { return on_hold(msg); },
      [this](prepare<command>& msg) { return on_prepare(msg); },
      [this](const decide& msg) { return on_decide(msg); },
      [this](const take_checkpoint& msg) { return on_checkpoint(msg); },
      [this](const install_rows& msg) { return on_install(msg); },
      [this](const leader_known& msg) { leader_ = msg; },
      [this](const permit_arrived& msg) { on_permit(msg); },
      [this](settle_watches) { on_settle(); },
      [this](caf::tick_atom) { on_tick(); },
    };
  }

private:
  /// What answering a read takes.
  struct waiter {
    read_options options;
    reply<read_answer> to;
  };

  // -- message handlers -------------------------------------------------------

  void on_read(read<query>& msg) {
    const auto mode = msg.options.mode;
    const auto slow = mode == consistency::leader_default
                      && buggify("owner.confirm_although_leased");
    if (gate_.open(mode, now()) && !slow)
      return serve(msg);
    const auto to = msg.to;
    if (buggify("owner.overloaded") || !gate_.park(mode, std::move(msg)))
      return to.complete(error{errc::overloaded, "too many reads wait"});
    ask();
  }

  void on_read_many(read_many<query>& msg) {
    for (auto& x : msg.reads)
      on_read(x);
  }

  applied on_apply(apply<command>& msg) {
    applied out;
    out.results.reserve(msg.commands.size());
    for (auto& x : msg.commands)
      out.results.push_back(
        core_->apply(x.index, time_of(x.ts), std::move(x.command)));
    return moved_on(std::move(out), msg.upto, true);
  }

  held on_hold(const hold_reads& msg) {
    gate_.hold(msg.index);
    return {msg.index};
  }

  prepared on_prepare(prepare<command>& msg) {
    auto& x = msg.command;
    gate_.hold(x.index);
    return {core_->prepare(x.index, time_of(x.ts), std::move(x.command))};
  }

  applied on_decide(const decide& msg) {
    if (msg.commit)
      core_->commit();
    else
      core_->abort();
    return moved_on({}, msg.index, !msg.more);
  }

  checkpoint_rows on_checkpoint(const take_checkpoint& msg) {
    PRAETOR_ASSERT(gate_.applied() == msg.index);
    return {msg.index, core_->take_changed_rows()};
  }

  /// The old tables serve until the new ones are complete.
  installed on_install(const install_rows& msg) {
    auto fresh = load_core<Core>(*msg.rows);
    if (!fresh)
      return {fresh.error(), 0};
    core_ = std::move(*fresh);
    live_.touch_all();
    gate_.set_applied(msg.index);
    serve_ready();
    installed out;
    if constexpr (requires { core_->session_count(); })
      out.session_count = core_->session_count();
    return out;
  }

  void on_permit(const permit_arrived& msg) {
    if (msg.permit) {
      gate_.permit(msg.permit->index, msg.permit->lease_until);
      return serve_ready();
    }
    for (auto& x : gate_.refuse())
      x.to.complete(msg.permit.error());
    ask();
  }

  void on_settle() {
    if (buggify("owner.settle_later"))
      return self_->send(self_, settle_watches{});
    settling_ = false;
    if (gate_.held())
      return; // what ends the hold asks again
    live_.settle([this](const query& q) { return evaluate(q); },
                 [](const waiter& w, const answer& x) {
                   return x.index > w.options.min_index;
                 },
                 [this](const waiter& w, const answer& x) {
                   sometimes("owner.watch_woken_by_delete", !x.found);
                   watches_woken.add();
                   give(w.to, x);
                 });
  }

  void on_tick() {
    if (!timer_.ring(now()) || gate_.held())
      return; // what ends a hold asks again
    live_.expire(now(), [this](const query& q, const waiter& w) {
      give(w.to, current(q));
    });
    schedule_tick();
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  /// F03: every server goes by its own clock.
  cluster_time time_of(cluster_time ts) const {
    return mutant("F03") ? now().time_since_epoch().count() / 1'000'000 : ts;
  }

  /// Ends every step that may have changed the tables.
  applied moved_on(applied out, log_index upto, bool done) {
    out.upto = upto;
    out.losses = core_->take_losses();
    if constexpr (requires { core_->session_count(); })
      out.session_count = core_->session_count();
    live_.touch(core_->take_touched());
    if (buggify("owner.forget_answers"))
      live_.touch_all();
    if (buggify("owner.settle_without_need"))
      self_->send(self_, settle_watches{});
    if (done)
      gate_.set_applied(upto);
    serve_ready();
    return out;
  }

  /// The tables may have moved, or may be seen again: those who wait for
  /// either get their answers.
  void serve_ready() {
    if (!gate_.held()) {
      if (live_.dirty() && !std::exchange(settling_, true))
        self_->send(self_, settle_watches{});
      schedule_tick();
    }
    for (auto& x : gate_.take_ready(now()))
      serve(x);
    ask();
  }

  /// Asks Raft for a permit, if reads wait for one and none is under way.
  void ask() {
    const auto use_lease = gate_.next_question();
    if (!use_lease)
      return;
    const auto me = caf::actor_cast<caf::actor>(self_);
    self_->send(permits_,
                raft::confirm_read{
                  *use_lease && !buggify("owner.full_round_of_reads"),
                  reply<raft::read_permit>{[me](result<raft::read_permit> x) {
                    caf::anon_send(me, permit_arrived{std::move(x)});
                  }}});
  }

  /// Answers, or waits for the answer to move.
  void serve(read<query>& msg) {
    auto& options = msg.options;
    if (mutant("F10") && (options.min_index & marked) != 0) {
      options.min_index &= ~marked;
      return enlist(msg);
    }
    auto x = current(msg.query);
    if (options.min_index == 0 || x.index > options.min_index
        || options.wait <= duration{0})
      return give(msg.to, std::move(x));
    if (mutant("F10")) { // what changes before it is enlisted is missed
      options.min_index |= marked;
      return self_->delayed_send(self_, std::chrono::milliseconds{200},
                                 std::move(msg));
    }
    enlist(msg);
  }

  void enlist(read<query>& msg) {
    auto& options = msg.options;
    if (options.watch_id == 0)
      options.watch_id = next_own_id_++;
    live_.wait(msg.query, core_->topics(msg.query), options.watch_id,
               now() + options.wait, waiter{options, std::move(msg.to)});
    schedule_tick();
  }

  answer evaluate(const query& q) {
    query_evaluations.add();
    return core_->evaluate(q);
  }

  /// Returns the answer as of now, kept or evaluated.
  answer current(const query& q) {
    // What is not there may get a higher index without a topic that moves.
    auto kept = live_.find(q);
    if (kept && kept->found && !buggify("owner.evaluate_anew"))
      return std::move(*kept);
    auto x = evaluate(q);
    // An answer that was given replaces the kept one, whose index may be lower.
    if (x.found
        && (kept || (Core::cacheable(q) && !buggify("owner.keep_nothing"))))
      live_.keep(q, core_->topics(q), x);
    return x;
  }

  void give(const reply<read_answer>& to, answer x) const {
    to.complete(read_answer{std::move(x), leader_.known, duration{0}});
  }

  /// Makes sure that a tick arrives at the next deadline.
  void schedule_tick() {
    if (const auto deadline = live_.next_deadline())
      timer_.set(self_, *deadline);
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  /// Nobody else holds it; shared only because CAF copies spawn arguments.
  std::shared_ptr<Core> core_;
  permit_source_actor permits_;
  read_gate<read<query>> gate_;
  live_queries<query, waiter> live_;
  leader_known leader_;
  bool settling_ = false;
  std::uint64_t next_own_id_ = own_ids;

  tick_timer timer_;
};

} // namespace praetor::owner
