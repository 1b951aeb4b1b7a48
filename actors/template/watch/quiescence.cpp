#include "actors/template/watch/quiescence.hpp"

#include <algorithm>

namespace praetor::templates {

void quiescence::tick(time_point now, rng& random) {
  if (!first_)
    first_ = now;
  const auto span = range_.min / jitter_part;
  const duration jitter{random.below(static_cast<std::uint64_t>(span.count()))};
  deadline_ = std::min(now + range_.min + jitter, *first_ + range_.max);
}

void quiescence::reset() {
  first_.reset();
  deadline_.reset();
}

} // namespace praetor::templates
