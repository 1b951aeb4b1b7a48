// Seeded randomness for many purposes, each with a stream of its own, so that
// a change in one does not shift the others.

#pragma once

#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <cmath>
#include <cstdint>
#include <string_view>

namespace praetor::sim {

/// Returns the stream that belongs to `purpose`.
inline rng stream(std::uint64_t seed, std::string_view purpose) {
  auto x = 0xCBF29CE484222325ULL ^ rng { seed }.next();
  for (const auto c : purpose)
    x = (x ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return rng{x};
}

/// Returns a number in [low, high].
inline std::int64_t between(rng& r, std::int64_t low, std::int64_t high) {
  return low
         + static_cast<std::int64_t>(
           r.below(static_cast<std::uint64_t>(high - low) + 1));
}

/// True in `ppm` of a million cases. Draws nothing if it cannot be true.
inline bool chance(rng& r, std::int64_t ppm) {
  return ppm > 0 && static_cast<std::int64_t>(r.below(1'000'000)) < ppm;
}

/// Returns a span with the exponential distribution.
inline duration exponential(rng& r, duration mean) {
  const auto u = static_cast<double>((r.next() >> 11U) + 1) * 0x1.0p-53;
  return duration{static_cast<std::int64_t>(
    -std::log(u) * static_cast<double>(mean.count()))};
}

} // namespace praetor::sim
