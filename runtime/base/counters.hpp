// Numbers of this process that only rise, for those who watch it. Nothing in
// the program depends on them. Any thread may count.

#pragma once

#include <atomic>
#include <cstdint>

namespace praetor {

/// One number.
class counter {
public:
  void add(std::uint64_t x = 1) { value_.fetch_add(x, order); }
  std::uint64_t value() const { return value_.load(order); }

private:
  static constexpr auto order = std::memory_order_relaxed;
  std::atomic<std::uint64_t> value_{0};
};

/// Queries that owners evaluated: not those that a kept answer served.
inline counter query_evaluations;

/// Waiting reads that a change answered.
inline counter watches_woken;

} // namespace praetor
