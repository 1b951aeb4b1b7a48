#include "actors/gossip/core/options.hpp"

#include <algorithm>
#include <cmath>

namespace praetor::gossip {

using namespace std::chrono_literals;

core_options wan_options() {
  core_options x;
  x.pool = pool_kind::wan;
  x.probe_interval = 5s;
  x.probe_timeout = 3s;
  x.gossip_interval = 500ms;
  x.gossip_nodes = 4;
  x.gossip_to_dead = 60s;
  x.suspicion_mult = 6;
  x.sync_interval = 60s;
  x.stream_timeout = 30s;
  return x;
}

int retransmit_limit(const core_options& opts, std::size_t members) {
  const auto digits = std::ceil(std::log10(static_cast<double>(members) + 1));
  return opts.retransmit_mult * std::max(1, static_cast<int>(digits));
}

suspicion_timer::options suspicion_options(const core_options& opts,
                                           std::size_t members) {
  const auto n = static_cast<double>(std::max<std::size_t>(1, members));
  const auto scale = std::max(1.0, std::log10(n));
  suspicion_timer::options x;
  x.timeout_min = std::chrono::duration_cast<duration>(
    scale * opts.suspicion_mult * opts.probe_interval);
  x.timeout_max = x.timeout_min * opts.suspicion_max_mult;
  x.confirmations_wanted = std::max(0, opts.suspicion_mult - 2);
  // Neither the suspect nor the first accuser can confirm.
  if (n - 2 < x.confirmations_wanted)
    x.confirmations_wanted = 0;
  return x;
}

duration sync_period(const core_options& opts, std::size_t members) {
  if (members <= 32)
    return opts.sync_interval;
  const auto doublings = std::log2(static_cast<double>(members)) - 5;
  return opts.sync_interval * (static_cast<int>(std::ceil(doublings)) + 1);
}

} // namespace praetor::gossip
