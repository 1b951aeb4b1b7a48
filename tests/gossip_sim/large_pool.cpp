#include "tests/gossip_sim/large_pool.hpp"

#include "tests/gossip/pool.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

namespace praetor::gossip_sim {

using namespace std::chrono_literals;

using gossip::test::facts_of;

namespace {

constexpr int crashes = 7;

/// Medians in seconds that a simulation of the protocol's rules alone gave.
struct expected_times {
  std::size_t members;
  double half, most, all, all_with_loss, suspected, dead, dead_for_most;
};

constexpr expected_times measured[] = {
  {100, 0.34, 0.62, 0.68, 0.72, 1.4, 9.4, 9.9},
  {300, 0.40, 0.68, 0.80, 0.91, 2.0, 12.0, 12.5},
  {1000, 0.51, 0.82, 1.04, 1.11, 1.5, 13.5, 14.1},
  {3000, 0.54, 0.85, 1.11, 1.14, 2.0, 15.9, 16.5},
  {10000, 0.69, 0.99, 1.27, 1.40, 1.8, 17.8, 18.5},
};

/// As of the next smaller pool: no longer than it should be.
const expected_times& expected_for(std::size_t members) {
  const auto* found = &measured[0];
  for (const auto& x : measured)
    if (x.members <= members)
      found = &x;
  return *found;
}

class large_pool {
public:
  large_pool(std::size_t members, std::uint64_t seed)
    : count_{members}, pool_{seed} {
    pool_.check_interval = 1h;
    pool_.keep_disks = false;
    pool_.observer = [this](const std::string&, const gossip::effects& x) {
      heard_ += x.events.size();
      for (const auto& e : x.members)
        if (e.what == gossip::member_event::kind::failed)
          note_death(e.facts->name);
    };
    start();
  }

  /// Seconds until that part of the members has heard some news.
  std::vector<double> spread(const std::vector<double>& parts) {
    heard_ = 0;
    const auto told = pool_.now;
    pool_.step(name(7), gossip::fire_request{"news", ""});
    std::vector<double> out;
    for (const auto part : parts) {
      const auto wanted =
        static_cast<std::size_t>(part * static_cast<double>(count_));
      pool_.run_until([&] { return heard_ >= wanted; }, 30s);
      out.push_back(since(told));
    }
    pool_.run(5s);
    return out;
  }

  void lose(std::uint64_t percent) { pool_.loss_percent = percent; }

  struct crash_times {
    double suspected = 0;
    double dead = 0;
    double dead_for_most = 0;
  };

  /// Crashes some, one after the other. Returns the median of each time.
  crash_times crash_some() {
    std::vector<double> suspected, dead, most;
    for (int i = 0; i < crashes; ++i) {
      const auto victim = name(10 + static_cast<std::size_t>(i));
      const auto key = gossip::key_of(victim);
      pool_.crash(victim);
      const auto crashed = pool_.now;
      auto& deaths = deaths_[victim];
      pool_.run_until(
        [&] {
          return std::any_of(
            pool_.nodes.begin(), pool_.nodes.end(), [&key](const auto& n) {
              return n.second.core
                     && n.second.core->members().find(key)->state
                          == gossip::member_state::suspect;
            });
        },
        30s);
      suspected.push_back(since(crashed));
      pool_.run_until([&] { return deaths > 0; }, 60s);
      dead.push_back(since(crashed));
      const auto wanted = (count_ - crashes) / 100 * 99;
      pool_.run_until([&] { return deaths >= wanted; }, 30s);
      most.push_back(since(crashed));
    }
    return {median(suspected), median(dead), median(most)};
  }

  /// How many calls of the living dead there were.
  std::size_t wrongly_dead() const {
    std::size_t out = 0;
    for (const auto& [name, deaths] : deaths_)
      out += pool_.nodes.at(name).core ? deaths : 0;
    return out;
  }

  std::size_t violations() {
    pool_.check();
    return pool_.violations.size();
  }

private:
  static std::string name(std::size_t i) { return "n" + std::to_string(i); }

  static double median(std::vector<double> xs) {
    std::sort(xs.begin(), xs.end());
    return xs.at(xs.size() / 2);
  }

  double since(time_point x) const {
    return std::chrono::duration<double>(pool_.now - x).count();
  }

  void note_death(const std::string& name) { ++deaths_[name]; }

  void start() {
    std::vector<std::pair<gossip::member_key, gossip::facts_ptr>> all;
    for (std::size_t i = 1; i <= count_; ++i) {
      pool_.add(name(i));
      all.emplace_back(
        gossip::key_of(name(i)),
        std::make_shared<const gossip::member_facts>(facts_of(name(i))));
    }
    std::sort(all.begin(), all.end());
    for (auto& [name, x] : pool_.nodes) {
      std::vector<gossip::facts_ptr> others;
      others.reserve(all.size());
      for (const auto& [key, facts] : all)
        if (facts->name != name)
          others.push_back(facts);
      x.core->adopt(others);
    }
    pool_.run(3s);
  }

  std::size_t count_;
  gossip::test::pool pool_;
  std::size_t heard_ = 0;
  std::map<std::string, std::size_t> deaths_;
};

} // namespace

std::vector<measurement> measure_large_pool(std::size_t members,
                                            std::uint64_t seed) {
  const auto& expected = expected_for(members);
  large_pool pool{members, seed};
  const auto news = pool.spread({0.5, 0.99, 1.0});
  pool.lose(10);
  const auto with_loss = pool.spread({1.0});
  pool.lose(0);
  const auto crash = pool.crash_some();
  return {
    {"news with half", news.at(0), 2 * expected.half},
    {"news with 99 %", news.at(1), 2 * expected.most},
    {"news with all", news.at(2), 2 * expected.all},
    {"news with all, 10 % lost", with_loss.at(0), 2 * expected.all_with_loss},
    {"crash suspected", crash.suspected, 2 * expected.suspected},
    {"crash known to one", crash.dead, 2 * expected.dead},
    {"crash known to 99 %", crash.dead_for_most, 2 * expected.dead_for_most},
    {"living called dead", static_cast<double>(pool.wrongly_dead()), 0},
    {"violations", static_cast<double>(pool.violations()), 0},
  };
}

} // namespace praetor::gossip_sim
