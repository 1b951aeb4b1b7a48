#include "tests/gossip_sim/world.hpp"

#include "actors/gossip/core/options.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace praetor::gossip_sim {

using namespace std::chrono_literals;

world::world(std::uint64_t seed) : random{seed}, pool{random.next()} {
  pool.check_interval = 100ms;
  pool.observer = [this](const std::string& name, const gossip::effects& x) {
    observe(name, x);
  };
}

void world::observe(const std::string& name, const gossip::effects& x) {
  const auto fold = [this](std::uint64_t value) {
    result.hash = gossip::mix(result.hash, value);
  };
  fold(gossip::hash_of(name));
  fold(static_cast<std::uint64_t>(pool.now.time_since_epoch().count()));
  for (const auto& p : x.packets)
    fold(gossip::hash_of(p.bytes));
  for (const auto& f : x.frames)
    fold(gossip::hash_of(f.bytes));
  for (const auto& e : x.members) {
    if (e.what != gossip::member_event::kind::failed)
      continue;
    tell(name + " calls " + e.facts->name + " dead");
    const auto subject = pool.nodes.find(e.facts->name);
    if (watching_ && subject != pool.nodes.end() && subject->second.core)
      wrongly_dead_.push_back(name + " calls " + e.facts->name + " dead");
  }
}

void world::tell(const std::string& what) {
  const auto at = std::chrono::duration<double>(pool.now - gossip::test::start);
  char time[32];
  std::snprintf(time, sizeof time, "%9.3f  ", at.count());
  result.story.push_back(time + what);
}

void world::demand(bool holds, std::string_view invariant,
                   const std::string& text) {
  if (holds || broken())
    return;
  tell("broken: " + text);
  result.broken = finding{std::string{invariant}, text};
}

std::int64_t world::between(std::int64_t low, std::int64_t high) {
  return low
         + static_cast<std::int64_t>(
           random.below(static_cast<std::uint64_t>(high - low) + 1));
}

std::vector<std::string> world::running() const {
  std::vector<std::string> out;
  for (const auto& [name, x] : pool.nodes)
    if (x.core && !x.left)
      out.push_back(name);
  return out;
}

std::string world::any(const std::vector<std::string>& except) {
  auto names = running();
  std::erase_if(names, [&except](const std::string& x) {
    return std::find(except.begin(), except.end(), x) != except.end();
  });
  return names.at(random.below(names.size()));
}

void world::pass(duration span) {
  if (broken())
    return;
  pool.run(span);
  if (pool.violations.empty())
    return;
  const auto& first = pool.violations.front();
  demand(false,
         first.find("queue") != std::string::npos       ? "I11"
         : first.find("went back") != std::string::npos ? "I6"
                                                        : "I19",
         first);
}

void world::await(const std::function<bool()>& condition, duration span,
                  std::string_view invariant, const std::string& text) {
  const auto end = pool.now + span;
  while (!broken() && !condition()) {
    demand(pool.now < end, invariant, text);
    pass(50ms);
  }
}

std::ptrdiff_t world::mistaken() const {
  const auto names = running();
  return std::count_if(names.begin(), names.end(), [&](const std::string& x) {
    return pool.nodes.at(x).core->members().count(gossip::member_state::alive)
           != names.size();
  });
}

bool world::is_small_part(std::ptrdiff_t members) const {
  const auto all = static_cast<std::ptrdiff_t>(running().size());
  return members <= std::max<std::ptrdiff_t>(1, all / 3);
}

void world::await_agreement(duration span, std::string_view invariant) {
  await([this] { return is_small_part(mistaken()); }, span, invariant,
        "many are wrong about who is alive");
  await([this] { return pool.converged(); }, healing_time(), invariant,
        "they do not agree on who is alive");
}

void world::nobody_died(const std::string& in) {
  watching_ = false;
  demand(wrongly_dead_.empty(), "I17",
         in + ": " + (wrongly_dead_.empty() ? "" : wrongly_dead_.front()));
}

duration world::healing_time() const {
  return 2 * gossip::sync_period({}, pool.nodes.size());
}

bool world::quiet() const {
  return std::all_of(pool.nodes.begin(), pool.nodes.end(), [](const auto& n) {
    return !n.second.core
           || (n.second.core->queue().empty()
               && n.second.core->members().count(gossip::member_state::suspect)
                    == 0);
  });
}

} // namespace praetor::gossip_sim
