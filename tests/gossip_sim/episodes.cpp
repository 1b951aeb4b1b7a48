#include "tests/gossip_sim/episodes.hpp"

#include "actors/gossip/core/wire.hpp"
#include "runtime/base/buggify.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string>

namespace praetor::gossip_sim {

using namespace std::chrono_literals;

using gossip::member_status;

namespace {

/// After a start or a join all know the newcomer within; measured 0.3 s.
constexpr duration joined_after = 5s;

/// News is with all by then; 20 members were measured to need 0.5 s.
constexpr duration spread_after = 1500ms;

/// Who missed an accusation hears of it when it is pinged, once a second or so.
constexpr duration denied_after = 8s;

/// Half of the shortest suspicion: the rest is for the news that it is back.
constexpr std::int64_t pause_harmless_ms = 2000;

std::string number(duration x) {
  return std::to_string(
           std::chrono::duration_cast<std::chrono::milliseconds>(x).count())
         + " ms";
}

/// From a crash until everybody knows, if nobody confirms the suspicion: a lap
/// of the ring, six times the shortest suspicion, and the news.
duration crash_known_after(std::size_t members) {
  const auto scale = std::max(1.0, std::log10(static_cast<double>(members)));
  return 8s
         + std::chrono::duration_cast<duration>(
           std::chrono::duration<double>(24 * scale))
         + 2s;
}

/// Measured by a simulation of the rules alone: 6.3 s among 10, 8 among 30.
double expected_seconds_of_crash(std::size_t members) {
  return 6.3
         + 1.7
             * std::max(0.0, std::log10(static_cast<double>(members) / 10)
                               / std::log10(3));
}

double seconds(duration x) {
  return std::chrono::duration<double>(x).count();
}

std::uint64_t sum(const world& w,
                  std::uint64_t gossip::gossip_counters::*counter) {
  std::uint64_t out = 0;
  for (const auto& [name, x] : w.pool.nodes)
    out += x.core ? x.core->counters().*counter : 0;
  return out;
}

void restart(world& w, const std::string& name) {
  w.tell(name + " starts");
  w.pool.boot(name);
}

void await_dead(world& w, const std::string& name) {
  const auto crashed = w.pool.now;
  w.await([&] { return w.pool.all_think(name, member_status::failed); },
          crash_known_after(w.pool.nodes.size()), "I18",
          name + " crashed, and not all know");
  if (!w.broken())
    w.result.crash_known_after.push_back(
      seconds(w.pool.now - crashed)
      / expected_seconds_of_crash(w.pool.nodes.size()));
}

void await_dry_queues(world& w) {
  w.await(
    [&w] {
      return std::all_of(
        w.pool.nodes.begin(), w.pool.nodes.end(), [](const auto& n) {
          return !n.second.core || n.second.core->queue().empty();
        });
    },
    10s, "I11", "news goes round for ever");
}

/// News that was spread is with most; the others learn it when they compare: a
/// piece is sent a few times only, to members at random.
void await_left(world& w, const std::string& name) {
  const auto ignorant = [&w, &name] {
    return std::count_if(
      w.pool.nodes.begin(), w.pool.nodes.end(), [&](const auto& n) {
        return n.second.core && n.first != name
               && w.pool.status(n.first, name).value_or(member_status::left)
                    != member_status::left;
      });
  };
  w.demand(w.is_small_part(ignorant()), "I18",
           name + " has left, and many do not know");
  w.await([&] { return ignorant() == 0; }, w.healing_time(), "I18",
          name + " has left, and not all know");
}

// -- episodes -----------------------------------------------------------------

void nothing(world& w) {
  const auto before = sum(w, &gossip::gossip_counters::refutations);
  w.nobody_dies_from_now();
  w.pass(w.milliseconds(60'000, 120'000));
  w.nobody_died("without a fault");
  w.demand(sum(w, &gossip::gossip_counters::refutations) == before, "I17",
           "somebody was accused without a fault");
}

void loss(world& w) {
  w.pool.loss_percent = static_cast<std::uint64_t>(w.between(1, 15));
  w.tell("lost of 100 packets: " + std::to_string(w.pool.loss_percent));
  w.nobody_dies_from_now();
  w.pass(w.milliseconds(20'000, 90'000));
  w.pool.loss_percent = 0;
  w.await_agreement(w.healing_time(), "I18");
  w.nobody_died("with lost packets");
}

void crash(world& w) {
  const auto name = w.any();
  w.tell(name + " crashes");
  w.pool.crash(name);
  await_dead(w, name);
  w.pass(w.milliseconds(0, 20'000));
  restart(w, name);
  w.await_agreement(joined_after, "I18");
}

void quick_restart(world& w) {
  const auto name = w.any();
  const auto away = w.milliseconds(0, pause_harmless_ms);
  w.tell(name + " restarts within " + number(away));
  w.nobody_dies_from_now();
  w.pool.crash(name);
  w.pass(away);
  restart(w, name);
  w.await_agreement(joined_after, "I19");
  w.nobody_died("after a quick restart");
}

void partition(world& w) {
  auto names = w.running();
  const auto away = static_cast<std::size_t>(
    w.between(1, static_cast<std::int64_t>(names.size() / 2)));
  for (std::size_t i = 0; i < away; ++i) {
    const auto j = i + w.random.below(names.size() - i);
    std::swap(names[i], names[j]);
    w.pool.nodes.at(names[i]).group = 1;
    w.tell(names[i] + " is cut off");
  }
  w.pass(w.milliseconds(500, 120'000));
  for (auto& [name, x] : w.pool.nodes)
    x.group = 0;
  // Nothing old is on its way: whoever is called dead now dies on hearsay.
  const auto quiet = w.quiet();
  w.tell(quiet ? "healed, in silence" : "healed");
  if (quiet)
    w.nobody_dies_from_now();
  w.await_agreement(w.healing_time(), "I18");
  if (quiet)
    w.nobody_died("after a partition");
}

void one_link(world& w) {
  const auto a = w.any();
  const auto b = w.any({a});
  w.tell(a + " and " + b + " cannot reach each other");
  for (const auto& x : {std::pair{a, b}, std::pair{b, a}}) {
    w.pool.no_packets.insert(x);
    w.pool.no_streams.insert(x);
  }
  const auto before = sum(w, &gossip::gossip_counters::probes_failed);
  w.pass(w.milliseconds(30'000, 90'000));
  w.demand(sum(w, &gossip::gossip_counters::probes_failed) == before, "I17",
           "others could reach it, and it was accused");
  w.pool.no_packets.clear();
  w.pool.no_streams.clear();
  w.await_agreement(w.healing_time(), "I18");
}

void pause(world& w) {
  const auto name = w.any();
  const auto harmless = w.random.below(2) == 0;
  const auto span = w.milliseconds(100, harmless ? pause_harmless_ms : 25'000);
  w.tell(name + " stands still for " + number(span));
  if (harmless)
    w.nobody_dies_from_now();
  w.pool.nodes.at(name).paused_until = w.pool.now + span;
  w.pass(span);
  w.await_agreement(w.healing_time(), "I18");
  if (harmless)
    w.nobody_died("after a pause");
}

void accusation(world& w) {
  const auto subject = w.any();
  const auto liar = w.any({subject});
  const auto listener = w.any({subject, liar});
  const auto deadly = w.random.below(2) == 0;
  w.tell(listener + " hears from " + liar + " that " + subject
         + (deadly ? " is dead" : " is silent"));
  const auto key = gossip::key_of(subject);
  const auto incarnation =
    w.pool.nodes.at(listener).core->members().find(key)->incarnation;
  gossip::packet_writer packet{gossip::cluster_mark_of("cluster"), 1000};
  if (deadly)
    packet.add(gossip::encode_part(
      gossip::dead{key, incarnation, gossip::key_of(liar)}));
  else
    packet.add(gossip::encode_part(
      gossip::suspect{key, incarnation, gossip::key_of(liar)}));
  if (!deadly)
    w.nobody_dies_from_now();
  w.pool.step(listener, gossip::packet_received{
                          w.pool.nodes.at(liar).opts.self.at, packet.bytes()});
  const auto accused = w.pool.now;
  const auto& owner = *w.pool.nodes.at(subject).core;
  w.await([&] { return owner.incarnation() > incarnation; }, denied_after,
          "I19", subject + " lives, and does not say so");
  w.result.denied_after.push_back(seconds(w.pool.now - accused));
  w.await([&] { return w.pool.all_think(subject, member_status::alive); },
          w.healing_time(), "I19", subject + " lives, and not all know");
  // No clock of the old suspicion may run on.
  w.pass(crash_known_after(w.pool.nodes.size()));
  if (!deadly)
    w.nobody_died("after a wrong accusation");
}

void leave(world& w) {
  const auto name = w.any();
  w.tell(name + " leaves");
  auto& x = w.pool.nodes.at(name);
  w.nobody_dies_from_now();
  w.pool.step(name, gossip::leave_request{});
  w.await([&x] { return x.left; }, 7s, "I18", "leaving takes too long");
  if (w.broken())
    return;
  w.pool.crash(name);
  w.pass(spread_after);
  await_left(w, name);
  w.nobody_died("while one left");
  if (x.opts.tombstone_timeout < 60s) {
    w.pass(x.opts.tombstone_timeout + 2 * x.opts.reap_interval);
    w.demand(w.pool.all_think(name, std::nullopt), "I11",
             name + " left, and is not forgotten");
  }
  if (w.broken())
    return;
  restart(w, name);
  w.pool.join(name, w.any({name}));
  w.await_agreement(joined_after, "I18");
}

void forced_leave(world& w) {
  const auto name = w.any();
  w.tell(name + " crashes");
  w.pool.crash(name);
  await_dead(w, name);
  if (w.broken())
    return;
  for (int i = 0; i < 3; ++i) {
    const auto by = w.any();
    w.tell(by + " makes it leave");
    w.pool.step(by, gossip::force_leave_request{name, false});
  }
  await_dry_queues(w);
  await_left(w, name);
  if (w.broken())
    return;
  restart(w, name);
  w.pool.join(name, w.any({name}));
  w.await_agreement(joined_after, "I18");
}

void news(world& w) {
  for (auto& [name, x] : w.pool.nodes)
    x.events.clear();
  w.pool.step(w.any(), gossip::fire_request{"news", ""});
  w.pass(spread_after);
  std::ptrdiff_t missing = 0;
  for (const auto& [name, x] : w.pool.nodes)
    missing += x.events.empty() ? 1 : 0;
  w.demand(w.is_small_part(missing), "I18",
           "news is not with " + std::to_string(missing) + " members");
  w.await(
    [&w] {
      return std::all_of(
        w.pool.nodes.begin(), w.pool.nodes.end(),
        [](const auto& n) { return !n.second.events.empty(); });
    },
    w.healing_time(), "I18", "news never comes to one");
}

} // namespace

const std::array<episode, 11>& episodes() {
  static constexpr std::array<episode, 11> all = {{
    {"nothing", nothing},
    {"loss", loss},
    {"crash", crash},
    {"quick restart", quick_restart},
    {"partition", partition},
    {"one link", one_link},
    {"pause", pause},
    {"accusation", accusation},
    {"leave", leave},
    {"forced leave", forced_leave},
    {"news", news},
  }};
  return all;
}

void one_accuser(world& w) {
  if (!w.pool.converged())
    return;
  const auto name = w.any({"n1"});
  // Longer than the shortest suspicion, and so short that the next ping of n1
  // still finds it before the longest one ends.
  const auto span = w.milliseconds(7'000, 14'000);
  w.tell(name + " is cut off for " + number(span));
  w.nobody_dies_from_now();
  w.pool.nodes.at(name).group = 1;
  w.pass(span);
  w.pool.nodes.at(name).group = 0;
  w.pass(crash_known_after(w.pool.nodes.size()));
  w.nobody_died("by one member's word");
}

void chaos(world& w) {
  const auto count = w.pool.nodes.size();
  for (auto i = w.between(5, 20); i > 0 && !w.broken(); --i) {
    const auto name = "n" + std::to_string(1 + w.random.below(count));
    auto& x = w.pool.nodes.at(name);
    switch (w.random.below(7)) {
      case 0: x.core ? w.pool.crash(name) : w.pool.boot(name); break;
      case 1: x.group = 1 - x.group; break;
      case 2:
        w.pool.loss_percent = static_cast<std::uint64_t>(w.between(0, 30));
        break;
      case 3: w.pool.step(name, gossip::fire_request{"e", ""}); break;
      case 4: x.paused_until = w.pool.now + w.milliseconds(0, 10'000); break;
      case 5: w.pool.delay_max = w.milliseconds(2, 600); break;
      default: w.pool.step("n1", gossip::force_leave_request{name, false});
    }
    w.pass(w.milliseconds(0, 15'000));
  }
  w.tell("the faults end");
  simulation::end_buggify();
  w.pool.loss_percent = 0;
  w.pool.delay_max = 2ms;
  for (auto& [name, x] : w.pool.nodes) {
    x.group = 0;
    x.paused_until = {};
    if (!x.core)
      w.pool.boot(name);
  }
  // Who was made to leave while it was away is not called, so it calls.
  for (const auto& [name, x] : w.pool.nodes)
    if (name != "n1")
      w.pool.join(name, "n1");
  w.await_agreement(w.healing_time() + 30s, "I18");
}

} // namespace praetor::gossip_sim
