#include "actors/state/state_actor.hpp"

#include "actors/spawn.hpp"
#include "actors/state/core/pipeline.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/mutant.hpp"

#include <caf/send.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace praetor::state {

namespace {

/// Errors: corruption.
status load_windows(const std::vector<row>& rows, origin_windows& into) {
  for (const auto& x : rows)
    if (x.table == "origin")
      if (auto loaded = into.load(x); !loaded)
        return error{errc::corruption,
                     "state database: " + loaded.error().context};
  return ok;
}

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
      [this](raft::install_state& msg) {
        pipeline_->install(msg.generation, std::move(msg.mark));
      },
      [this](state_fetched& msg) { on_fetched(msg); },
      [this](const owner::installed& msg) { on_installed(msg); },
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
    if (mutant("M26"))
      self_->send(opts_.raft, raft::checkpointed{mark});
    // A failed write never answers: it stops the node.
    self_->send(opts_.storage,
                disk::write_checkpoint{
                  mark, std::move(rows),
                  reply<std::monostate>{[me, mark](const status& done) {
                    if (done)
                      caf::anon_send(me, checkpoint_durable{mark});
                  }}});
  }

  void fetch_state(std::uint64_t generation) override {
    if (!opts_.tables)
      return outlet::fetch_state(generation);
    const auto me = caf::actor_cast<caf::actor>(self_);
    self_->send(opts_.tables,
                disk::use_state{
                  generation, reply<state_image>{[me](result<state_image> x) {
                    caf::anon_send(me, state_fetched{std::move(x)});
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

  void on_fetched(state_fetched& msg) {
    if (!msg.image)
      return fatal(msg.image.error().context);
    fetched_windows_ = origin_windows{opts_.origin_window};
    if (auto loaded = load_windows(msg.image->rows, fetched_windows_); !loaded)
      return fatal(loaded.error().context);
    owners_to_install_ = 2;
    const owner::install_rows order{
      msg.image->mark.index,
      std::make_shared<const std::vector<row>>(std::move(msg.image->rows))};
    self_->send(opts_.kv, order);
    self_->send(opts_.catalog, order);
  }

  void on_installed(const owner::installed& msg) {
    if (!msg.outcome)
      return fatal(msg.outcome.error().context);
    if (from_kv())
      fetched_sessions_ = msg.session_count;
    if (--owners_to_install_ == 0)
      pipeline_->installed(std::exchange(fetched_windows_, {}),
                           fetched_sessions_);
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

  // While tables of another server replace ours.
  origin_windows fetched_windows_;
  std::size_t fetched_sessions_ = 0;
  int owners_to_install_ = 0;
};

} // namespace

result<state_actor> spawn_state_actor(caf::actor_system& sys, options opts) {
  auto windows = std::make_shared<origin_windows>(opts.origin_window);
  if (auto loaded = load_windows(opts.rows, *windows); !loaded)
    return loaded.error();
  opts.rows.clear();
  return spawn_state<state_of_state>(
    sys, std::make_shared<options>(std::move(opts)), std::move(windows));
}

} // namespace praetor::state
