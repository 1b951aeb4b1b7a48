// Where a node is in the network, so that the time to another can be told
// without asking it. Gossip learns it, the catalog keeps it, answers are sorted
// by it.
//
// Pure. Source: Dabek et al., "Vivaldi: A Decentralized Network Coordinate
// System"; the numbers of hashicorp/serf, coordinate/.

#pragma once

#include <array>
#include <cstddef>

namespace praetor {

/// Where a node is. All in seconds.
struct coordinate {
  static constexpr std::size_t dimensions = 8;

  static constexpr double error_max = 1.5;
  static constexpr double height_min = 10e-6;

  std::array<double, dimensions> at{};
  double error = error_max;
  double adjustment = 0;
  double height = height_min;

  friend bool operator==(const coordinate&, const coordinate&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, coordinate& x) {
    return f(x.at[0], x.at[1], x.at[2], x.at[3], x.at[4], x.at[5], x.at[6],
             x.at[7], x.error, x.adjustment, x.height);
  }
};

/// Whether it consists of numbers one can calculate with.
bool well_formed(const coordinate& x);

/// Returns the estimated round-trip time in seconds.
double distance(const coordinate& a, const coordinate& b);

/// The same without the adjustments.
double raw_distance(const coordinate& a, const coordinate& b);

} // namespace praetor
