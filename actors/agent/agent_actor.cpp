#include "actors/agent/agent_actor.hpp"

#include "actors/agent/core/catalog_sync.hpp"
#include "actors/agent/core/push_rounds.hpp"
#include "actors/agent/core/remote_aliases.hpp"
#include "actors/agent/core/wait_list.hpp"
#include "actors/spawn.hpp"
#include "runtime/base/log.hpp"

#include <chrono>
#include <memory>
#include <utility>

namespace praetor::agent {

namespace {

constexpr auto module_name = "agent";

/// Source: Consul, checkReapInterval.
constexpr duration reap_interval = std::chrono::seconds{30};

std::int64_t system_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

/// Keeps the earlier of two times.
void earlier(std::optional<time_point>& a, std::optional<time_point> b) {
  if (b && (!a || *b < *a))
    a = b;
}

void log_push(const push& what, const push_answered& outcome) {
  if (!outcome.success)
    return log::warn(module_name, "Catalog refused an update",
                     {{"id", what.id}, {"error", outcome.text}});
  switch (what.what) {
    case push::kind::node: return log::info(module_name, "Synced node info");
    case push::kind::drop_service:
      return log::info(module_name, "Deregistered service",
                       {{"service", what.id}});
    case push::kind::drop_check:
      return log::info(module_name, "Deregistered check", {{"check", what.id}});
    case push::kind::service:
      return log::info(module_name, "Synced service", {{"service", what.id}});
    case push::kind::check:
      return log::info(module_name, "Synced check", {{"check", what.id}});
  }
}

/// The core decides; this class reads the clocks, sends, and keeps the time.
class agent_state {
public:
  static constexpr auto name = "agent";

  using self_pointer = agent_actor::stateful_pointer<agent_state>;

  explicit agent_state(self_pointer self) : self_{self} {}

  agent_actor::behavior_type
  make_behavior(std::shared_ptr<agent_options> options,
                std::shared_ptr<local_state> state, agent_peers peers) {
    init(std::move(*options), std::move(*state), std::move(peers));
    return {
      [this](const register_service& msg) { on_register_service(msg); },
      [this](const deregister_service& msg) { on_deregister_service(msg); },
      [this](const register_check& msg) { on_register_check(msg); },
      [this](const deregister_check& msg) { on_deregister_check(msg); },
      [this](const update_ttl& msg) { on_update_ttl(msg); },
      [this](const maintain_service& msg) { on_maintain_service(msg); },
      [this](const maintain_node& msg) { on_maintain_node(msg); },
      [this](const load_definitions& msg) { on_load_definitions(msg); },
      [this](const get_services& msg) { on_get_services(msg); },
      [this](const get_checks& msg) { on_get_checks(msg); },
      [this](const get_service& msg) { on_get_service(msg); },
      [this](const get_service_health& msg) { on_get_health(msg); },
      [this](const get_counts& msg) { on_get_counts(msg); },
      [this](const get_members& msg) { on_get_members(msg); },
      [this](const fire_event& msg) { on_fire_event(msg); },
      [this](const list_events& msg) { on_list_events(msg); },
      [this](const forget_watch& msg) { on_forget_watch(msg); },
      [this](const gossip::members_changed& msg) { on_members(msg); },
      [this](const gossip::event_received& msg) { on_event(msg); },
      [this](const health::check_result& msg) { on_check_result(msg); },
      [this](const rows_stored& msg) { on_rows_stored(msg); },
      [this](const push_answered& msg) { on_push_answered(msg); },
      [this](const snapshot_read& msg) { on_snapshot_read(msg); },
      [this](const wake_up& msg) { on_wake_up(msg); },
    };
  }

private:
  void init(agent_options options, local_state state, agent_peers peers) {
    options_ = std::move(options);
    options_.stored.clear();
    peers_ = std::move(peers);
    state_ = std::move(state);
    sync_ = std::make_unique<catalog_sync>(state_, options_.node);
    rounds_ = std::make_unique<push_rounds>(*sync_);
    random_ = rng{options_.seed};
    clock_ = sync_clock{options_.intervals};
    settle();
  }

  // -- message handlers: changes ----------------------------------------------

  void on_register_service(const register_service& msg) {
    changed(state_.register_service(msg, both_clocks()), msg.to);
  }

  void on_deregister_service(const deregister_service& msg) {
    state_.deregister_service(msg.id);
    changed(ok, msg.to);
  }

  void on_register_check(const register_check& msg) {
    changed(state_.register_check(msg, both_clocks()), msg.to);
  }

  void on_deregister_check(const deregister_check& msg) {
    state_.deregister_check(msg.id);
    changed(ok, msg.to);
  }

  void on_update_ttl(const update_ttl& msg) {
    changed(
      state_.update_ttl(msg.id, msg.status, msg.output, both_clocks(), random_),
      msg.to);
  }

  void on_maintain_service(const maintain_service& msg) {
    changed(
      state_.maintain_service(msg.id, msg.enable, msg.reason, both_clocks()),
      msg.to);
  }

  void on_maintain_node(const maintain_node& msg) {
    state_.maintain_node(msg.enable, msg.reason, both_clocks());
    changed(ok, msg.to);
  }

  void on_load_definitions(const load_definitions& msg) {
    const auto outcome = state_.load_definitions(msg, both_clocks());
    if (outcome)
      clock_.set_defined();
    changed(outcome, msg.to, false);
  }

  void on_check_result(const health::check_result& msg) {
    state_.record_result(msg.id, msg.status, msg.output, now(), random_);
    settle();
  }

  // -- message handlers: questions --------------------------------------------

  void on_get_services(const get_services& msg) {
    msg.to.complete(share(encode_services(state_.services())));
  }

  void on_get_checks(const get_checks& msg) {
    msg.to.complete(share(encode_checks(state_.checks())));
  }

  void on_get_service(const get_service& msg) {
    if (msg.hash.empty() || !service_stays(msg))
      return answer(msg);
    const auto span = wait_span(msg.wait, std::chrono::minutes{5});
    if (!service_waits_.add(msg, now() + span + part(span / 16)))
      return msg.to.complete(too_many_waits());
    set_timer();
  }

  void on_get_health(const get_service_health& msg) {
    msg.to.complete(msg.by_name ? health_by_name(state_, msg.name_or_id)
                                : health_by_id(state_, msg.name_or_id));
  }

  void on_get_counts(const get_counts& msg) { msg.to.complete(count(state_)); }

  void on_get_members(const get_members& msg) {
    const auto& known = msg.wan ? wan_members_ : lan_members_;
    if (known)
      msg.to.complete(share(encode_members(*known)));
    else if (!msg.wan)
      msg.to.complete(share(encode_members(options_.lan)));
    else if (options_.wan)
      msg.to.complete(share(encode_members(*options_.wan)));
    else
      msg.to.complete(share("[]"));
  }

  // -- message handlers: events -----------------------------------------------

  void on_fire_event(const fire_event& msg) {
    auto event = events_.make(msg, options_.search, random_);
    if (!event)
      return msg.to.complete(event.error());
    auto body = share(encode_event(*event));
    if (peers_.gossip)
      return spread(*event, std::move(body), msg.to);
    msg.to.complete(std::move(body));
    receive(std::move(*event));
  }

  void on_event(const gossip::event_received& msg) {
    auto event = decode_from_pool(msg);
    if (event)
      receive(std::move(*event));
  }

  void on_list_events(const list_events& msg) {
    if (msg.index == 0 || events_.index(msg.name) != msg.index)
      return msg.to.complete(events_.list(msg.name));
    if (!event_waits_.add(msg, now() + wait_span(msg.wait, wait_max)))
      return msg.to.complete(too_many_waits());
    set_timer();
  }

  void on_forget_watch(const forget_watch& msg) {
    service_waits_.forget(msg.watch_id);
    event_waits_.forget(msg.watch_id);
  }

  void on_members(const gossip::members_changed& msg) {
    auto& known =
      msg.pool == gossip::pool_kind::lan ? lan_members_ : wan_members_;
    known = msg.members;
  }

  // -- message handlers: internal ---------------------------------------------

  void on_rows_stored(const rows_stored& msg) {
    rounds_->stored(msg.ticket, msg.outcome);
  }

  void on_push_answered(const push_answered& msg) {
    const auto what = rounds_->answered(msg.round, msg.position, msg.success);
    if (what)
      log_push(*what, msg);
    settle();
  }

  void on_snapshot_read(const snapshot_read& msg) {
    catalog::node_snapshot snapshot;
    auto failure = msg.failure;
    if (failure.empty()) {
      decoder get{*msg.body};
      if (!get(snapshot) || !get.rest().empty())
        failure = "the catalog's answer does not decode";
    }
    if (msg.alias.empty())
      on_full_sync(msg, snapshot, failure);
    else
      on_remote_alias(msg, snapshot, failure);
    settle();
  }

  void on_wake_up(const wake_up& msg) {
    if (msg.generation != timer_generation_)
      return;
    timer_at_.reset();
    const auto at = now();
    rounds_->tick(at);
    reap(at);
    state_.tick(at, random_);
    if (clock_.is_overdue(at))
      full_sync_failed("no answer");
    if (clock_.is_due(at))
      read_snapshot(options_.node.name, "", clock_.start(at), 0);
    settle();
  }

  // -- changes ----------------------------------------------------------------

  /// Every change ends here: the rows go to disk, the rest to the catalog, and
  /// the client waits for both.
  void changed(const status& outcome, const reply<std::monostate>& to,
               bool until_pushed = true) {
    if (!outcome)
      return to.complete(outcome);
    state_.tick(now(), random_);
    auto todo = state_.take_effects();
    const auto ticket =
      rounds_->expect(to, until_pushed && clock_.is_defined());
    // A catalog that could not be compared with may be back: ask it now.
    if (!clock_.has_compared())
      clock_.hurry(now());
    forward(todo);
    store(ticket, std::move(todo.rows));
    settle();
  }

  void store(std::uint64_t ticket, std::vector<row> rows) {
    if (rows.empty())
      return rounds_->stored(ticket, ok);
    auto me = caf::actor_cast<agent_actor>(self_);
    self_->send(
      peers_.storage,
      disk::write_local{std::move(rows),
                        reply<std::monostate>{[me, ticket](const status& x) {
                          caf::anon_send(me, rows_stored{ticket, x});
                        }}});
  }

  void forward(const effects& todo) {
    for (const auto& x : todo.health)
      std::visit([this](const auto& msg) { self_->send(peers_.health, msg); },
                 x);
  }

  /// Does what is left after any event: effects, pushes, answers, the timer.
  void settle() {
    auto todo = state_.take_effects();
    forward(todo);
    if (!todo.rows.empty())
      store(0, std::move(todo.rows));
    push_changes();
    if (rounds_->take_failure())
      clock_.push_failed(now(), random_);
    for (const auto& x : aliases_.poll(state_, now()))
      read_snapshot(x.node, x.check, x.generation, x.index);
    answer_services();
    answer_events();
    set_timer();
  }

  void reap(time_point at) {
    if (!reap_due_ || *reap_due_ > at)
      return;
    reap_due_.reset();
    for (const auto& id : state_.reap_critical(at))
      log::info(module_name,
                "Check for service has been critical for too long; "
                "deregistered service",
                {{"service", id}});
  }

  // -- events -----------------------------------------------------------------

  /// This node gets it from gossip, like all others, before the client hears.
  void spread(const user_event& event, shared_text body,
              const reply<shared_text>& to) {
    self_->send(
      peers_.gossip,
      gossip::fire_event{std::string{pool_event_prefix} + event.name,
                         encode_for_pool(event),
                         reply<std::monostate>{
                           [body = std::move(body), to](const status& outcome) {
                             if (outcome)
                               to.complete(body);
                             else
                               to.complete(outcome.error());
                           }}});
  }

  void receive(user_event event) {
    events_.receive(std::move(event), state_, options_.search);
    answer_events();
  }

  // -- the catalog ------------------------------------------------------------

  void push_changes() {
    if (!clock_.has_compared())
      return;
    const auto commands = rounds_->start(now() + options_.intervals.patience);
    auto me = caf::actor_cast<agent_actor>(self_);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      auto answer_us = [me, round = rounds_->round(),
                        i](const result<command_result>& x) {
        const auto good = x && x->code == errc{};
        caf::anon_send(me, push_answered{round, i, good,
                                         good ? std::string{}
                                         : x  ? x->body
                                              : x.error().context});
      };
      self_->send(peers_.router,
                  router::submit{state::command{commands[i].command},
                                 reply<command_result>{answer_us}});
    }
  }

  void read_snapshot(const std::string& node, const std::string& alias,
                     std::uint64_t generation, log_index min_index) {
    catalog::read question;
    question.query.kind = catalog::query_kind::node_snapshot;
    question.query.name = node;
    question.options.min_index = min_index;
    question.options.wait =
      min_index == 0 ? duration::zero() : remote_aliases::wait;
    auto me = caf::actor_cast<agent_actor>(self_);
    question.to = reply<owner::read_answer>{
      [me, alias, generation](const result<owner::read_answer>& x) {
        snapshot_read out{alias, generation, 0, {}, {}};
        if (!x) {
          out.failure = x.error().context;
        } else {
          out.index = x->data.index;
          out.body = x->data.body ? x->data.body : share("");
        }
        caf::anon_send(me, std::move(out));
      }};
    self_->send(peers_.catalog, std::move(question));
  }

  void on_full_sync(const snapshot_read& msg,
                    const catalog::node_snapshot& snapshot,
                    const std::string& failure) {
    if (!clock_.waits_for(msg.generation))
      return;
    if (!failure.empty())
      return full_sync_failed(failure);
    clock_.succeeded(now(), random_);
    const auto found = sync_->reconcile(snapshot);
    if (found.missing + found.surplus > 0)
      log::debug(module_name, "Catalog differs from local state",
                 {{"missing", std::to_string(found.missing)},
                  {"surplus", std::to_string(found.surplus)}});
  }

  void full_sync_failed(const std::string& why) {
    log::warn(module_name, "Full sync failed", {{"error", why}});
    clock_.failed(now(), random_);
    if (!clock_.has_compared())
      rounds_->release();
  }

  void on_remote_alias(const snapshot_read& msg,
                       const catalog::node_snapshot& snapshot,
                       const std::string& failure) {
    auto verdict = aliases_.answered(state_, msg.alias, msg.generation,
                                     msg.index, snapshot, failure, now());
    if (verdict)
      state_.record_result(msg.alias, verdict->status,
                           std::move(verdict->output), now(), random_);
  }

  // -- waiting questions ------------------------------------------------------

  static error too_many_waits() {
    return {errc::overloaded, "too many waiting requests"};
  }

  bool service_stays(const get_service& x) const {
    const auto i = state_.services().find(x.id);
    return i != state_.services().end()
           && content_hash(i->second.row) == x.hash;
  }

  void answer(const get_service& x) {
    const auto i = state_.services().find(x.id);
    if (i == state_.services().end())
      return x.to.complete(
        error{errc::not_found, "unknown service ID: " + x.id});
    auto hash = content_hash(i->second.row);
    auto body = share(encode_service(i->second.row, hash));
    x.to.complete(get_service::found{std::move(body), std::move(hash)});
  }

  void answer_services() {
    const auto ready = [this](const get_service& x) {
      return !service_stays(x);
    };
    for (const auto& x : service_waits_.take(now(), ready))
      answer(x);
  }

  void answer_events() {
    const auto ready = [this](const list_events& x) {
      return events_.index(x.name) != x.index;
    };
    for (const auto& x : event_waits_.take(now(), ready))
      x.to.complete(events_.list(x.name));
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  moment both_clocks() const {
    return {now(),
            options_.wall_clock ? options_.wall_clock() : system_clock_ms()};
  }

  /// A random part of `span`.
  duration part(duration span) {
    const auto limit = static_cast<std::uint64_t>(span.count());
    return duration{static_cast<std::int64_t>(random_.below(limit))};
  }

  std::optional<time_point> next_deadline() const {
    auto out = rounds_->guard();
    earlier(out, clock_.next_deadline());
    earlier(out, aliases_.next_deadline());
    earlier(out, reap_due_);
    earlier(out, state_.next_output_due());
    earlier(out, service_waits_.next_deadline());
    earlier(out, event_waits_.next_deadline());
    return out;
  }

  /// Makes sure that a wake-up arrives at the next deadline.
  void set_timer() {
    if (!reap_due_ && state_.may_reap())
      reap_due_ = now() + reap_interval;
    const auto deadline = next_deadline();
    if (!deadline || (timer_at_ && *timer_at_ <= *deadline))
      return;
    timer_at_ = deadline;
    self_->scheduled_send(self_, *deadline, wake_up{++timer_generation_});
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  agent_options options_;
  agent_peers peers_;
  rng random_{0};
  local_state state_{local_options{}};
  std::unique_ptr<catalog_sync> sync_;
  std::unique_ptr<push_rounds> rounds_;
  sync_clock clock_{sync_intervals{}};
  remote_aliases aliases_;
  event_ring events_;
  /// Null until gossip has told.
  gossip::member_list lan_members_;
  gossip::member_list wan_members_;
  wait_list<get_service> service_waits_;
  wait_list<list_events> event_waits_;

  /// Set while a check could get its service deregistered.
  std::optional<time_point> reap_due_;

  /// When the timer under way fires; an older one is recognized by its
  /// generation.
  std::optional<time_point> timer_at_;
  std::uint64_t timer_generation_ = 0;
};

} // namespace

result<agent_actor> spawn_agent(caf::actor_system& sys, agent_options options,
                                agent_peers peers) {
  auto state = std::make_shared<local_state>(options.local);
  const auto wall_ms =
    options.wall_clock ? options.wall_clock() : system_clock_ms();
  if (auto good = state->load(options.stored, {{}, wall_ms}); !good)
    return good.error();
  return spawn_state<agent_state>(
    sys, std::make_shared<agent_options>(std::move(options)), std::move(state),
    std::move(peers));
}

} // namespace praetor::agent
