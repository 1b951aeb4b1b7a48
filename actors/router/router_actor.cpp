#include "actors/router/router_actor.hpp"

#include "actors/router/core/command_queue.hpp"
#include "actors/spawn.hpp"
#include "actors/tick_timer.hpp"
#include "runtime/base/buggify.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace praetor::router {

namespace {

/// Requests that may wait for a leader.
constexpr std::size_t held_max = 4096;

/// Before the leader is asked again.
constexpr duration ask_again = std::chrono::milliseconds{50};

class router_state {
public:
  static constexpr auto name = "router";

  using self_pointer = router_actor::stateful_pointer<router_state>;

  explicit router_state(self_pointer self) : self_{self} {}

  router_actor::behavior_type make_behavior(std::shared_ptr<options> opts) {
    opts_ = std::move(*opts);
    return {
      [this](submit& msg) { on_submit(msg), settle(); },
      [this](submit_many& msg) { on_submit_many(msg); },
      [this](pass_on& msg) { on_pass_on(msg); },
      [this](renew_session& msg) { on_renew(msg); },
      [this](at_leader<leader::get_health>& msg) { on_request(msg); },
      [this](at_leader<raft::get_status>& msg) { on_request(msg); },
      [this](at_leader<raft::change_members>& msg) { on_request(msg); },
      [this](at_leader<raft::transfer_leadership>& msg) { on_request(msg); },
      [this](const leader_here& msg) { on_leader(msg); },
      [this](const leader_known& msg) { on_leader_known(msg); },
      [this](const batch_answered& msg) { on_batch(msg); },
      [this](request_failed& msg) { on_request_failed(msg); },
      [this](proposal_refused& msg) { on_refused(msg); },
      [this](caf::tick_atom) { on_tick(); },
    };
  }

private:
  struct held {
    time_point deadline;
    leader_request request;
  };

  // -- message handlers -------------------------------------------------------

  void on_submit(submit& msg) {
    if (!msg.origin_term && buggify("router.overloaded"))
      return msg.to.complete(error{errc::overloaded, "too many requests"});
    seq_ += buggify("router.gap_of_numbers") ? 3 : 1;
    raft::propose x{state::encode_command(msg.command),
                    {opts_.node_id, opts_.boot, seq_},
                    msg.origin_term,
                    std::move(msg.to)};
    if (buggify("router.propose_twice"))
      x.to = repeated_when_done(x);
    propose(std::move(x));
  }

  void on_submit_many(submit_many& msg) {
    for (auto& x : msg.commands)
      on_submit(x);
    settle();
  }

  void on_pass_on(pass_on& msg) {
    propose(
      {std::move(msg.payload), std::move(msg.origin), {}, std::move(msg.to)});
    settle();
  }

  void on_renew(renew_session& msg) {
    if (buggify("router.refuse_renewal"))
      return msg.to.complete(error{errc::overloaded, "too many requests"});
    if (leader_ && buggify("router.renew_twice"))
      self_->send(leader_, renew_session{msg.id, msg.ttl, {}});
    on_request(std::move(msg));
  }

  void on_request(leader_request x) {
    if (leader_)
      return give(x);
    if (only_here(x))
      return refuse(x, {errc::not_leader, "not the leader"});
    if (const auto target = elsewhere())
      return ask_leader(*target, {now() + opts_.leader_wait, std::move(x)});
    hold({now() + opts_.leader_wait, std::move(x)});
  }

  void on_leader(const leader_here& msg) {
    leader_ = msg.actor;
    release_held();
  }

  /// What was sent to the leader before is sent again: it may not answer.
  void on_leader_known(const leader_known& msg) {
    leads_ = msg.self;
    if (!opts_.network)
      return;
    std::optional<std::string> target;
    if (msg.self || msg.leader)
      target = msg.self ? opts_.node_id : msg.leader->value;
    for (const auto batch : queue_.set_target(std::move(target), true))
      if (const auto found = requests_.find(batch); found != requests_.end())
        opts_.network->cancel(found->second);
    release_held();
    settle();
  }

  void on_batch(const batch_answered& msg) {
    requests_.erase(msg.batch);
    queue_.answered(msg.batch, msg.outcome, now());
    settle();
  }

  /// Unless it is the leader's own word, another one may do better.
  void on_request_failed(request_failed& msg) {
    if (!may_repeat(msg.request, msg.why.code)
        || now() + ask_again >= msg.deadline)
      return refuse(msg.request, std::move(msg.why));
    ask_at_ = now() + ask_again;
    hold({msg.deadline, std::move(msg.request)});
  }

  /// Whoever leads by now may take it.
  void on_refused(proposal_refused& msg) {
    queue_.push_again(std::move(msg.what), msg.deadline, std::move(msg.to),
                      std::move(msg.why), now());
    settle();
  }

  void on_tick() {
    if (!timer_.ring(now()))
      return;
    while (!held_.empty() && held_.front().deadline <= now()) {
      refuse(held_.front().request, {errc::no_leader, "No cluster leader"});
      held_.pop_front();
    }
    if (ask_at_ && *ask_at_ <= now())
      release_held();
    queue_.expire(now());
    settle();
  }

  // -- commands ---------------------------------------------------------------

  /// Duties of a leader are nobody else's.
  void propose(raft::propose x) {
    if (x.origin_term || !opts_.network)
      return self_->send(opts_.raft, std::move(x));
    if (leads_) {
      x.to = again_if_refused(x);
      return self_->send(opts_.raft, std::move(x));
    }
    queue_.push({std::move(x.payload), std::move(x.origin)},
                now() + opts_.leader_wait, std::move(x.to));
  }

  /// Sends what can be sent, and sees to it that the rest is looked at again.
  void settle() {
    if (opts_.network)
      for (auto& x : queue_.take(now()))
        send(std::move(x));
    schedule_tick();
  }

  void send(outgoing_batch x) {
    const auto me = caf::actor_cast<router_actor>(self_);
    const reply<std::string> to{[me, id = x.id](result<std::string> bytes) {
      batch_answered answer{id, error{errc::canceled, {}}};
      if (bytes)
        answer.outcome = rpc::decode_answer<rpc::command_outcomes>(*bytes);
      else
        answer.outcome = bytes.error();
      caf::anon_send(me, std::move(answer));
    }};
    requests_[x.id] = opts_.network->request(
      x.node, rpc::encode_question(std::move(x.what)), x.time_limit, to);
  }

  /// This server may stop leading before it has put the command into the log,
  /// or before that is safe.
  reply<command_result> again_if_refused(const raft::propose& x) {
    const auto me = caf::actor_cast<router_actor>(self_);
    return reply<command_result>{[me, what = rpc::command{x.payload, x.origin},
                                  to = x.to,
                                  deadline = now() + opts_.leader_wait](
                                   const auto& done) {
      if (done || !command_queue::may_repeat(done.error().code))
        to.complete(done);
      else
        caf::anon_send(me, proposal_refused{what, deadline, to, done.error()});
    }};
  }

  /// As somebody does whose answer was lost; maybe much later.
  reply<command_result> repeated_when_done(const raft::propose& x) const {
    return reply<command_result>{[x, raft = opts_.raft](const auto& done) {
      const std::chrono::seconds wait{
        buggify("router.repeat_late") ? 1 + x.origin.seq % 16 : 0};
      if (done)
        caf::delayed_anon_send(
          raft, wait, raft::propose{x.payload, x.origin, x.origin_term, {}});
      x.to.complete(done);
    }};
  }

  // -- requests for the leader ------------------------------------------------

  void give(leader_request& x) {
    std::visit([this](auto& y) { give_one(y); }, x);
  }

  void give_one(renew_session& x) { self_->send(leader_, std::move(x)); }

  void give_one(at_leader<leader::get_health>& x) {
    self_->send(leader_, std::move(x.what));
  }

  template <class T>
  void give_one(at_leader<T>& x) {
    if (!opts_.raft_control)
      return x.what.to.complete(error{errc::rejected, "there is no Raft"});
    self_->send(opts_.raft_control, std::move(x.what));
  }

  /// The other server that leads, if one is known and can be reached.
  std::optional<std::string> elsewhere() const {
    return leads_ || !opts_.network ? std::nullopt : queue_.target();
  }

  void hold(held x) {
    if (held_.size() >= held_max)
      return refuse(x.request, {errc::overloaded, "No cluster leader"});
    const auto later = std::upper_bound(
      held_.begin(), held_.end(), x.deadline,
      [](time_point t, const held& other) { return t < other.deadline; });
    held_.insert(later, std::move(x));
    schedule_tick();
  }

  void release_held() {
    ask_at_.reset();
    const auto target = elsewhere();
    if (!leader_ && !target)
      return;
    for (auto& x : std::exchange(held_, {}))
      if (leader_)
        give(x.request);
      else
        ask_leader(*target, std::move(x));
  }

  void ask_leader(const std::string& node, held x) {
    const auto me = caf::actor_cast<router_actor>(self_);
    auto what = rpc::encode_question(question_of(x.request, true));
    const auto limit = x.deadline - now();
    opts_.network->request(
      node, std::move(what), limit,
      reply<std::string>{[me,
                          x = std::move(x)](const result<std::string>& bytes) {
        if (bytes)
          complete(x.request, bytes);
        else
          caf::anon_send(me,
                         request_failed{x.request, x.deadline, bytes.error()});
      }});
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  void schedule_tick() {
    auto at = queue_.next_deadline(now());
    const auto earlier = [&at](time_point t) {
      at = std::min(at.value_or(t), t);
    };
    if (!held_.empty())
      earlier(held_.front().deadline);
    if (ask_at_)
      earlier(*ask_at_);
    if (at)
      timer_.set(self_, *at);
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  options opts_;
  std::uint64_t seq_ = 0;

  /// This server leads; and then, once they run, the leader's duties.
  bool leads_ = false;
  leader::leader_actor leader_;

  /// Commands for a leader elsewhere, and the network's number of each batch.
  command_queue queue_;
  std::map<std::uint64_t, std::uint64_t> requests_;

  std::deque<held> held_;
  /// When to ask the leader again, if it failed.
  std::optional<time_point> ask_at_;

  tick_timer timer_;
};

} // namespace

router_actor spawn_router(caf::actor_system& sys, options opts) {
  return spawn_state<router_state>(sys,
                                   std::make_shared<options>(std::move(opts)));
}

} // namespace praetor::router
