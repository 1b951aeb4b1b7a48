// The gossip machine: finding out who does not answer.
//
// One member at a time is pinged. If it is silent, others try, and a stream is
// tried, as the packets may be what does not come through. If nobody gets an
// answer, the member is a suspect.

#include "actors/gossip/core/gossip_core.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <utility>

namespace praetor::gossip {

namespace {

/// Pings for others at the same time; further requests are dropped.
constexpr std::size_t relays_max = 1024;

} // namespace

void gossip_core::receive(const endpoint& from, const ping& x) {
  if (!begun_ || !is_self(x.target))
    return; // the address belonged to somebody else
  send(from, {ack{x.seq, vivaldi_.own()}});
}

void gossip_core::receive(const endpoint& from, const ping_request& x) {
  if (!begun_ || relays_.size() >= relays_max)
    return;
  const auto own = ++seq_;
  relays_[own] = {from, x.seq, now_ + opts_.probe_timeout};
  send(x.at, {ping{own, x.target}});
}

void gossip_core::receive(const endpoint&, const ack& x) {
  if (const auto asked = relays_.find(x.seq); asked != relays_.end()) {
    const auto seq =
      mutant("G09") ? x.seq : asked->second.seq; // relay with our own number
    send(asked->second.asker, {ack{seq, std::nullopt}});
    relays_.erase(asked);
    return;
  }
  if (!probe_ || probe_->seq != x.seq)
    return;
  if (x.where && well_formed(*x.where) && members_.find(probe_->target)) {
    // Only the target itself says where it is, so this took one round trip.
    vivaldi_.observe(probe_->target, *x.where, now_ - probe_->sent, rng_);
    coordinates_[probe_->target] = *x.where;
  }
  sometimes("gossip.saved_by_relay", probe_->indirect && !x.where);
  if (streams_.erase(probe_->stream) > 0)
    out_.closes.push_back(probe_->stream);
  awareness_.change(-1);
  probe_.reset();
}

void gossip_core::receive(const endpoint&, const nack& x) {
  if (probe_ && probe_->seq == x.seq)
    ++probe_->nacks;
}

void gossip_core::tick_probe() {
  if (probe_ && now_ >= probe_->deadline)
    finish_probe();
  if (probe_ && !probe_->indirect && now_ >= probe_->indirect_at)
    probe_indirectly();
  if (now_ < next_probe_)
    return;
  next_probe_ = now_ + opts_.probe_interval;
  // An unhealthy node takes longer for a probe, and skips its next turns.
  if (!probe_ && departure_ != departure::parting)
    start_probe();
}

void gossip_core::start_probe() {
  const auto target = members_.next(
    [this](member_key key, const member& m) {
      return !is_self(key)
             && (m.state == member_state::alive
                 || m.state == member_state::suspect);
    },
    rng_);
  if (!target)
    return;
  const auto& m = *members_.find(*target);
  ++counters_.probes;
  probe_ = running_probe{};
  probe_->target = *target;
  probe_->at = m.facts->at;
  probe_->seq = ++seq_;
  probe_->sent = now_;
  probe_->indirect_at = now_ + opts_.probe_timeout;
  probe_->deadline = now_ + awareness_.scale(opts_.probe_interval);
  std::vector<message> parts;
  // A suspect hears of it first, so that its answer can bring the refutation.
  if (m.state == member_state::suspect)
    parts.emplace_back(suspect{*target, m.incarnation, self_});
  parts.emplace_back(ping{probe_->seq, *target});
  send(probe_->at, parts);
  if (buggify("gossip.probe_indirectly_at_once"))
    probe_indirectly();
}

void gossip_core::probe_indirectly() {
  probe_->indirect = true;
  const auto helpers = members_.choose(
    opts_.indirect_probes,
    [this](member_key key, const member& m) {
      return !is_self(key) && key != probe_->target
             && m.state == member_state::alive;
    },
    rng_);
  for (const auto& key : helpers)
    send(members_.find(key)->facts->at,
         {ping_request{probe_->seq, probe_->target, probe_->at}});
  probe_->nacks_expected = static_cast<int>(helpers.size());
  last_stream_ += 2;
  probe_->stream = last_stream_;
  streams_[last_stream_] = {stream_state::kind::probe, probe_->at, false, 0,
                            now_ + opts_.stream_timeout};
  out_.opens.push_back({last_stream_, probe_->at,
                        encode_frame(cluster_mark_of(self_facts_->cluster_id),
                                     stream_ping{probe_->target})});
}

/// Judges a probe that got no answer to packets.
void gossip_core::finish_probe() {
  const auto x = *std::exchange(probe_, std::nullopt);
  if (streams_.erase(x.stream) > 0)
    out_.closes.push_back(x.stream);
  if (x.stream_answered) {
    ++counters_.only_streams;
    sometimes("gossip.saved_by_stream");
    awareness_.change(-1);
    return;
  }
  ++counters_.probes_failed;
  // Helpers that are silent, too, say that the fault is here.
  awareness_.change(
    x.nacks_expected > 0 ? std::max(0, x.nacks_expected - x.nacks) : 1);
  const auto* m = members_.find(x.target);
  if (m != nullptr && !buggify("gossip.overlook_silence"))
    accept(suspect{x.target, m->incarnation, self_});
}

void gossip_core::expire_relays() {
  for (auto it = relays_.begin(); it != relays_.end();) {
    if (now_ < it->second.nack_at) {
      ++it;
      continue;
    }
    send(it->second.asker, {nack{it->second.seq}});
    it = relays_.erase(it);
  }
}

} // namespace praetor::gossip
