#include "actors/gossip/core/coordinate.hpp"

#include <algorithm>
#include <cmath>

namespace praetor::gossip {

namespace {

/// Below that, a length is zero.
constexpr double zero = 1e-6;

/// How much one sample may change the error and the place.
constexpr double tuning = 0.25;

constexpr double gravity_rho = 150;

constexpr std::size_t samples_kept = 3;

using vector = std::array<double, coordinate::dimensions>;

double length(const vector& x) {
  double sum = 0;
  for (const auto value : x)
    sum += value * value;
  return std::sqrt(sum);
}

vector difference(const vector& a, const vector& b) {
  vector out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = a[i] - b[i];
  return out;
}

vector random_direction(rng& random) {
  for (;;) {
    vector out{};
    for (auto& x : out)
      x = static_cast<double>(random.below(2'000'001)) / 1e6 - 1;
    const auto size = length(out);
    if (size <= zero)
      continue;
    for (auto& x : out)
      x /= size;
    return out;
  }
}

} // namespace

bool coordinate_client::observe(member_key peer, const coordinate& at,
                                duration rtt, rng& random) {
  if (rtt < duration::zero() || rtt > rtt_max || !well_formed(at))
    return false;
  const auto sample =
    std::max(zero, filtered(peer, std::chrono::duration<double>{rtt}.count()));
  const auto dist = distance(own_, at);
  const auto wrong = std::abs(dist - sample) / sample;
  const auto total = std::max(zero, own_.error + at.error);
  const auto weight = own_.error / total;
  own_.error =
    std::min(coordinate::error_max,
             tuning * weight * wrong + own_.error * (1 - tuning * weight));
  move_by(at, tuning * weight * (sample - dist), random);
  adjust(at, sample);
  pull_to_origin(random);
  if (!well_formed(own_)) {
    own_ = {};
    adjustments_ = {};
    ++resets_;
  }
  return true;
}

/// Returns the median of the peer's last samples.
double coordinate_client::filtered(member_key peer, double rtt) {
  if (samples_.size() >= peers_max && !samples_.contains(peer))
    samples_.erase(samples_.begin());
  auto& kept = samples_[peer];
  kept.push_back(rtt);
  if (kept.size() > samples_kept)
    kept.erase(kept.begin());
  auto sorted = kept;
  std::sort(sorted.begin(), sorted.end());
  return sorted[sorted.size() / 2];
}

/// Moves away from `from`, towards it if `force` is negative.
void coordinate_client::move_by(const coordinate& from, double force,
                                rng& random) {
  auto away = difference(own_.at, from.at);
  const auto size = length(away);
  if (size > zero) {
    for (auto& x : away)
      x /= size;
    own_.height =
      std::max(coordinate::height_min,
               own_.height + force * (own_.height + from.height) / size);
  } else {
    away = random_direction(random);
  }
  for (std::size_t i = 0; i < away.size(); ++i)
    own_.at[i] += away[i] * force;
}

void coordinate_client::adjust(const coordinate& other, double rtt) {
  adjustments_[adjustment_at_] = rtt - raw_distance(own_, other);
  adjustment_at_ = (adjustment_at_ + 1) % adjustments_.size();
  double sum = 0;
  for (const auto x : adjustments_)
    sum += x;
  own_.adjustment = sum / (2 * static_cast<double>(adjustments_.size()));
}

/// Keeps the whole cloud of nodes from drifting away.
void coordinate_client::pull_to_origin(rng& random) {
  const coordinate origin;
  const auto dist = raw_distance(own_, origin) / gravity_rho;
  move_by(origin, -dist * dist, random);
}

} // namespace praetor::gossip
