#include "actors/founder/founder_actor.hpp"

#include "actors/spawn.hpp"
#include "actors/tick_timer.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/log.hpp"

#include <caf/send.hpp>

#include <memory>
#include <utility>

namespace praetor::founder {

namespace {

constexpr auto module_name = "agent.server";

/// Where the local database keeps the promise.
constexpr auto table = "founding";
constexpr auto row_key = "promise";

class founder_state {
public:
  static constexpr auto name = "founder";

  using self_pointer = founder_actor::stateful_pointer<founder_state>;

  explicit founder_state(self_pointer self) : self_{self} {}

  founder_actor::behavior_type make_behavior(std::shared_ptr<options> opts) {
    opts_ = std::move(*opts);
    promise_ = opts_.kept;
    core_.emplace(opts_.self, opts_.cluster_id, opts_.kept, rng{opts_.seed});
    return {
      [this](servers_seen& msg) {
        perform(core_->saw(std::move(msg.servers), now()));
      },
      [this](const ask_promise& msg) { on_ask(msg); },
      [this](const promise_stored& msg) { on_stored(msg); },
      [this](const promise_answered& msg) { on_answer(msg); },
      [this](const cluster_stored& msg) { on_cluster(msg); },
      [this](caf::tick_atom) {
        if (timer_.ring(now()))
          perform(core_->tick(now()));
      },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  /// Nobody hears of a promise that is not durable.
  void on_ask(const ask_promise& msg) {
    auto [answer, out] = core_->asked(msg.content);
    if (answer != promise_answer::promised || !(out.keep || storing_))
      msg.to.complete(answer);
    else if (waiting_.size() < raft::members_max)
      waiting_.push_back(msg.to);
    else
      msg.to.complete(error{errc::overloaded, "too many ask for a promise"});
    perform(std::move(out));
  }

  void on_stored(const promise_stored& msg) {
    storing_ = false;
    for (const auto& to : std::exchange(waiting_, {}))
      to.complete(msg.outcome ? result<promise_answer>{promise_answer::promised}
                              : result<promise_answer>{msg.outcome.error()});
    if (msg.outcome)
      perform(core_->stored(now()));
  }

  void on_answer(const promise_answered& msg) {
    if (msg.answer) // who cannot be reached is asked again
      perform(core_->answered(msg.from, *msg.answer));
  }

  void on_cluster(const cluster_stored& msg) {
    if (!msg.outcome)
      return; // the disk failed, which stops the node
    self_->send(opts_.raft, raft::join_cluster{msg.content.cluster_id,
                                               msg.content.founders});
    opts_.on_settled(msg.content.cluster_id);
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  void perform(effects out) {
    if (!out.remark.empty() && out.remark != remark_)
      log::info(module_name, remark_ = out.remark);
    if (out.keep)
      keep(*out.keep);
    for (const auto& id : out.asks)
      ask(id);
    if (out.settled)
      settle(std::move(*out.settled));
    schedule_tick(out.next_timer);
  }

  void keep(const promise& x) {
    storing_ = true;
    promise_ = x;
    const auto me = caf::actor_cast<founder_actor>(self_);
    self_->send(opts_.local,
                disk::write_local{{row{table, row_key, encode(x)}},
                                  reply<std::monostate>{[me](status done) {
                                    caf::anon_send(
                                      me, promise_stored{std::move(done)});
                                  }}});
  }

  void ask(const peer_id& id) {
    const auto me = caf::actor_cast<founder_actor>(self_);
    const reply<promise_answer> to{[me, id](result<promise_answer> x) {
      caf::anon_send(me, promise_answered{id, std::move(x)});
    }};
    if (id == opts_.self)
      to.complete(promise_answer::promised);
    else
      opts_.ask(id, *promise_, to);
  }

  void settle(settlement x) {
    log::info(module_name, "this server belongs to a cluster",
              {{"cluster", x.cluster_id}});
    const auto me = caf::actor_cast<founder_actor>(self_);
    const log_identity identity{x.cluster_id, opts_.self};
    self_->send(opts_.log,
                disk::write_identity{
                  identity, reply<std::monostate>{[me, x](status done) {
                    caf::anon_send(me, cluster_stored{x, std::move(done)});
                  }}});
  }

  void schedule_tick(std::optional<time_point> at) {
    if (at)
      timer_.set(self_, *at);
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  options opts_;
  std::optional<founder_core> core_;
  std::optional<promise> promise_;

  /// The promise is on its way to the disk, and these wait for it.
  bool storing_ = false;
  std::vector<reply<promise_answer>> waiting_;

  /// What was logged last.
  std::string remark_;

  tick_timer timer_;
};

} // namespace

founder_actor spawn_founder(caf::actor_system& sys, options opts) {
  return spawn_state<founder_state>(sys,
                                    std::make_shared<options>(std::move(opts)));
}

result<std::optional<promise>> kept_promise(const std::vector<row>& rows) {
  for (const auto& x : rows)
    if (x.table == table && x.value) {
      auto kept = decode<promise>(*x.value);
      if (!kept)
        return error{errc::corruption,
                     "the promise to found a cluster does not decode"};
      return std::optional{*std::move(kept)};
    }
  return std::optional<promise>{};
}

} // namespace praetor::founder
