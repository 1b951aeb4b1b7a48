#include "actors/gossip/core/suspicion_timer.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/mutant.hpp"

#include <algorithm>
#include <cmath>

namespace praetor::gossip {

namespace {

/// Interpolates on a logarithmic scale, so that the first confirmations count
/// most. Rounds down to whole milliseconds, like the reference.
duration timeout_after(int confirmations,
                       const suspicion_timer::options& opts) {
  if (opts.confirmations_wanted == 0)
    return opts.timeout_min;
  using float_ms = std::chrono::duration<double, std::milli>;
  const auto progress =
    std::log(confirmations + 1.0) / std::log(opts.confirmations_wanted + 1.0);
  const auto range = float_ms{opts.timeout_max - opts.timeout_min};
  const auto timeout = float_ms{opts.timeout_max} - progress * range;
  const duration whole_ms =
    std::chrono::floor<std::chrono::milliseconds>(timeout);
  return std::max(opts.timeout_min, whole_ms);
}

} // namespace

suspicion_timer::suspicion_timer(member_key accuser, options opts,
                                 time_point now)
  : options_{opts}, start_{now}, accusers_{accuser} {
  PRAETOR_ASSERT(options_.confirmations_wanted >= 0);
  PRAETOR_ASSERT(options_.timeout_min > duration::zero());
  PRAETOR_ASSERT(options_.timeout_min <= options_.timeout_max);
}

bool suspicion_timer::confirm(member_key from) {
  if (confirmations() == options_.confirmations_wanted)
    return false;
  const auto deadline_before = deadline();
  if (mutant("G04")) // count confirmations of one member twice
    from.value += accusers_.size() << 57U;
  const auto is_news = accusers_.insert(from).second;
  PRAETOR_ASSERT(deadline() <= deadline_before);
  return is_news;
}

time_point suspicion_timer::deadline() const {
  return start_ + timeout_after(confirmations(), options_);
}

int suspicion_timer::confirmations() const {
  PRAETOR_ASSERT(!accusers_.empty());
  return static_cast<int>(accusers_.size()) - 1;
}

} // namespace praetor::gossip
