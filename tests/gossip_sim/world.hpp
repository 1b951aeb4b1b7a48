// What the episodes of a simulated pool share: the pool, a seeded choice, and
// what was reported since when.

#pragma once

#include "runtime/base/rng.hpp"
#include "tests/gossip/pool.hpp"
#include "tests/gossip_sim/simulation.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::gossip_sim {

/// Invariant: once something is broken, nothing else is judged.
class world {
public:
  explicit world(std::uint64_t seed);

  rng random;
  gossip::test::pool pool;
  outcome result;

  bool broken() const { return result.broken.has_value(); }

  /// Adds a line to the story.
  void tell(const std::string& what);

  /// What an invariant demands.
  void demand(bool holds, std::string_view invariant, const std::string& text);

  /// Returns a number in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high);
  duration milliseconds(std::int64_t low, std::int64_t high) {
    return std::chrono::milliseconds{between(low, high)};
  }

  /// Returns one of the running nodes that is not in `except`.
  std::string any(const std::vector<std::string>& except = {});
  std::vector<std::string> running() const;

  /// Lets time pass, and judges what holds at any time.
  void pass(duration span);

  /// Lets time pass until the condition holds, and demands that it does.
  void await(const std::function<bool()>& condition, duration span,
             std::string_view invariant, const std::string& text);

  /// Soon most agree that the running ones, and only they, are alive; all do
  /// when they have compared.
  void await_agreement(duration span, std::string_view invariant);

  /// Begins to watch for nodes that are called dead while they run.
  void nobody_dies_from_now() { wrongly_dead_ = {}, watching_ = true; }
  /// Ends it: anybody who was is a violation.
  void nobody_died(const std::string& in);

  /// Two periods of comparing, in a pool of that size.
  duration healing_time() const;

  bool quiet() const;

  /// One, or up to a third: news is sent a few times only, to members at
  /// random, so some may miss it until they compare.
  bool is_small_part(std::ptrdiff_t members) const;

private:
  /// How many are wrong about who is alive.
  std::ptrdiff_t mistaken() const;

  void observe(const std::string& name, const gossip::effects& x);

  bool watching_ = false;
  std::vector<std::string> wrongly_dead_;
};

} // namespace praetor::gossip_sim
