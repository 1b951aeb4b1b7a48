#include "runtime/base/buggify.hpp"

#include "runtime/base/rng.hpp"

#include <functional>
#include <map>

#ifdef PRAETOR_SIMULATION

namespace praetor {

namespace {

struct point_state {
  bool enabled = false;
  rng random{0};
  std::uint64_t asked = 0;
  std::uint64_t fired = 0;
};

struct run_state {
  bool active = false;
  std::uint64_t seed = 0;
  simulation::buggify_rates rates;
  std::map<std::string, point_state, std::less<>> points;
};

run_state& run() {
  static run_state x;
  return x;
}

/// FNV-1a: the same in every build, unlike std::hash.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t x = 0xCBF29CE484222325ULL;
  for (const auto c : text)
    x = (x ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return x;
}

point_state& point_named(std::string_view name) {
  auto& r = run();
  const auto found = r.points.find(name);
  if (found != r.points.end())
    return found->second;
  point_state fresh;
  fresh.random = rng{r.seed ^ hash_of(name)};
  fresh.enabled = fresh.random.below(100) < r.rates.enabled_percent;
  return r.points.emplace(name, fresh).first->second;
}

} // namespace

bool buggify(std::string_view point) {
  if (!run().active)
    return false;
  auto& x = point_named(point);
  ++x.asked;
  if (!x.enabled || x.random.below(100) >= run().rates.fired_percent)
    return false;
  ++x.fired;
  return true;
}

void simulation::begin_buggify(std::uint64_t seed, buggify_rates rates) {
  run() = {true, seed, rates, {}};
}

void simulation::end_buggify() {
  run().active = false;
}

std::vector<simulation::buggify_count> simulation::buggify_counts() {
  std::vector<buggify_count> out;
  for (const auto& [name, x] : run().points)
    out.push_back({name, x.enabled, x.asked, x.fired});
  return out;
}

} // namespace praetor

#endif
