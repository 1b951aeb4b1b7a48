#include "actors/raft/raft_actor.hpp"

#include "actors/raft/waiting.hpp"
#include "actors/spawn.hpp"
#include "actors/tick_timer.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/mutant.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace praetor::raft {

namespace {

constexpr auto module_name = "agent.server.raft";

constexpr auto outcome_unknown =
  "leadership lost while committing the command, its outcome is unknown";

/// All decisions are in `raft_core`. This class knows what time it is, whom to
/// tell, and who waits for what.
class raft_state {
public:
  static constexpr auto name = "raft";

  using self_pointer = raft_actor::stateful_pointer<raft_state>;

  explicit raft_state(self_pointer self) : self_{self} {}

  raft_actor::behavior_type make_behavior(raft_options opts, restored from,
                                          checkpoint_mark mark) {
    handed_ = mark.index;
    mark_ = std::move(mark);
    core_.emplace(opts.core, std::move(from), now());
    proposals_ = proposal_queue{opts.queue_max};
    opts_ = std::move(opts);
    return {
      [this](attach& msg) { on_attach(msg); },
      [this](propose& msg) { on_propose(msg); },
      [this](confirm_read& msg) { on_confirm_read(msg); },
      [this](const get_status& msg) { msg.to.complete(status_now()); },
      [this](const change_members& msg) { on_change_members(msg); },
      [this](const transfer_leadership& msg) { on_transfer(msg); },
      [this](const join_cluster& msg) {
        turn(belong{msg.cluster_id, msg.founders});
      },
      [this](const applied_upto& msg) { on_applied(msg); },
      [this](checkpointed& msg) { on_checkpointed(msg); },
      [this](const peer_message& msg) { turn(msg.content); },
      [this](const disk::persisted& msg) { turn(storage_done{msg.token}); },
      [this](const entries_loaded& msg) { turn(msg.content); },
      [this](const tables_answered& msg) { on_tables(msg); },
      [this](caf::tick_atom) { on_tick(); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_attach(attach& msg) {
    neighbours_ = std::move(msg);
    turn(begin{});
  }

  void on_propose(propose& msg) {
    proposals_.push(std::move(msg), now() + opts_.leader_wait);
    settle();
  }

  void on_confirm_read(confirm_read& msg) {
    if (reads_.size() >= opts_.reads_max)
      return msg.to.complete(error{errc::overloaded, "too many reads wait"});
    reads_.push_back({std::move(msg), now() + opts_.leader_wait, now()});
    settle();
  }

  void on_change_members(const change_members& msg) {
    change_ = msg.to;
    turn(change_membership{msg.next, msg.expected});
  }

  void on_transfer(const transfer_leadership& msg) {
    transfer_ = msg.to;
    turn(transfer_request{msg.target});
  }

  void on_applied(const applied_upto& msg) {
    while (!in_flight_.empty() && in_flight_.front() <= msg.index)
      in_flight_.pop_front();
    turn(applied_index{std::min(msg.index, handed_)});
  }

  void on_checkpointed(checkpointed& msg) {
    const auto index = msg.mark.index;
    if (index > mark_.index)
      mark_ = std::move(msg.mark);
    turn(checkpoint_taken{index});
  }

  void on_tables(const tables_answered& msg) {
    std::visit([this](const auto& content) { turn(content); }, msg.content);
  }

  void on_tick() {
    if (!timer_.ring(now()))
      return;
    turn(tick{});
  }

  // -- one turn: a step of the core, then whatever can go on ------------------

  void turn(const input& x) {
    if (!neighbours_)
      return; // nobody to write for us yet; peers repeat themselves
    if (buggify("raft_shell.needless_tick"))
      step(tick{});
    step(x);
    settle();
  }

  void settle() {
    if (!neighbours_)
      return;
    submit_reads();
    submit_proposals();
    hand_over();
    announce();
    schedule_tick();
  }

  /// While the disk is busy proposals wait, so that they share a sync. Without
  /// a leader, or when the next one is about to take over, they wait for it.
  void submit_proposals() {
    if (core_->role() == role::leader && !core_->handing_over()) {
      while (!proposals_.empty() && !core_->writing() && !core_->handing_over())
        propose_batch();
    } else if (core_->role() != role::leader
               && !core_->leader().value.empty()) {
      proposals_.fail_all({errc::not_leader, core_->leader().value});
    } else {
      proposals_.expire(now(), {errc::no_leader, "No cluster leader"});
    }
  }

  void propose_batch() {
    auto limit = opts_.batch_max;
    if (buggify("raft_shell.small_batch"))
      limit.entries = 1;
    auto taken = proposals_.take(limit);
    proposals batch{{}, opts_.wall_clock()};
    for (auto& x : taken)
      batch.batch.push_back(
        {std::move(x.payload), std::move(x.origin), x.origin_term});
    const auto out = step(batch);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      if (const auto& index = out.proposed[i])
        replies_.emplace(*index, std::move(taken[i].to));
      else
        taken[i].to.complete(index.error());
    }
  }

  /// Without a leader reads wait for one, too.
  void submit_reads() {
    const auto known = !core_->leader().value.empty();
    for (auto& x : std::exchange(reads_, {})) {
      if (known && x.retry_at <= now() && buggify("raft_shell.read_later")) {
        x.retry_at = now() + opts_.core.heartbeat_period();
        reads_.push_back(std::move(x));
      } else if (known && x.retry_at <= now()) {
        const auto id = ++read_ids_;
        const auto use_lease = x.ask.use_lease;
        reads_under_way_.emplace(id, std::move(x));
        step(read_request{id, use_lease});
      } else if (x.deadline <= now()) {
        x.ask.to.complete(error{errc::no_leader, "No cluster leader"});
      } else {
        reads_.push_back(std::move(x));
      }
    }
  }

  /// Gives the state what is committed, as long as it has room.
  void hand_over() {
    while (in_flight_.size() < opts_.batches_in_flight_max) {
      if (!in_flight_.empty() && buggify("raft_shell.one_batch_in_flight"))
        return;
      auto limit = opts_.batch_max;
      if (buggify("raft_shell.small_handover"))
        limit.entries = 1;
      committed batch;
      for (auto& entry : core_->committed_after(handed_, limit))
        batch.entries.push_back(
          {std::move(entry), take_reply(handed_ + 1 + batch.entries.size())});
      if (batch.entries.empty())
        return;
      handed_ = batch.entries.back().entry->index;
      in_flight_.push_back(handed_);
      self_->send(neighbours_->state, std::move(batch));
    }
  }

  reply<command_result> take_reply(log_index index) {
    auto node = replies_.extract(index);
    return node ? std::move(node.mapped()) : reply<command_result>{};
  }

  // -- effects ----------------------------------------------------------------

  time_point now() const { return self_->clock().now(); }

  effects step(const input& x) {
    auto out = core_->step(x, now());
    if (opts_.observe)
      opts_.observe(*core_, out);
    if (out.write)
      self_->send(neighbours_->storage,
                  disk::persist{out.write->token, std::move(out.write->batch)});
    if (neighbours_ && neighbours_->peers)
      for (auto& m : out.messages)
        self_->send(neighbours_->peers, peer_message{std::move(m)});
    for (const auto& wanted : out.entries)
      load_entries(wanted);
    give_tables(out);
    receive_tables(out);
    answer(out);
    if (!out.alarm.empty())
      log_alarm(out.alarm);
    core_timer_ = out.next_timer;
    return out;
  }

  void answer(const effects& out) {
    if (out.truncated_from)
      fail_truncated(*out.truncated_from);
    for (const auto& x : out.reads)
      answer_read(x);
    if (out.transfer && *out.transfer)
      handing_over_ = std::exchange(transfer_, {});
    else if (out.transfer)
      std::exchange(transfer_, {}).complete(*out.transfer);
    if (handing_over_ && !core_->handing_over())
      end_transfer(*std::exchange(handing_over_, {}));
    if (out.changed) {
      if (*out.changed)
        changes_.emplace(**out.changed, std::exchange(change_, {}));
      else
        std::exchange(change_, {}).complete(out.changed->error());
    }
    while (!changes_.empty() && changes_.begin()->first <= core_->commit()) {
      const auto done = changes_.extract(changes_.begin());
      done.mapped().complete(done.key());
    }
  }

  /// Who has stepped down has seen a higher term: that of the heir.
  void end_transfer(const reply<std::monostate>& to) const {
    if (core_->role() != role::leader)
      to.complete(ok);
    else
      to.complete(error{errc::timeout, "the target did not take over in time"});
  }

  void answer_read(const read_outcome& x) {
    auto node = reads_under_way_.extract(x.id);
    if (!node)
      return;
    auto& read = node.mapped();
    const auto lost_leader = !x.permit
                             && (x.permit.error().code == errc::not_leader
                                 || x.permit.error().code == errc::no_leader);
    if (!lost_leader)
      return read.ask.to.complete(x.permit);
    // A read can be asked again; not at once, its leader may not know yet.
    read.retry_at = now() + opts_.core.heartbeat_period();
    reads_.push_back(std::move(read));
  }

  void fail_truncated(log_index from) {
    for (auto i = replies_.lower_bound(from); i != replies_.end();
         i = replies_.erase(i))
      i->second.complete(error{errc::timeout, outcome_unknown});
    for (auto i = changes_.lower_bound(from); i != changes_.end();
         i = changes_.erase(i))
      i->second.complete(error{errc::timeout, outcome_unknown});
  }

  void load_entries(const entries_wanted& wanted) {
    const auto me = caf::actor_cast<raft_actor>(self_);
    const auto peer = wanted.peer;
    self_->send(neighbours_->storage,
                disk::read_entries{
                  wanted.from, wanted.to, wanted.bytes_max,
                  reply<std::vector<entry_ptr>>{
                    [me, peer](result<std::vector<entry_ptr>> x) {
                      entries_read answer{peer, {}};
                      if (x && !buggify("raft_shell.entries_unread"))
                        answer.entries = *std::move(x);
                      caf::anon_send(me, entries_loaded{std::move(answer)});
                    }}});
  }

  /// Brings an answer of storage back as an input.
  template <class T>
  reply<T> back(std::function<tables_answered(result<T>)> as_input) {
    const auto me = caf::actor_cast<raft_actor>(self_);
    return reply<T>{[me, as_input](result<T> x) {
      caf::anon_send(me, as_input(std::move(x)));
    }};
  }

  void give_tables(const effects& out) {
    const auto& to = neighbours_->tables;
    const auto chunk_bytes = opts_.core.transfers.chunk_bytes;
    for (const auto& x : out.state_opens) {
      auto answer = back<checkpoint_mark>([x](auto mark) {
        state_opened y{x.peer, x.transfer, {}};
        if (mark)
          y.mark = *std::move(mark);
        return tables_answered{std::move(y)};
      });
      if (to)
        self_->send(to, disk::open_state{x.transfer, chunk_bytes, answer});
    }
    for (const auto& x : out.state_reads)
      if (to)
        self_->send(to, disk::read_state{x.transfer, x.number, part_of(x)});
    for (const auto transfer : out.state_closes)
      if (to)
        self_->send(to, disk::close_state{transfer});
  }

  /// Nobody is told of a chunk that does not exist: nobody knew how many do.
  reply<std::optional<state_bytes>> part_of(const state_read& x) const {
    const auto me = caf::actor_cast<raft_actor>(self_);
    return reply<std::optional<state_bytes>>{
      [me, x](result<std::optional<state_bytes>> bytes) {
        state_part_read y{x.peer, {}};
        if (bytes && !*bytes)
          return;
        if (bytes)
          y.chunk = state_chunk{x.transfer,
                                x.number,
                                (*bytes)->last,
                                (*bytes)->checksum,
                                std::move((*bytes)->payload),
                                0};
        caf::anon_send(me, tables_answered{std::move(y)});
      }};
  }

  void receive_tables(effects& out) {
    const auto& to = neighbours_->tables;
    if (out.state_drop && to)
      self_->send(to, disk::drop_state{*out.state_drop});
    if (out.state_begin && to)
      begin_reception(to, std::move(*out.state_begin));
    for (auto& x : out.state_parts) {
      auto answer = back<disk::stored_state>(
        [reception = x.reception, number = x.chunk.number](auto stored) {
          state_part_stored y{reception, number, false, {}};
          if (stored) {
            y.good = stored->good;
            y.generation = stored->generation;
          }
          return tables_answered{y};
        });
      if (to)
        self_->send(to, disk::store_state{x.reception,
                                          x.chunk.number,
                                          {std::move(x.chunk.payload),
                                           x.chunk.checksum, x.chunk.last},
                                          answer});
    }
    if (out.install)
      install(*out.install);
  }

  void begin_reception(const table_store_actor& to, state_reception x) {
    auto answer = back<std::uint64_t>(
      [reception = x.reception, index = x.mark.index](auto next) {
        if (next)
          praetor::log::info(module_name, "receiving another server's state",
                             {{"index", std::to_string(index)},
                              {"from_chunk", std::to_string(*next)}});
        return tables_answered{state_begun{reception, next ? *next : 0}};
      });
    self_->send(to,
                disk::begin_state{x.reception,
                                  {x.from.value, x.transfer, std::move(x.mark)},
                                  answer});
  }

  /// The state goes on behind the tables; who waits for entries before that
  /// will not be answered by it.
  void install(const raft::state_install& x) {
    praetor::log::info(module_name, "taking over another server's state",
                       {{"index", std::to_string(x.mark.index)}});
    for (auto i = replies_.begin();
         i != replies_.end() && i->first <= x.mark.index; i = replies_.erase(i))
      i->second.complete(error{errc::timeout, outcome_unknown});
    handed_ = x.mark.index;
    mark_ = x.mark;
    self_->send(neighbours_->state, install_state{x.generation, x.mark});
  }

  /// Makes sure that a tick arrives when something is due, and none otherwise:
  /// an idle single server has no timer.
  void schedule_tick() {
    auto deadline = core_timer_;
    const auto at = [&deadline](time_point t) {
      deadline = std::min(deadline.value_or(t), t);
    };
    if (core_->leader().value.empty() && !proposals_.empty())
      at(proposals_.next_deadline());
    for (const auto& x : reads_)
      at(core_->leader().value.empty() ? x.deadline : x.retry_at);
    if (deadline)
      timer_.set(self_, *deadline);
  }

  // -- what others are told ---------------------------------------------------

  std::string address_of(const peer_id& id) const {
    const auto* found = core_->memberships().latest().find(id);
    return found == nullptr ? std::string{} : found->address;
  }

  leadership leadership_now() const {
    leadership x;
    x.term = core_->term();
    x.self = core_->leads();
    const auto known = x.self || core_->role() != role::leader;
    if (known && !core_->leader().value.empty()) {
      x.leader = core_->leader();
      x.leader_address = address_of(core_->leader());
    }
    x.noop_index = x.self ? core_->noop_index() : 0;
    return x;
  }

  void announce() {
    auto news = leadership_now();
    if (told_ == news)
      return;
    if (news.self || (told_ && told_->self))
      praetor::log::info(module_name,
                         news.self ? "entering leader state"
                                   : "entering follower state",
                         {{"term", std::to_string(news.term)}});
    for (const auto& sink : neighbours_->leadership)
      self_->send(sink, news);
    told_ = std::move(news);
  }

  void log_alarm(std::string_view what) {
    praetor::log::error(module_name, what,
                        {{"term", std::to_string(core_->term())}});
  }

  raft_status status_now() const {
    const auto& members = core_->memberships();
    const auto known = leadership_now();
    raft_status x;
    x.role = core_->role() == role::leader     ? "Leader"
             : core_->role() == role::follower ? "Follower"
                                               : "Candidate";
    x.term = core_->term();
    x.leader = known.leader;
    x.leader_address = known.leader_address;
    x.commit = core_->commit();
    x.applied = core_->applied();
    x.last_log_index = core_->entries().last();
    x.last_log_term = core_->entries().last_term();
    x.checkpoint_index = mark_.index;
    x.checkpoint_term = mark_.term;
    x.members = members.latest().members;
    x.members_index = members.latest_index();
    x.peers = peers_now();
    x.heartbeat_period = opts_.core.heartbeat_period();
    x.num_peers = members.latest().voters().size()
                  - (members.latest().is_voter(opts_.core.self) ? 1 : 0);
    if (core_->role() == role::leader)
      x.last_contact = duration::zero();
    else if (const auto heard = core_->last_contact())
      x.last_contact = now() - *heard;
    return x;
  }

  std::vector<peer_status> peers_now() const {
    std::vector<peer_status> out;
    if (core_->role() != role::leader)
      return out;
    for (const auto& x : core_->memberships().latest().members) {
      const auto* known = core_->peer(x.id);
      if (known == nullptr)
        continue;
      auto& peer = out.emplace_back();
      peer.id = x.id;
      peer.match = known->match();
      peer.match_term = core_->entries().term(known->match()).value_or(0);
      if (known->echoed)
        peer.last_contact = now() - *known->echoed;
    }
    return out;
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  raft_options opts_;
  std::optional<raft_core> core_;
  std::optional<attach> neighbours_;
  checkpoint_mark mark_;

  proposal_queue proposals_{{}};

  /// By index: proposals in the log that the state has not got yet.
  std::map<log_index, reply<command_result>> replies_;

  std::deque<waiting_for_leader> reads_;
  std::map<std::uint64_t, waiting_for_leader> reads_under_way_;
  std::uint64_t read_ids_ = 0;

  /// Whose change the core is just looking at, and those in the log.
  reply<log_index> change_;
  std::map<log_index, reply<log_index>> changes_;
  reply<std::monostate> transfer_;
  /// Who waits for the end of the transfer that is under way.
  std::optional<reply<std::monostate>> handing_over_;

  /// The last entry given to the state, and the ends of batches it works on.
  log_index handed_ = 0;
  std::deque<log_index> in_flight_;

  std::optional<leadership> told_;

  std::optional<time_point> core_timer_;
  tick_timer timer_;
};

} // namespace

result<restored> restore(const log_image& image, const checkpoint_mark& mark,
                         std::optional<membership> bootstrap) {
  restored x;
  x.hard = image.hard;
  if (mutant("M33"))
    x.hard.voted_for = {};
  x.start = image.start;
  x.entries = image.entries;
  x.checkpoint = {mark.index, mark.term};
  x.checkpoint_ts = mark.ts;
  if (!mark.membership.empty()) {
    auto members = decode<membership>(mark.membership);
    if (!members)
      return members.error();
    x.members = *std::move(members);
    x.members_index = mark.membership_index;
  }
  x.bootstrap = std::move(bootstrap);
  if (auto good = check(x); !good)
    return good.error();
  return x;
}

raft_actor spawn_raft(caf::actor_system& sys, raft_options opts, restored from,
                      checkpoint_mark mark) {
  return spawn_state<raft_state>(sys, std::move(opts), std::move(from),
                                 std::move(mark));
}

} // namespace praetor::raft
