// Seeded randomness. Cores and actors get their generator handed in, so that a
// simulation replays; std:: distributions differ between libraries, this does
// not. Source: Steele, Lea, Flood: "Fast splittable pseudorandom number
// generators" (splitmix64).

#pragma once

#include <cstdint>

namespace praetor {

/// A splitmix64 generator. Not for secrets.
class rng {
public:
  explicit rng(std::uint64_t seed) : state_{seed} {}

  /// Returns the next 64 random bits.
  std::uint64_t next() {
    auto z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }

  /// Returns a number in [0, bound), or 0 if `bound` is 0.
  std::uint64_t below(std::uint64_t bound) {
    return bound == 0 ? 0 : next() % bound;
  }

private:
  std::uint64_t state_;
};

} // namespace praetor
