#include "tests/sim/network.hpp"

#include "actors/raft/core/wire.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/sometimes.hpp"
#include "tests/sim/random.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace praetor::sim {

network::network(std::uint64_t seed, std::size_t nodes, const settings& values,
                 agenda& events, const moment& now, trace& log,
                 receiver deliver)
  : random_{stream(seed, "net")},
    nodes_{nodes},
    values_{values},
    events_{events},
    now_{now},
    trace_{log},
    deliver_{std::move(deliver)},
    links_(nodes * nodes) {}

void network::send(std::size_t from, std::size_t to, const raft::message& m) {
  ++sent_;
  auto& x = at(from, to);
  if (x.cut || chance(random_, values_.loss_ppm))
    return;
  if (x.under_way >= values_.queue_max) {
    sometimes("sim: a link's queue was full");
    return;
  }
  const auto bytes =
    std::make_shared<const std::string>(raft::encode_message(m));
  auto when = arrival(x);
  if (held_until_ > now_ && m.body.index() == held_kind_)
    when = std::max(when, held_until_);
  transmit(from, to, when, bytes);
  if (chance(random_, values_.repeat_ppm))
    transmit(
      from, to,
      when + exponential(random_, std::chrono::milliseconds{values_.repeat_ms}),
      bytes);
}

moment network::arrival(const link& x) {
  using std::chrono::microseconds;
  const microseconds min{values_.delay_min_us};
  const microseconds mean{values_.delay_mean_us};
  auto when = std::max(now_, x.clogged_until) + min;
  if (mean > min)
    when += exponential(random_, mean - min);
  return when;
}

void network::transmit(std::size_t from, std::size_t to, moment when,
                       std::shared_ptr<const std::string> bytes) {
  ++at(from, to).under_way;
  events_.add(when, [this, from, to, bytes = std::move(bytes)] {
    auto& x = at(from, to);
    --x.under_way;
    if (x.cut)
      return;
    trace_.add((from << 8U) | to);
    trace_.add(*bytes);
    auto m = raft::decode_message(*bytes);
    PRAETOR_ASSERT(m);
    deliver_(to, std::move(*m));
  });
}

void network::heal() {
  for (auto& x : links_) {
    x.cut = false;
    x.clogged_until = moment{0};
  }
  held_until_ = moment{0};
}

void network::hold(std::size_t kind, moment until) {
  held_kind_ = kind;
  held_until_ = until;
}

void network::calm() {
  const settings usual;
  values_.loss_ppm = 0;
  values_.repeat_ppm = 0;
  values_.delay_min_us = usual.delay_min_us;
  values_.delay_mean_us = usual.delay_mean_us;
  values_.queue_max = std::max(values_.queue_max, usual.queue_max);
}

} // namespace praetor::sim
