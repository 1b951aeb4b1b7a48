#include "actors/health/health_actor.hpp"

#include "actors/health/core/verdicts.hpp"
#include "actors/spawn.hpp"

#include <optional>
#include <utility>

namespace praetor::health {

namespace {

/// Decides nothing: the schedule says what is due, verdicts what it means.
class health_state {
public:
  static constexpr auto name = "health";

  using self_pointer = health_actor::stateful_pointer<health_state>;

  explicit health_state(self_pointer self) : self_{self} {}

  health_actor::behavior_type make_behavior(schedule_options options,
                                            std::shared_ptr<prober> probes) {
    schedule_ = check_schedule{options};
    probes_ = std::move(probes);
    return {
      [this](const start_check& msg) { on_start(msg); },
      [this](const stop_check& msg) { on_stop(msg); },
      [this](const renew_ttl& msg) { on_renew(msg); },
      [this](const probe_done& msg) { on_probe_done(msg); },
      [this](const wake_up& msg) { on_wake_up(msg); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_start(const start_check& msg) {
    sink_ = caf::actor_cast<result_sink_actor>(self_->current_sender());
    cancel(schedule_.start(msg, now()));
    set_timer();
  }

  void on_stop(const stop_check& msg) {
    cancel(schedule_.stop(msg.id));
    set_timer();
  }

  void on_renew(const renew_ttl& msg) {
    schedule_.renew(msg, now());
    set_timer();
  }

  void on_probe_done(const probe_done& msg) {
    auto counts = schedule_.finish(msg.probe, msg.outcome, now());
    if (counts)
      tell(std::move(*counts));
    set_timer();
  }

  void on_wake_up(const wake_up& msg) {
    if (msg.generation != generation_)
      return;
    timer_at_.reset();
    auto [probes, expired] = schedule_.poll(now());
    for (auto& x : expired)
      tell(std::move(x));
    for (const auto& x : probes)
      carry_out(x);
    set_timer();
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  void tell(check_result x) {
    if (sink_)
      self_->send(sink_, std::move(x));
  }

  void cancel(std::optional<std::uint64_t> probe) {
    if (probe)
      probes_->cancel(*probe);
  }

  /// A reply that judges the outcome where it arrives and brings it here.
  template <class Outcome, class Probe>
  reply<Outcome> report(std::uint64_t probe, const Probe& asked) {
    auto me = caf::actor_cast<health_actor>(self_);
    return reply<Outcome>{[me, probe, asked](result<Outcome> x) {
      caf::anon_send(me, probe_done{probe, judge(asked, x)});
    }};
  }

  void carry_out(const due_probe& x) {
    const auto& how = x.plan.how;
    if (!how.http.empty()) {
      const auto asked = http_probe_of(x.plan);
      probes_->http(x.probe, asked, report<http_outcome>(x.probe, asked));
    } else if (!how.tcp.empty()) {
      const auto asked = tcp_probe_of(x.plan);
      probes_->tcp(x.probe, asked, report<std::monostate>(x.probe, asked));
    } else if (!how.script_args.empty() && how.docker_container_id.empty()) {
      const auto asked = script_probe_of(x.plan);
      probes_->script(x.probe, asked, report<script_outcome>(x.probe, asked));
    } else {
      self_->send(self_, probe_done{x.probe, unsupported(x.plan)});
    }
  }

  static verdict unsupported(const check_plan& plan) {
    const auto* kind = plan.how.grpc.empty() ? "Docker" : "gRPC";
    return {"critical",
            std::string{kind} + " checks are not supported by this agent"};
  }

  /// Makes sure that a wake-up arrives at the next deadline.
  void set_timer() {
    const auto deadline = schedule_.next_deadline();
    if (!deadline || (timer_at_ && *timer_at_ <= *deadline))
      return;
    timer_at_ = deadline;
    self_->scheduled_send(self_, *deadline, wake_up{++generation_});
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  check_schedule schedule_{schedule_options{}};
  std::shared_ptr<prober> probes_;
  result_sink_actor sink_;

  /// When the timer under way fires; an older one is recognized by its
  /// generation.
  std::optional<time_point> timer_at_;
  std::uint64_t generation_ = 0;
};

} // namespace

health_actor spawn_health(caf::actor_system& sys, schedule_options options,
                          std::shared_ptr<prober> probes) {
  return spawn_state<health_state>(sys, options, std::move(probes));
}

} // namespace praetor::health
