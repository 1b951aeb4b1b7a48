// The gossip machine: packets, and what is put into them.

#include "actors/gossip/core/gossip_core.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"

namespace praetor::gossip {

namespace {

/// More packets than that wait: hurry, until less than one does.
constexpr std::size_t burst_packets = 4;

} // namespace

/// Sends what has to go to `to`, and news in what room is left.
void gossip_core::send(const endpoint& to, const std::vector<message>& first) {
  packet_writer packet{cluster_mark_of(self_facts_->cluster_id),
                       opts_.packet_bytes};
  for (const auto& x : first)
    packet.add(encode_part(x));
  if (!buggify("gossip.no_piggyback"))
    fill(packet);
  out_.packets.push_back({to, packet.bytes()});
}

void gossip_core::fill(packet_writer& packet) {
  auto limit = retransmit_limit(opts_, pool_size());
  if (mutant("G08")) // send news only once
    limit = 1;
  auto room = packet.room();
  if (buggify("gossip.small_packets"))
    room /= 2;
  for (const auto& part : queue_.take(room, packet_writer::overhead, limit))
    packet.add(part);
}

void gossip_core::tick_gossip() {
  if (now_ < next_gossip_)
    return;
  if (queue_.bytes() > burst_packets * opts_.packet_bytes)
    burst_ = true;
  else if (queue_.bytes() < opts_.packet_bytes)
    burst_ = false;
  next_gossip_ = now_ + (burst_ ? opts_.burst_interval : opts_.gossip_interval);
  if (queue_.empty() || buggify("gossip.skip_round"))
    return;
  const auto targets = members_.choose(
    burst_ ? opts_.burst_nodes : opts_.gossip_nodes,
    [this](member_key key, const member& m) {
      // The dead get to know that they are, for a while.
      return !is_self(key)
             && (m.state == member_state::alive
                 || m.state == member_state::suspect
                 || (m.state == member_state::dead
                     && now_ - m.since <= opts_.gossip_to_dead));
    },
    rng_);
  for (const auto& key : targets) {
    packet_writer packet{cluster_mark_of(self_facts_->cluster_id),
                         opts_.packet_bytes};
    fill(packet);
    if (!packet.empty())
      out_.packets.push_back({members_.find(key)->facts->at, packet.bytes()});
  }
}

} // namespace praetor::gossip
