#include "tests/gossip_sim/simulation.hpp"

#include "runtime/base/buggify.hpp"
#include "tests/gossip_sim/episodes.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace praetor::gossip_sim {

using namespace std::chrono_literals;

namespace {

constexpr int episodes_per_run = 5;

enum class flavor { ordered, chaotic, one_accuser };

flavor flavor_of(std::uint64_t seed) {
  switch (seed % 5) {
    case 0: return flavor::chaotic;
    case 1: return flavor::one_accuser;
    default: return flavor::ordered;
  }
}

/// Starts `count` members, all of which soon know each other.
void settle(world& w, std::size_t count, flavor how) {
  // Who left is forgotten soon, or as in production.
  const auto forgets = w.random.below(2) == 0;
  for (std::size_t i = 1; i <= count; ++i) {
    const auto name = "n" + std::to_string(i);
    gossip::core_options opts;
    opts.self = gossip::test::facts_of(name);
    if (forgets)
      opts.tombstone_timeout = 40s;
    if (how == flavor::one_accuser) {
      // Neither do others probe, nor is there hearsay.
      opts.sync_interval = 1000h;
      if (i > 1)
        opts.probe_interval = 1000h;
    }
    w.pool.add(std::move(opts));
    if (i > 1)
      w.pool.join(name, "n" + std::to_string(1 + w.random.below(i - 1)));
  }
  w.tell(std::to_string(count) + " members start");
  if (how == flavor::one_accuser)
    return w.pass(5s); // nothing heals here: who missed some news stays so
  w.await_agreement(w.healing_time(), "I18");
  w.pass(3s);
}

} // namespace

outcome run_seed(std::uint64_t seed) {
  const auto how = flavor_of(seed);
  simulation::begin_buggify(seed, how == flavor::chaotic
                                    ? simulation::buggify_rates{}
                                    : simulation::buggify_rates{0, 0});
  world w{seed};
  switch (how) {
    case flavor::one_accuser:
      settle(w, static_cast<std::size_t>(w.between(4, 6)), how);
      if (!w.broken())
        one_accuser(w);
      break;
    case flavor::chaotic:
      settle(w, static_cast<std::size_t>(w.between(3, 14)), how);
      if (!w.broken())
        chaos(w);
      break;
    case flavor::ordered:
      settle(w, static_cast<std::size_t>(w.between(4, 20)), how);
      for (int i = 0; i < episodes_per_run && !w.broken(); ++i) {
        const auto& next = episodes()[w.random.below(episodes().size())];
        w.tell("-- " + std::string{next.name});
        next.play(w);
        w.pass(5s);
      }
  }
  simulation::end_buggify();
  return std::move(w.result);
}

} // namespace praetor::gossip_sim
