#include "actors/router/servers_actor.hpp"

#include "actors/router/core/command_queue.hpp"
#include "actors/router/leader_request.hpp"
#include "actors/spawn.hpp"
#include "actors/tick_timer.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/rng.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace praetor::router {

namespace {

/// Questions that wait for an answer.
constexpr std::size_t questions_max = 65'536;

/// Before a question is asked again, when a server failed.
constexpr duration ask_again = std::chrono::milliseconds{50};

/// What a server may need besides the time that a read waits.
constexpr duration slack = std::chrono::seconds{2};

constexpr auto no_servers = "No known Consul servers";

class servers_state {
public:
  static constexpr auto name = "servers";

  using self_pointer = servers_actor::stateful_pointer<servers_state>;

  explicit servers_state(self_pointer self) : self_{self} {}

  servers_actor::behavior_type
  make_behavior(std::shared_ptr<servers_options> opts) {
    opts_ = std::move(*opts);
    random_ = rng{opts_.boot};
    return {
      [this](const servers_known& msg) { on_servers(msg); },
      [this](kv::read& msg) { ask_read<rpc::read_kv>(msg); },
      [this](kv::read_many& msg) { ask_reads<rpc::read_kv>(msg.reads); },
      [this](catalog::read& msg) { ask_read<rpc::read_catalog>(msg); },
      [this](catalog::read_many& msg) {
        ask_reads<rpc::read_catalog>(msg.reads);
      },
      [this](const owner::forget_watch& msg) { on_forget(msg); },
      [this](submit& msg) { on_submit(msg), settle(); },
      [this](submit_many& msg) { on_submit_many(msg); },
      [this](renew_session& msg) { on_request(std::move(msg)); },
      [this](const raft::get_status& msg) {
        ask(rpc::get_status{}, answer_to<raft::raft_status>(msg.to));
      },
      [this](at_leader<leader::get_health>& msg) { on_request(msg); },
      [this](at_leader<raft::get_status>& msg) { on_request(msg); },
      [this](at_leader<raft::change_members>& msg) { on_request(msg); },
      [this](at_leader<raft::transfer_leadership>& msg) { on_request(msg); },
      [this](const question_answered& msg) { on_answer(msg); },
      [this](const commands_answered& msg) { on_commands(msg); },
      [this](caf::tick_atom) { on_tick(); },
    };
  }

private:
  /// Decodes an answer and completes somebody's reply with it.
  using answer_function = std::function<void(const result<std::string>&)>;

  struct question {
    std::string bytes;
    /// Until then a server is looked for.
    time_point patience;
    /// How long the server may take.
    duration time_limit{0};
    answer_function answer;
    std::uint64_t watch_id = 0;
    /// The network's number, while it is under way.
    std::uint64_t request = 0;
    /// What it asks for must not be done twice.
    bool once = false;
  };

  // -- message handlers -------------------------------------------------------

  void on_servers(const servers_known& msg) {
    servers_ = msg.ids;
    const auto& target = commands_.target();
    if (!target
        || std::find(servers_.begin(), servers_.end(), *target)
             == servers_.end())
      choose_server();
    settle();
  }

  void on_submit(submit& msg) {
    commands_.push(
      {state::encode_command(msg.command), {opts_.node_id, opts_.boot, ++seq_}},
      now() + opts_.leader_wait, std::move(msg.to));
  }

  void on_submit_many(submit_many& msg) {
    for (auto& x : msg.commands)
      on_submit(x);
    settle();
  }

  void on_request(leader_request x) {
    const auto what = question_of(x, false);
    const auto once = !may_repeat(x, errc::timeout);
    const auto id =
      ask(what, [x = std::move(x)](const auto& bytes) { complete(x, bytes); });
    if (const auto found = questions_.find(id); found != questions_.end())
      found->second.once = once;
  }

  void on_forget(const owner::forget_watch& msg) {
    const auto found = watches_.find(msg.watch_id);
    if (found == watches_.end())
      return;
    const auto node = questions_.extract(found->second);
    watches_.erase(found);
    if (node && node.mapped().request != 0)
      opts_.network->cancel(node.mapped().request);
  }

  /// A server that cannot be reached is left for the next one.
  void on_answer(const question_answered& msg) {
    const auto found = questions_.find(msg.question);
    if (found == questions_.end())
      return;
    auto& x = found->second;
    x.request = 0;
    if (!msg.answer && shall_repeat(x, msg.answer.error().code)) {
      waiting_.push_back(msg.question);
      failed(msg.answer.error());
      return schedule_tick();
    }
    auto node = questions_.extract(found);
    if (node.mapped().watch_id != 0)
      watches_.erase(node.mapped().watch_id);
    node.mapped().answer(msg.answer);
  }

  void on_commands(const commands_answered& msg) {
    if (commands_.answered(msg.batch, msg.outcome, now()))
      failed(error{errc::io_error, "commands are not answered"});
    settle();
  }

  void on_tick() {
    if (!timer_.ring(now()))
      return;
    if (now() >= stay_until_)
      choose_server();
    commands_.expire(now());
    settle();
  }

  // -- questions --------------------------------------------------------------

  template <class Question, class Read>
  void ask_read(Read& msg) {
    const auto& o = msg.options;
    ask(Question{std::move(msg.query), o.mode, o.min_index,
                 std::min(o.wait, rpc::read_wait_max)},
        answer_to<owner::read_answer>(std::move(msg.to)), o.wait, o.watch_id);
  }

  template <class Question, class Read>
  void ask_reads(std::vector<Read>& reads) {
    for (auto& x : reads)
      ask_read<Question>(x);
  }

  template <class T>
  static answer_function answer_to(reply<T> to) {
    return [to = std::move(to)](const result<std::string>& bytes) {
      if (bytes)
        to.complete(rpc::decode_answer<T>(*bytes));
      else
        to.complete(bytes.error());
    };
  }

  /// Returns the question's number; 0 if it is answered already.
  std::uint64_t ask(const rpc::question& what, answer_function answer,
                    duration wait = duration::zero(),
                    std::uint64_t watch_id = 0) {
    if (questions_.size() >= questions_max) {
      answer(error{errc::overloaded, "too many questions wait"});
      return 0;
    }
    const auto id = ++last_id_;
    questions_.emplace(id, question{rpc::encode_question(what),
                                    now() + opts_.leader_wait,
                                    wait + opts_.leader_wait + slack,
                                    std::move(answer), watch_id, 0, false});
    if (watch_id != 0)
      watches_[watch_id] = id;
    send(id);
    schedule_tick();
    return id;
  }

  void send(std::uint64_t id) {
    const auto found = questions_.find(id);
    if (found == questions_.end())
      return; // nobody waits for it any more
    auto& x = found->second;
    const auto& target = commands_.target();
    if (!target && now() < x.patience) {
      waiting_.push_back(id);
      return;
    }
    const auto me = caf::actor_cast<servers_actor>(self_);
    const reply<std::string> to{[me, id](result<std::string> answer) {
      caf::anon_send(me, question_answered{id, std::move(answer)});
    }};
    if (target)
      x.request = opts_.network->request(*target, x.bytes, x.time_limit, to);
    else
      to.complete(error{errc::rejected, no_servers});
  }

  // -- commands ---------------------------------------------------------------

  /// Sends what can be sent, and sees to it that the rest is looked at again.
  void settle() {
    if (commands_.target() && now() >= retry_at_)
      for (const auto id : std::exchange(waiting_, {}))
        send(id);
    for (auto& x : commands_.take(now()))
      send(std::move(x));
    give_up_waiting();
    schedule_tick();
  }

  void send(outgoing_batch x) {
    const auto me = caf::actor_cast<servers_actor>(self_);
    opts_.network->request(
      x.node, rpc::encode_question(std::move(x.what)), x.time_limit,
      reply<std::string>{[me, id = x.id](const result<std::string>& bytes) {
        commands_answered answer{id, error{errc::canceled, {}}};
        if (bytes)
          answer.outcome = rpc::decode_answer<rpc::command_outcomes>(*bytes);
        else
          answer.outcome = bytes.error();
        caf::anon_send(me, std::move(answer));
      }});
  }

  /// Questions whose patience is over are sent once more, or answered.
  void give_up_waiting() {
    for (const auto id : std::exchange(waiting_, {})) {
      const auto found = questions_.find(id);
      if (found == questions_.end())
        continue;
      if (now() < found->second.patience)
        waiting_.push_back(id);
      else
        send(id);
    }
  }

  // -- servers ----------------------------------------------------------------

  static bool is_about_server(errc code) {
    return code == errc::io_error || code == errc::canceled
           || code == errc::no_leader || code == errc::not_leader
           || code == errc::timeout;
  }

  bool shall_repeat(const question& x, errc why) const {
    if (now() >= x.patience)
      return false;
    return x.once ? why == errc::no_leader || why == errc::not_leader
                  : is_about_server(why);
  }

  void choose_server() {
    auto others = servers_;
    if (const auto& target = commands_.target(); target && others.size() > 1)
      std::erase(others, *target);
    stay_until_ = now() + opts_.stay;
    if (others.empty())
      return use({});
    use(others[random_.below(others.size())]);
  }

  void use(std::optional<std::string> server) {
    if (server && server != commands_.target())
      log::debug("agent.client.manager", "using another server",
                 {{"server", *server}});
    // What the old one has not answered, it may yet answer.
    static_cast<void>(commands_.set_target(std::move(server), false));
  }

  void failed(const error& why) {
    log::debug(
      "agent.client", "RPC failed to server",
      {{"server", commands_.target().value_or("")}, {"error", why.context}});
    if (now() < retry_at_)
      return; // the others of the same failure
    retry_at_ = now() + ask_again;
    choose_server();
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  void schedule_tick() {
    auto at = commands_.next_deadline(now());
    const auto earlier = [&at](time_point t) {
      at = std::min(at.value_or(t), t);
    };
    for (const auto id : waiting_)
      if (const auto x = questions_.find(id); x != questions_.end())
        earlier(commands_.target() ? retry_at_ : x->second.patience);
    if (!questions_.empty() && servers_.size() > 1)
      earlier(stay_until_);
    if (at)
      timer_.set(self_, std::max(*at, now()));
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  servers_options opts_;
  rng random_{0};
  std::uint64_t seq_ = 0;

  std::vector<std::string> servers_;
  /// When to ask another server; and not before then, after a failure.
  time_point stay_until_;
  time_point retry_at_;

  /// Its target is the server in use.
  command_queue commands_;

  std::map<std::uint64_t, question> questions_;
  std::uint64_t last_id_ = 0;
  /// Those that are not under way.
  std::vector<std::uint64_t> waiting_;
  /// By the id of a watch: its question.
  std::map<std::uint64_t, std::uint64_t> watches_;

  tick_timer timer_;
};

} // namespace

servers_actor spawn_servers(caf::actor_system& sys, servers_options opts) {
  return spawn_state<servers_state>(
    sys, std::make_shared<servers_options>(std::move(opts)));
}

} // namespace praetor::router
