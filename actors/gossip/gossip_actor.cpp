#include "actors/gossip/gossip_actor.hpp"

#include "actors/gossip/core/gossip_core.hpp"
#include "actors/gossip/core/join_attempts.hpp"
#include "actors/gossip/core/key_round.hpp"
#include "actors/gossip/file_keeper.hpp"
#include "actors/gossip/serf_words.hpp"
#include "actors/spawn.hpp"
#include "runtime/base/log.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace praetor::gossip {

namespace {

/// Packets that wait for the disk.
constexpr std::size_t held_packets_max = 4096;

constexpr auto no_keys = "Keyring is empty (encryption not enabled)";

/// All decisions are in `gossip_core`. This class knows what time it is, whom
/// to tell, who waits for what, and when things may leave.
class gossip_state {
public:
  static constexpr auto name = "gossip";

  using self_pointer = gossip_actor::stateful_pointer<gossip_state>;

  explicit gossip_state(self_pointer self) : self_{self} {}

  ~gossip_state() {
    if (link_)
      link_->end();
    if (own_keeper_)
      caf::anon_send_exit(own_keeper_, caf::exit_reason::user_shutdown);
  }

  gossip_actor::behavior_type make_behavior(std::shared_ptr<gossip_options> o,
                                            std::shared_ptr<pool_link> link) {
    opts_ = std::move(*o);
    link_ = std::move(link);
    words_ = serf_words{opts_.module, opts_.core.pool};
    ids_ = rng{mix(opts_.core.seed, 1)};
    retries_ = retry_plan{opts_.retry_interval, opts_.retry_max};
    rejoined_ = !opts_.before || opts_.before->members.empty()
                || (opts_.before->left && !opts_.core.rejoin_after_leave);
    core_.emplace(opts_.core, opts_.before, now());
    start();
    return {
      [this](const subscribe& msg) { on_subscribe(msg); },
      [this](const join& msg) { on_join(msg); },
      [this](const leave& msg) { on_leave(msg); },
      [this](const force_leave& msg) { on_force_leave(msg); },
      [this](const fire_event& msg) { on_fire_event(msg); },
      [this](const update_facts& msg) { on_update(msg); },
      [this](const get_members& msg) { msg.to.complete(list_members()); },
      [this](const get_stats& msg) { msg.to.complete(stats()); },
      [this](const change_keys& msg) { on_change_keys(msg); },
      [this](const link_has& msg) { on_link(msg); },
      [this](const file_stored& msg) { on_stored(msg); },
      [this](const address_resolved& msg) { on_resolved(msg); },
      [this](const keys_answered& msg) { on_keys(msg); },
      [this](const wake_up& msg) { on_wake_up(msg); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void start() {
    if (!(opts_.files.snapshot + opts_.files.keyring).empty() && !opts_.keeper)
      own_keeper_ = opts_.keeper = spawn_file_keeper(self_->system());
    // Weak, or link and actor would keep each other for ever.
    link_->begin([me = caf::actor_addr{self_->address()}](link_batch x) {
      if (const auto to = caf::actor_cast<gossip_actor>(me))
        caf::anon_send(to, link_has{std::move(x)});
    });
    turn(begin{});
    if (!opts_.start_join.empty())
      start_join(opts_.start_join, true, [this](const join_answer& x) {
        if (x.joined == 0 && opts_.on_join_failed)
          opts_.on_join_failed(x.errors);
      });
    if (!opts_.retry_join.empty()) {
      words_.say_retry_begins();
      retry_join();
    }
  }

  void on_subscribe(const subscribe& msg) {
    for (const auto& x : msg.members) {
      member_sinks_.push_back(x);
      self_->send(x, members_changed{opts_.core.pool, list_members()});
    }
    event_sinks_.insert(event_sinks_.end(), msg.events.begin(),
                        msg.events.end());
  }

  void on_join(const join& msg) {
    start_join(msg.addresses, true,
               [to = msg.to](const join_answer& x) { to.complete(x); });
  }

  void on_leave(const leave& msg) {
    leaving_.push_back(msg.to);
    turn(leave_request{});
  }

  void on_force_leave(const force_leave& msg) {
    const auto out = step(force_leave_request{msg.name, msg.prune});
    settle();
    msg.to.complete(*out.forced);
  }

  void on_fire_event(const fire_event& msg) {
    const auto out = step(fire_request{msg.name, msg.payload});
    settle();
    msg.to.complete(*out.fired);
  }

  void on_update(const update_facts& msg) {
    const auto& me = core_->self();
    const auto out = step(update_request{msg.cluster_id.value_or(me.cluster_id),
                                         msg.tags.value_or(me.tags)});
    settle();
    msg.to.complete(*out.updated);
  }

  void on_change_keys(const change_keys& msg) {
    if (!opts_.encrypted)
      return msg.to.complete(
        key_answer{1, 1, {}, {}, {{core_->self().name, no_keys}}});
    std::map<member_key, std::string> asked;
    for (const auto& [key, m] : core_->members())
      if (m.state == member_state::alive || m.state == member_state::suspect)
        asked.emplace(key, m.facts->name);
    const auto until =
      now() + key_patience(opts_.core.gossip_interval, asked.size());
    const auto id = ids_.next();
    key_rounds_.emplace(
      id, running_round{key_round{std::move(asked), until}, msg.to});
    const auto question =
      encode_question({id, core_->self().at, msg.what, msg.key});
    turn(fire_request{std::string{key_event}, question});
  }

  void on_link(const link_has& msg) {
    for (const auto& x : msg.batch.events)
      std::visit([this](const auto& content) { step(content); }, x);
    settle();
  }

  void on_stored(const file_stored& msg) {
    if (!msg.outcome)
      words_.say_not_stored(msg.outcome.error().context);
    storing_ = false;
    // Without a disk the pool still needs this node: the incarnation may go
    // back at a restart, which then costs a refutation.
    durable_ = std::max(durable_, msg.ticket);
    if (auto next = std::exchange(next_snapshot_, std::nullopt))
      store(std::move(*next));
    settle();
  }

  void on_resolved(const address_resolved& msg) {
    auto ready =
      msg.outcome ? joins_.resolved(msg.join, msg.address, msg.outcome->places)
                  : joins_.resolved(msg.join, msg.address, msg.outcome.error());
    if (!msg.outcome)
      words_.say_unresolved(msg.address, msg.outcome.error().context);
    if (ready)
      turn(*ready);
  }

  void on_keys(const keys_answered& msg) {
    const auto good = static_cast<bool>(msg.outcome);
    if (good && msg.changed)
      keep_keys(*msg.outcome);
    const auto said = good ? key_reply{{}, *msg.outcome}
                           : key_reply{msg.outcome.error().context, {}};
    if (msg.asker == core_->self().at)
      hear_keys(msg.question, key_of(core_->self().name), said);
    else
      step(answer_request{msg.asker, msg.question, encode_reply(said)});
    settle();
  }

  void on_wake_up(const wake_up& msg) {
    if (msg.number != last_timer_)
      return;
    timer_at_.reset();
    if (retry_at_ && now() >= *retry_at_)
      retry_join();
    turn(tick{});
  }

  // -- one turn: a step of the core, then whatever can go on ------------------

  void turn(const input& x) {
    step(x);
    settle();
  }

  /// Lets the core decide, and does what need not wait.
  effects step(const input& x) {
    const auto before = core_->counters();
    auto out = core_->step(x, now());
    words_.say_dropped(x, before, core_->counters(), now());
    if (out.snapshot)
      store(std::move(*out.snapshot));
    collect(out);
    for (const auto& e : out.members)
      words_.say(e);
    for (const auto& e : out.events)
      receive(e);
    for (const auto& a : out.answers)
      if (const auto said = decode_reply(a.payload))
        hear_keys(a.id, a.from, *said);
    for (const auto& j : out.joins)
      finish_join(j);
    changed_ = changed_ || out.changed;
    left_ = left_ || out.left;
    core_timer_ = out.next_timer;
    if (out.name_lost && opts_.on_name_lost)
      opts_.on_name_lost("another node is known as " + core_->self().name
                         + " to most members");
    return out;
  }

  void settle() {
    end_key_rounds();
    flush();
    publish();
    set_timer();
  }

  void collect(effects& out) {
    if (!rejoined_)
      words_.say_rejoining(out.opens, opts_.before);
    const auto append = [](auto& to, auto& from) {
      to.insert(to.end(), std::make_move_iterator(from.begin()),
                std::make_move_iterator(from.end()));
    };
    // The disk hangs, and somebody goes on asking: packets may be lost.
    if (outbox_.packets.size() > held_packets_max)
      outbox_.packets.clear();
    append(outbox_.packets, out.packets);
    append(outbox_.opens, out.opens);
    append(outbox_.frames, out.frames);
    append(outbox_.closes, out.closes);
  }

  /// Nothing leaves that tells of an incarnation which is not durable.
  void flush() {
    if (!opts_.files.snapshot.empty() && durable_ < core_->incarnation())
      return;
    if (!outbox_.empty())
      link_->send(std::exchange(outbox_, {}));
    if (!left_ || storing_)
      return;
    for (const auto& to : std::exchange(leaving_, {}))
      to.complete(ok);
  }

  // -- files ------------------------------------------------------------------

  void store(std::string snapshot) {
    if (opts_.files.snapshot.empty())
      return;
    if (storing_) {
      next_snapshot_ = std::move(snapshot);
      return;
    }
    storing_ = true;
    self_->send(opts_.keeper,
                store_file{opts_.files.snapshot, encode_snapshot_file(snapshot),
                           stored(core_->incarnation())});
  }

  void keep_keys(const std::vector<std::string>& keys) {
    if (opts_.files.keyring.empty())
      return;
    self_->send(opts_.keeper,
                store_file{opts_.files.keyring, encode_keyring(keys),
                           reply<std::monostate>{[](const status& x) {
                             if (!x)
                               serf_words::say_keys_not_stored(
                                 x.error().context);
                           }}});
  }

  reply<std::monostate> stored(std::uint64_t incarnation) const {
    return reply<std::monostate>{[me = handle(), incarnation](status x) {
      caf::anon_send(me, file_stored{incarnation, std::move(x)});
    }};
  }

  // -- joining ----------------------------------------------------------------

  struct running_join {
    /// Whether its outcome is logged.
    bool aloud = true;
    std::function<void(const join_answer&)> done;
  };

  void start_join(std::vector<std::string> addresses, bool aloud,
                  std::function<void(const join_answer&)> done) {
    if (aloud)
      words_.say_joining(addresses);
    if (addresses.empty())
      return done({});
    addresses.resize(std::min(addresses.size(), join_addresses_max));
    const auto id = joins_.start(addresses.size());
    running_joins_.emplace(id, running_join{aloud, std::move(done)});
    for (const auto& x : addresses)
      link_->resolve(
        x, reply<resolved_address>{
             [me = handle(), id, x](result<resolved_address> found) {
               caf::anon_send(me, address_resolved{id, x, std::move(found)});
             }});
  }

  void finish_join(const join_outcome& x) {
    if (x.id == 0) {
      rejoined_ = true;
      return words_.say_rejoined(x.joined > 0);
    }
    auto ended = joins_.finish(x);
    const auto node = running_joins_.extract(x.id);
    if (!node)
      return;
    if (node.mapped().aloud || ended.joined > 0)
      words_.say_joined(ended.joined, ended.errors);
    node.mapped().done({ended.joined, std::move(ended.errors)});
  }

  void retry_join() {
    retry_at_.reset();
    const auto counts = retries_.counts(now());
    start_join(opts_.retry_join, counts, [this, counts](const join_answer& x) {
      if (x.joined > 0)
        return words_.say_retry_succeeded(x.joined);
      retry_at_ = retries_.failed(counts, now());
      if (!retry_at_ && opts_.on_join_failed)
        opts_.on_join_failed(words_.retries_exhausted());
      else if (counts)
        words_.say_retry_later(opts_.retry_interval);
      set_timer();
    });
  }

  // -- keys -------------------------------------------------------------------

  struct running_round {
    key_round round;
    reply<key_answer> to;
  };

  void change_own_keys(const key_question& x) {
    const auto changed = x.what != key_action::list;
    link_->keys(
      x.what, x.key,
      reply<std::vector<std::string>>{
        [me = handle(), id = x.id, asker = x.asker,
         changed](result<std::vector<std::string>> y) {
          caf::anon_send(me, keys_answered{id, asker, changed, std::move(y)});
        }});
  }

  void hear_keys(std::uint64_t id, member_key from, const key_reply& said) {
    if (const auto found = key_rounds_.find(id); found != key_rounds_.end())
      found->second.round.answered(from, said);
  }

  void end_key_rounds() {
    for (auto it = key_rounds_.begin(); it != key_rounds_.end();) {
      const auto& [round, to] = it->second;
      if (!round.complete() && now() < round.until()) {
        ++it;
        continue;
      }
      to.complete(round.outcome());
      it = key_rounds_.erase(it);
    }
  }

  // -- telling ----------------------------------------------------------------

  void receive(const user_event& x) {
    if (x.name == key_event) {
      if (const auto question = decode_question(x.payload))
        change_own_keys(*question);
      return;
    }
    for (const auto& sink : event_sinks_)
      self_->send(sink, event_received{x.ltime, x.name, x.payload});
  }

  member_list list_members() const {
    auto out = std::make_shared<std::vector<pool_member>>();
    out->reserve(core_->members().size());
    for (const auto& [key, m] : core_->members())
      out->push_back({m.facts, m.status()});
    std::sort(out->begin(), out->end(),
              [](const pool_member& a, const pool_member& b) {
                return a.facts->name < b.facts->name;
              });
    return out;
  }

  void publish() {
    if (!changed_ || member_sinks_.empty())
      return;
    if (now() < publish_at_)
      return;
    changed_ = false;
    const auto thousands = 1 + static_cast<int>(core_->members().size() / 1000);
    publish_at_ = now() + opts_.coalesce * thousands;
    const auto list = list_members();
    for (const auto& sink : member_sinks_)
      self_->send(sink, members_changed{opts_.core.pool, list});
  }

  pool_stats stats() const {
    const auto& all = core_->members();
    pool_stats out;
    out.members = all.size();
    out.failed = all.count(member_state::dead);
    out.left = all.count(member_state::left);
    out.health_score = core_->health_score();
    out.member_time = core_->membership_time();
    out.event_time = core_->event_time();
    out.queue = core_->queue().size();
    out.intents_queued = core_->queue().size(urgency::intent);
    out.events_queued = core_->queue().size(urgency::event);
    out.coordinate_resets = core_->coordinate_resets();
    out.where = core_->where();
    out.encrypted = opts_.encrypted;
    return out;
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  gossip_actor handle() const { return caf::actor_cast<gossip_actor>(self_); }

  void set_timer() {
    auto at = core_timer_;
    const auto consider = [&at](std::optional<time_point> x) {
      if (x && (!at || *x < *at))
        at = x;
    };
    consider(retry_at_);
    for (const auto& [id, x] : key_rounds_)
      consider(x.round.until());
    if (changed_ && !member_sinks_.empty())
      consider(publish_at_);
    if (!at || (timer_at_ && *timer_at_ <= *at))
      return;
    timer_at_ = at;
    self_->scheduled_send(self_, *at, wake_up{++last_timer_});
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  gossip_options opts_;
  std::shared_ptr<pool_link> link_;
  /// Empty if the node has brought one.
  file_keeper_actor own_keeper_;
  std::optional<gossip_core> core_;
  serf_words words_;

  std::vector<member_sink_actor> member_sinks_;
  std::vector<event_sink_actor> event_sinks_;

  /// Subscribers have not seen the present list; the next one may go then.
  bool changed_ = false;
  time_point publish_at_;

  /// What waits until the incarnation is durable.
  link_work outbox_;
  /// The incarnation in the last snapshot that is on the disk.
  std::uint64_t durable_ = 0;
  /// One snapshot is on its way to the disk; the newest one after it waits.
  bool storing_ = false;
  std::optional<std::string> next_snapshot_;

  join_attempts joins_;
  std::map<std::uint64_t, running_join> running_joins_;
  retry_plan retries_{{}, 0};
  std::optional<time_point> retry_at_;
  /// No members of before the restart are asked (any more).
  bool rejoined_ = false;

  /// Questions of this node about keys, by number.
  std::map<std::uint64_t, running_round> key_rounds_;
  rng ids_{0};

  bool left_ = false;
  std::vector<reply<std::monostate>> leaving_;

  std::optional<time_point> core_timer_;
  /// When the timer under way fires, and its number.
  std::optional<time_point> timer_at_;
  std::uint64_t last_timer_ = 0;
};

} // namespace

gossip_actor spawn_gossip(caf::actor_system& sys, gossip_options options,
                          std::shared_ptr<pool_link> link) {
  return spawn_state<gossip_state>(
    sys, std::make_shared<gossip_options>(std::move(options)), std::move(link));
}

} // namespace praetor::gossip
