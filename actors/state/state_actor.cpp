#include "actors/state/state_actor.hpp"

#include "actors/spawn.hpp"
#include "actors/state/core/pipeline.hpp"
#include "runtime/base/log.hpp"

#include <caf/send.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace praetor::state {

namespace {

/// All decisions are in `pipeline`. This class turns them into messages.
class state_of_state : public outlet {
public:
  static constexpr auto name = "state";

  using self_pointer = state_actor::stateful_pointer<state_of_state>;

  explicit state_of_state(self_pointer self) : self_{self} {}

  state_actor::behavior_type
  make_behavior(std::shared_ptr<options> opts,
                std::shared_ptr<origin_windows> windows) {
    opts_ = std::move(*opts);
    pipeline_.emplace(*this, opts_.mark, std::move(*windows), opts_.policy);
    return {
      [this](raft::committed& msg) { on_committed(msg); },
      [this](owner::applied& msg) { on_applied(msg); },
      [this](owner::held) { pipeline_->kv_held(); },
      [this](owner::prepared& msg) { on_prepared(msg); },
      [this](owner::checkpoint_rows& msg) {
        pipeline_->rows_from_owner(std::move(msg.rows));
      },
      [this](checkpoint_durable& msg) { on_durable(msg); },
    };
  }

  // -- outlet
  // -------------------------------------------------------------------

  void apply_kv(kv::apply x) override { self_->send(opts_.kv, std::move(x)); }

  void apply_catalog(catalog::apply x) override {
    self_->send(opts_.catalog, std::move(x));
  }

  void hold_kv(log_index index) override {
    self_->send(opts_.kv, owner::hold_reads{index});
  }

  void prepare_kv(kv::prepare x) override {
    self_->send(opts_.kv, std::move(x));
  }

  void prepare_catalog(catalog::prepare x) override {
    self_->send(opts_.catalog, std::move(x));
  }

  void decide_kv(owner::decide x) override { self_->send(opts_.kv, x); }

  void decide_catalog(owner::decide x) override {
    self_->send(opts_.catalog, x);
  }

  void take_checkpoint(log_index index) override {
    self_->send(opts_.kv, owner::take_checkpoint{index});
    self_->send(opts_.catalog, owner::take_checkpoint{index});
  }

  void write_checkpoint(checkpoint_mark mark, std::vector<row> rows) override {
    const auto me = caf::actor_cast<caf::actor>(self_);
    // A failed write never answers: it stops the node.
    self_->send(opts_.storage,
                disk::write_checkpoint{
                  mark, std::move(rows),
                  reply<std::monostate>{[me, mark](const status& done) {
                    if (done)
                      caf::anon_send(me, checkpoint_durable{mark});
                  }}});
  }

  void published(log_index index) override {
    self_->send(opts_.raft, raft::applied_upto{index});
  }

  void fatal(std::string why) override { opts_.on_fatal(std::move(why)); }

private:
  // -- message handlers
  // -----------------------------------------------------------

  void on_committed(raft::committed& msg) {
    std::vector<committed_command> entries;
    entries.reserve(msg.entries.size());
    for (auto& x : msg.entries)
      entries.push_back({std::move(x.entry), std::move(x.to)});
    pipeline_->commit(std::move(entries));
  }

  void on_applied(owner::applied& msg) {
    if (from_kv())
      pipeline_->kv_applied(std::move(msg));
    else
      pipeline_->catalog_applied(std::move(msg));
  }

  void on_prepared(owner::prepared& msg) {
    if (from_kv())
      pipeline_->kv_prepared(std::move(msg.result));
    else
      pipeline_->catalog_prepared(std::move(msg.result));
  }

  void on_durable(checkpoint_durable& msg) {
    log::debug("agent.server.state", "checkpoint written",
               {{"index", std::to_string(msg.mark.index)}});
    self_->send(opts_.raft, raft::checkpointed{std::move(msg.mark)});
    pipeline_->checkpoint_written();
  }

  // -- effects
  // ----------------------------------------------------------------------

  bool from_kv() const {
    return self_->current_sender()
           == caf::actor_cast<caf::actor_addr>(opts_.kv);
  }

  // -- member variables
  // -------------------------------------------------------------

  self_pointer self_;
  options opts_;
  std::optional<pipeline> pipeline_;
};

} // namespace

result<state_actor> spawn_state_actor(caf::actor_system& sys, options opts) {
  auto windows = std::make_shared<origin_windows>();
  for (const auto& x : opts.rows)
    if (x.table == "origin")
      if (auto loaded = windows->load(x); !loaded)
        return error{errc::corruption,
                     "state database: " + loaded.error().context};
  opts.rows.clear();
  return spawn_state<state_of_state>(
    sys, std::make_shared<options>(std::move(opts)), std::move(windows));
}

} // namespace praetor::state
