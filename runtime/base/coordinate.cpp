#include "runtime/base/coordinate.hpp"

#include <algorithm>
#include <cmath>

namespace praetor {

bool well_formed(const coordinate& x) {
  return std::all_of(x.at.begin(), x.at.end(),
                     [](double value) { return std::isfinite(value); })
         && std::isfinite(x.error) && std::isfinite(x.adjustment)
         && std::isfinite(x.height);
}

double distance(const coordinate& a, const coordinate& b) {
  const auto raw = raw_distance(a, b);
  const auto adjusted = raw + a.adjustment + b.adjustment;
  return adjusted > 0 ? adjusted : raw;
}

double raw_distance(const coordinate& a, const coordinate& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.at.size(); ++i)
    sum += (a.at[i] - b.at[i]) * (a.at[i] - b.at[i]);
  return std::sqrt(sum) + a.height + b.height;
}

} // namespace praetor
