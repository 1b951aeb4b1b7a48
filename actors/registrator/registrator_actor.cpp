#include "actors/registrator/registrator_actor.hpp"

#include "actors/registrator/core/reconciler.hpp"
#include "actors/registrator/docker_engine.hpp"
#include "actors/spawn.hpp"
#include "runtime/base/log.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace praetor::registrator {

namespace {

using namespace std::chrono_literals;

constexpr auto reconnect_first = 100ms;
constexpr auto reconnect_most = 30s;
constexpr std::int64_t nanoseconds = 1'000'000'000; // in a second

void say(const std::string& line) {
  const auto has = [&line](const char* word) {
    return line.find(word) != line.npos;
  };
  const auto bad = has(" failed: ") || has("warning: ") || has("unreachable");
  log::write(bad ? log::level::warn : log::level::info, "registrator", line);
}

/// Decides nothing: the reconciler says what to do.
class registrator_state {
public:
  static constexpr auto name = "registrator";

  using self_pointer = registrator_actor::stateful_pointer<registrator_state>;

  explicit registrator_state(self_pointer self) : self_{self} {}

  registrator_actor::behavior_type
  make_behavior(registrator_options options,
                std::shared_ptr<http_client> engine,
                const backend_maker& registry) {
    options_ = std::move(options);
    // Weak: answers that come after the end must not keep it from ending.
    const executor post = [me = self_->address()](std::function<void()> f) {
      if (const auto to = caf::actor_cast<registrator_actor>(me))
        caf::anon_send(to, continue_with{std::move(f)});
    };
    engine_ = std::make_shared<docker_engine>(wire{std::move(engine), post});
    registry_ = registry(post);
    core_.emplace(options_.how, options_.hostname, view());
    host_.hostname = options_.hostname;
    connect();
    return {
      [this](const get_registrations& msg) { on_get(msg); },
      [this](const retire& msg) { on_retire(msg); },
      [this](const continue_with& msg) { on_continue(msg); },
      [this](const wake_up& msg) { on_wake_up(msg); },
    };
  }

private:
  registry_view view() {
    return {[this](const service& x) { return registry_->shown(x); },
            [this](const service& x) { return registry_->faults(x); }};
  }

  // -- message handlers -------------------------------------------------------

  void on_get(const get_registrations& msg) {
    get_registrations::found out;
    for (const auto& [id, x] : core_->wanted())
      out.services.push_back(id);
    out.containers = core_->containers();
    out.settled = core_->settled() && !comparing_;
    msg.to.complete(std::move(out));
  }

  void on_retire(const retire& msg) {
    retirement_ = msg.to;
    core_->retire();
    pump();
  }

  void on_continue(const continue_with& msg) {
    msg.what();
    pump();
  }

  void on_wake_up(const wake_up& msg) {
    if (msg.generation != generation_)
      return;
    timer_at_.reset();
    const auto take = [this](std::optional<time_point>& at) {
      const auto passed = at && *at <= now();
      if (passed)
        at.reset();
      return passed;
    };
    if (take(connect_at_))
      connect();
    if (take(watch_at_))
      watch();
    if (take(compare_at_))
      compare();
    if (take(refresh_at_))
      refresh();
    if (core_->probe_due(now()))
      look_at_registry();
    pump();
  }

  // -- start
  // --------------------------------------------------------------------

  void connect() {
    say("Connecting to backend (" + std::to_string(attempt_) + "/"
        + std::to_string(options_.retry_attempts) + ")");
    registry_->ping([this](const result<std::string>& x) {
      if (!x)
        return refused(x.error());
      if (!x->empty())
        say(*x);
      if (options_.how.ttl > 0)
        refresh_at_ = now() + std::chrono::seconds{options_.how.ttl_refresh};
      watch();
    });
  }

  void refused(const error& why) {
    if (options_.retry_attempts >= 0 && attempt_ >= options_.retry_attempts)
      return give_up(why.context);
    ++attempt_;
    connect_at_ = now() + options_.retry_interval;
  }

  void give_up(const std::string& why) {
    if (options_.on_fatal)
      options_.on_fatal(why);
  }

  // -- the engine
  // -----------------------------------------------------------------

  /// The stream comes first: what happens while containers are listed is in it.
  void watch() {
    say("Listening for Docker events ...");
    if (last_event_ == 0)
      last_event_ = options_.wall_clock();
    engine_->watch(
      last_event_ / nanoseconds,
      [this](const container_event& x) { on_event(x); },
      [this](const status& x) { stream_ended(x); });
    compare();
  }

  void stream_ended(const status& outcome) {
    const auto wait = reconnect_.fail(now());
    log::warn(
      "registrator",
      "Docker event stream ended: "
        + (outcome ? "EOF" : outcome.error().context) + "; connecting again in "
        + std::to_string(
          std::chrono::duration_cast<std::chrono::milliseconds>(wait).count())
        + " ms");
    watch_at_ = now() + wait;
  }

  void on_event(const container_event& x) {
    if (!synced_)
      return early_events_.push_back(x); // the list of containers comes first
    last_event_ = std::max(last_event_, x.time);
    if (x.action == "start") // an old one tells what the list told
      look(x.id, x.time < began_ ? look_cause::comparison : look_cause::start);
    else if (x.action == "die")
      look(x.id, look_cause::die);
    else if (x.action == "kill" && (x.signal == "15" || x.signal == "SIGTERM"))
      core_->leaving(x.id, now());
    else if (x.action == "rename" || x.action == "destroy"
             || x.action == "health_status")
      look(x.id, look_cause::comparison);
  }

  void look(const std::string& id, look_cause cause,
            std::function<void(bool)> after = nullptr) {
    const auto ticket = core_->take_ticket();
    engine_->inspect(
      id, [this, id, ticket, cause, after](const result<container>& x) {
        if (!x)
          return look_failed(id, ticket, x.error(), after);
        const auto owner = network_owner_of(*x);
        if (owner.empty() || !x->up)
          return took(ticket, {*x, {}}, cause, after);
        engine_->inspect(owner, [this, ticket, cause, after,
                                 self = *x](const result<container>& other) {
          took(ticket, {self, other ? *other : container{}}, cause, after);
        });
      });
  }

  void took(std::uint64_t ticket, const subject& x, look_cause cause,
            const std::function<void(bool)>& after) {
    core_->apply(ticket, x, host_, cause, now());
    if (after)
      after(true);
  }

  void look_failed(const std::string& id, std::uint64_t ticket,
                   const error& why, const std::function<void(bool)>& after) {
    const auto gone = why.code == errc::not_found;
    if (gone)
      core_->gone(ticket, id, now());
    else
      log::warn("registrator", "unable to inspect container: " + short_id(id)
                                 + " " + why.context);
    if (after)
      after(gone);
  }

  // -- comparison
  // -------------------------------------------------------------------

  /// Containers first, then the registry: what it has of a container that we
  /// have not seen yet must not be taken for a leftover.
  void compare() {
    compare_at_ = now() + options_.how.compare_every;
    compare_again_ = comparing_;
    if (std::exchange(comparing_, true))
      return;
    find_address();
    core_->report_again();
    const auto ticket = core_->take_ticket();
    const auto all = options_.how.deregister == deregister_mode::on_success;
    engine_->list(all,
                  [this, ticket](const result<std::vector<std::string>>& x) {
                    if (x)
                      listed(ticket, *x);
                    else
                      not_listed(x.error());
                  });
  }

  /// An interface that is away for a moment does not make addresses wrong.
  void find_address() {
    if (options_.forced_address) {
      auto found = options_.forced_address();
      if (!found.empty() || !host_.forced)
        host_.forced = std::move(found);
    } else if (options_.how.ip.empty() && options_.address) {
      host_.address = options_.address();
    }
  }

  void listed(std::uint64_t ticket, const std::vector<std::string>& ids) {
    reconnect_.succeed();
    if (!std::exchange(synced_, true)) {
      say("Syncing services on " + std::to_string(ids.size()) + " containers");
      began_ = options_.wall_clock();
    }
    core_->end_listing(ticket, {ids.begin(), ids.end()}, now());
    looks_ = ids.size();
    complete_ = true;
    for (const auto& id : ids)
      look(id, look_cause::comparison, [this](bool known) {
        complete_ = complete_ && known;
        if (--looks_ == 0)
          finish_comparison();
      });
    if (ids.empty())
      finish_comparison();
    for (const auto& x : std::exchange(early_events_, {}))
      on_event(x);
  }

  void not_listed(const error& why) {
    if (!synced_ && options_.engine_required)
      return give_up(why.context);
    log::warn("registrator",
              "error listing containers, skipping sync: " + why.context);
    complete_ = false;
    finish_comparison();
  }

  void finish_comparison() {
    comparing_ = false;
    look_at_registry();
    if (compare_again_)
      compare();
  }

  void look_at_registry() {
    if (core_->looking())
      return;
    core_->begin_look();
    registry_->list([this](const result<listing>& x) {
      if (!x)
        return core_->look_failed(x.error(), now());
      if (*x)
        return core_->registry_shows(**x, complete_);
      core_->registry_answers(resync_due());
    });
  }

  /// Registries that cannot say what they have are written anew.
  bool resync_due() {
    const auto every = options_.how.resync;
    if (every <= duration::zero() || now() < resync_at_)
      return false;
    resync_at_ = now() + every;
    return true;
  }

  void refresh() {
    refresh_at_ = now() + std::chrono::seconds{options_.how.ttl_refresh};
    core_->refresh();
  }

  // -- effects
  // ------------------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  /// Does what is due, says what there is to say, and sets the timer.
  void pump() {
    for (const auto& x : core_->due(now()))
      carry_out(x);
    for (const auto& line : core_->take_notes())
      say(line);
    if (core_->retired())
      retirement_.complete(ok);
    set_timer();
  }

  void carry_out(const operation& x) {
    const done f = [this, number = x.number](const status& outcome) {
      core_->finished(number, outcome, now());
    };
    switch (x.kind) {
      case operation_kind::add: return registry_->add(x.what, f);
      case operation_kind::remove: return registry_->remove(x.what, f);
      case operation_kind::refresh: return registry_->refresh(x.what, f);
      case operation_kind::report:
        return registry_->report(x.what, x.health, f);
    }
  }

  void set_timer() {
    auto next = core_->next_deadline();
    for (const auto& x : {connect_at_, watch_at_, compare_at_, refresh_at_})
      if (x)
        next = next ? std::min(*next, *x) : x;
    if (!next || (timer_at_ && *timer_at_ <= *next))
      return;
    timer_at_ = next;
    self_->scheduled_send(self_, *next, wake_up{++generation_});
  }

  // -- member variables
  // -----------------------------------------------------------------

  self_pointer self_;
  registrator_options options_;
  std::shared_ptr<docker_engine> engine_;
  std::unique_ptr<backend> registry_;
  std::optional<reconciler> core_;
  host_facts host_;

  /// Attempts to reach the registry at start that failed.
  std::int64_t attempt_ = 0;
  /// When the first list was there; nanoseconds since 1970.
  std::int64_t began_ = 0;
  /// From when on a new stream must tell events; likewise.
  std::int64_t last_event_ = 0;
  /// What came before the first list.
  std::vector<container_event> early_events_;
  backoff reconnect_{reconnect_first, reconnect_most};
  bool synced_ = false;
  bool comparing_ = false;
  /// The stream was opened anew while a comparison was under way.
  bool compare_again_ = false;
  /// Containers of the comparison that were not looked at yet.
  std::size_t looks_ = 0;
  /// Whether the last comparison saw all containers that run.
  bool complete_ = false;

  std::optional<time_point> connect_at_;
  std::optional<time_point> watch_at_;
  std::optional<time_point> compare_at_;
  std::optional<time_point> refresh_at_;
  time_point resync_at_{};

  /// Whoever wants us to be gone from the registry.
  reply<std::monostate> retirement_;

  /// When the timer under way fires; an older one is recognized by its
  /// generation.
  std::optional<time_point> timer_at_;
  std::uint64_t generation_ = 0;
};

} // namespace

registrator_actor spawn_registrator(caf::actor_system& sys,
                                    registrator_options options,
                                    std::shared_ptr<http_client> engine,
                                    backend_maker registry) {
  return spawn_state<registrator_state>(sys, std::move(options),
                                        std::move(engine), std::move(registry));
}

} // namespace praetor::registrator
