// What will happen when, in virtual time. Things that are due at the same
// moment happen in an order that the seed decides.

#pragma once

#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace praetor::sim {

/// Virtual time since the start of the run.
using moment = duration;

class agenda {
public:
  using action = std::function<void()>;

  /// Everything is due at multiples of `grain` (0: at any time), so that more
  /// things meet at one moment.
  explicit agenda(rng ties, duration grain) : ties_{ties}, grain_{grain} {}

  void add(moment at, action what) {
    if (grain_ > duration{0})
      at = (at + grain_ - duration{1}) / grain_ * grain_;
    items_.push_back({at, ties_.next(), ++count_, std::move(what)});
    std::push_heap(items_.begin(), items_.end(), later);
  }

  /// Returns when the next thing is due.
  std::optional<moment> next() const {
    if (items_.empty())
      return std::nullopt;
    return items_.front().at;
  }

  /// @pre `next()` is something.
  action take() {
    std::pop_heap(items_.begin(), items_.end(), later);
    auto what = std::move(items_.back().what);
    items_.pop_back();
    return what;
  }

private:
  struct item {
    moment at;
    std::uint64_t tie;
    std::uint64_t number;
    action what;
  };

  static bool later(const item& a, const item& b) {
    return std::tie(a.at, a.tie, a.number) > std::tie(b.at, b.tie, b.number);
  }

  rng ties_;
  duration grain_;
  std::uint64_t count_ = 0;
  std::vector<item> items_;
};

} // namespace praetor::sim
