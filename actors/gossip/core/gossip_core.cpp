#include "actors/gossip/core/gossip_core.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/mutant.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace praetor::gossip {

namespace {

std::uint32_t first_incarnation(const std::optional<pool_snapshot>& before) {
  if (mutant("G03")) // start at 0 after a restart
    return 0;
  if (!before)
    return 1;
  return std::min(before->incarnation, incarnation_max - 1) + 1;
}

std::vector<endpoint> places(const core_options& opts,
                             const std::optional<pool_snapshot>& before,
                             rng& random) {
  std::vector<endpoint> out;
  if (!before || (before->left && !opts.rejoin_after_leave))
    return out;
  for (const auto& x : before->members)
    if (x.name != opts.self.name && x.at != opts.self.at)
      out.push_back(x.at);
  for (auto i = out.size(); i > 1; --i)
    std::swap(out[i - 1], out[random.below(i)]);
  return out;
}

} // namespace

gossip_core::gossip_core(core_options opts, std::optional<pool_snapshot> before,
                         time_point boot)
  : opts_{std::move(opts)},
    rng_{opts_.seed},
    now_{boot},
    self_facts_{std::make_shared<const member_facts>(opts_.self)},
    self_{key_of(opts_.self.name)},
    incarnation_{first_incarnation(before)},
    awareness_{opts_.awareness_max},
    seq_{rng_.next() >> 32U},
    old_places_{places(opts_, before, rng_)},
    clock_{before ? before->clocks.membership : 0},
    events_{before ? before->clocks.events : 0} {
  PRAETOR_ASSERT(static_cast<bool>(check(opts_.self)));
  if (before)
    events_.ignore_upto(before->clocks.events);
}

effects gossip_core::step(const input& x, time_point now) {
  now_ = std::max(now_, now);
  out_ = {};
  if (departure_ != departure::gone)
    std::visit([this](const auto& content) { on(content); }, x);
  flush_snapshot();
  out_.next_timer = next_timer();
  return std::exchange(out_, {});
}

void gossip_core::adopt(const std::vector<facts_ptr>& others) {
  std::vector<std::pair<member_key, member>> xs;
  xs.reserve(others.size());
  for (const auto& facts : others)
    xs.emplace_back(key_of(facts->name), member{facts, 1, member_state::alive,
                                                now_, false, false, 0});
  members_.add_all(xs, rng_);
  queue_ = {};
}

const coordinate* gossip_core::where(member_key key) const {
  const auto found = coordinates_.find(key);
  return found == coordinates_.end() ? nullptr : &found->second;
}

void gossip_core::check_invariants() const {
  members_.check_invariants();
  const auto* me = members_.find(self_);
  PRAETOR_ASSERT(!begun_ || me != nullptr);
  PRAETOR_ASSERT(!begun_ || me->incarnation == incarnation_);
  PRAETOR_ASSERT(suspicions_.size() == members_.count(member_state::suspect));
  for (const auto& [key, timer] : suspicions_)
    PRAETOR_ASSERT(members_.find(key)->state == member_state::suspect);
  PRAETOR_ASSERT(coordinates_.size() <= members_.size());
}

// -- inputs -------------------------------------------------------------------

void gossip_core::on(const begin&) {
  PRAETOR_ASSERT(!begun_);
  begun_ = true;
  const auto phase = [this](duration period) {
    return now_
           + duration{static_cast<duration::rep>(
             rng_.below(static_cast<std::uint64_t>(period.count())))};
  };
  members_.add(
    self_,
    {self_facts_, incarnation_, member_state::alive, now_, false, false, 0},
    rng_);
  report(member_event::kind::joined, self_facts_);
  announce_self();
  next_probe_ = phase(opts_.probe_interval);
  next_gossip_ = phase(opts_.gossip_interval);
  next_sync_ = phase(opts_.sync_interval);
  next_reconnect_ = phase(opts_.reconnect_interval);
  next_reap_ = phase(opts_.reap_interval);
  next_snapshot_ = now_;
  snapshot_urgent_ = true;
  start_rejoin();
}

void gossip_core::on(const tick&) {
  if (!begun_)
    return;
  expire_suspicions();
  expire_relays();
  expire_streams();
  tick_probe();
  tick_gossip();
  tick_sync();
  tick_reconnect();
  tick_reap();
  tick_dispute();
  tick_departure();
}

bool gossip_core::is_foreign(std::uint64_t cluster_mark) const {
  const auto own = cluster_mark_of(self_facts_->cluster_id);
  return own != 0 && cluster_mark != 0 && own != cluster_mark;
}

void gossip_core::on(const packet_received& x) {
  const auto content = decode_packet(x.bytes);
  if (!content) {
    ++counters_.malformed;
    return;
  }
  if (is_foreign(content->cluster_mark)) {
    ++counters_.foreign;
    return;
  }
  for (const auto& part : content->parts)
    std::visit([this, &x](const auto& m) { receive(x.from, m); }, part);
}

void gossip_core::on(const packet_unsent& x) {
  // What this node cannot send says nothing about its other ways to the target.
  if (probe_ && !probe_->indirect && probe_->at == x.to)
    probe_indirectly();
}

void gossip_core::on(const frame_received& x) {
  const auto own = x.stream % 2 == 0;
  const auto known = streams_.contains(x.stream);
  if (own && !known)
    return; // given up before
  const auto content = decode_frame(x.bytes);
  if (!content || is_foreign(content->cluster_mark)) {
    ++(content ? counters_.foreign : counters_.malformed);
    const auto reason = content ? std::string{"it belongs to another cluster"}
                                : content.error().context;
    if (!own)
      send_frame(x.stream, refusal{reason});
    end_stream(x.stream, reason);
    return;
  }
  if (!known) {
    const auto inbound =
      std::count_if(streams_.begin(), streams_.end(),
                    [](const auto& s) { return s.first % 2 == 1; });
    if (static_cast<std::size_t>(inbound) >= opts_.inbound_streams_max) {
      out_.closes.push_back(x.stream);
      return;
    }
    streams_[x.stream] = {stream_state::kind::inbound, x.from, false, 0,
                          now_ + opts_.stream_timeout};
  }
  std::visit([this, &x](const auto& m) { receive(x.stream, m); },
             content->content);
}

void gossip_core::on(const stream_closed& x) {
  if (!streams_.contains(x.stream))
    return;
  end_stream(x.stream, x.reason.empty() ? "the connection broke" : x.reason);
}

void gossip_core::on(const update_request& x) {
  auto next = *self_facts_;
  next.cluster_id = x.cluster_id;
  next.tags = x.tags;
  if (const auto good = check(next); !good) {
    out_.updated = good;
    return;
  }
  out_.updated = status{ok};
  if (next == *self_facts_ || !begun_)
    return;
  self_facts_ = std::make_shared<const member_facts>(std::move(next));
  auto* me = members_.find(self_);
  me->facts = self_facts_;
  me->incarnation = ++incarnation_;
  snapshot_urgent_ = true;
  report(member_event::kind::updated, self_facts_);
  announce_self();
}

// -- at the end of a step -----------------------------------------------------

void gossip_core::report(member_event::kind what, const facts_ptr& facts) {
  out_.members.push_back({what, facts});
  out_.changed = true;
  snapshot_changed_ = true;
}

void gossip_core::flush_snapshot() {
  const auto due = snapshot_changed_ && now_ >= next_snapshot_;
  if (!begun_ || (!snapshot_urgent_ && !due))
    return;
  snapshot_changed_ = false;
  snapshot_urgent_ = false;
  // A large pool is written less often.
  const auto thousands = 1 + static_cast<int>(members_.size() / 1000);
  next_snapshot_ = now_ + opts_.snapshot_interval * thousands;
  pool_snapshot x{incarnation_,
                  clocks(),
                  departure_ == departure::parting
                    || departure_ == departure::gone,
                  {}};
  for (const auto& [key, m] : members_)
    if (!is_self(key) && m.state != member_state::left)
      x.members.push_back({m.facts->name, m.facts->at});
  out_.snapshot = encode_snapshot(x);
}

std::optional<time_point> gossip_core::next_timer() const {
  if (!begun_ || departure_ == departure::gone)
    return std::nullopt;
  auto first = std::min({next_probe_, next_sync_, next_reconnect_, next_reap_});
  const auto consider = [&first](time_point x) { first = std::min(first, x); };
  // A pool without news is left alone.
  if (!queue_.empty())
    consider(next_gossip_);
  if (probe_)
    consider(probe_->indirect ? probe_->deadline : probe_->indirect_at);
  for (const auto& [key, timer] : suspicions_)
    consider(timer.deadline());
  for (const auto& [seq, x] : relays_)
    consider(x.nack_at);
  for (const auto& [id, x] : streams_)
    consider(x.deadline);
  if (dispute_)
    consider(dispute_->until);
  if (departure_ != departure::none)
    consider(departure_until_);
  if (snapshot_changed_)
    consider(next_snapshot_);
  return std::max(first, now_);
}

} // namespace praetor::gossip
