// Goal: the blind search accepts exactly the histories that have an order.
// Method: a register, with classic histories; then all histories of a few
// short calls against an exhaustive search over all orders.

#include "tests/sim/check/linearize.hpp"

#include "runtime/base/rng.hpp"

#include <catch2/catch.hpp>

#include <numeric>
#include <string>

namespace praetor::sim {
namespace {

/// A write of a number, or a read that saw one.
struct register_call {
  bool writes = false;
  int number = 0;
};

struct number_register {
  using state = int;

  std::vector<int> step(int from, std::size_t call) const {
    const auto& x = calls[call];
    if (x.writes)
      return {x.number};
    return x.number == from ? std::vector<int>{from} : std::vector<int>{};
  }

  std::vector<register_call> calls;
};

struct timed {
  register_call what;
  int from;
  /// 0: never.
  int to;
};

linearize_result judge(const std::vector<timed>& xs,
                       std::size_t effort = 100'000) {
  number_register object;
  std::vector<call_times> times;
  for (const auto& x : xs) {
    object.calls.push_back(x.what);
    times.push_back({duration{x.from},
                     x.to == 0 ? std::nullopt : std::optional{duration{x.to}}});
  }
  return linearizer<number_register>{object, times, effort}.run(0);
}

register_call write(int n) {
  return {true, n};
}

register_call read(int n) {
  return {false, n};
}

/// Tries every order, and every subset of the calls that never returned.
bool has_order(const std::vector<timed>& xs) {
  std::vector<std::size_t> order(xs.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    for (unsigned subset = 0; subset < (1U << xs.size()); ++subset) {
      auto good = true;
      auto state = 0;
      for (std::size_t i = 0; i < order.size() && good; ++i) {
        const auto& x = xs[order[i]];
        const auto taken = (subset >> order[i] & 1U) != 0;
        if (!taken) {
          good = x.to == 0;
          continue;
        }
        for (std::size_t j = i + 1; j < order.size(); ++j) {
          const auto& later = xs[order[j]];
          const auto counts = (subset >> order[j] & 1U) != 0;
          if (counts && later.to != 0 && later.to < x.from)
            good = false;
        }
        if (x.what.writes)
          state = x.what.number;
        else
          good &= state == x.what.number;
      }
      if (good)
        return true;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

} // namespace

TEST_CASE("linearize: classic histories of a register", "[sim_check]") {
  using verdict = linearize_verdict;
  struct row {
    const char* name;
    std::vector<timed> calls;
    verdict what;
    std::size_t culprit;
  };
  const row rows[] = {
    {"one after the other",
     {{write(1), 1, 2}, {read(1), 3, 4}},
     verdict::yes,
     0},
    {"a stale read", {{write(1), 1, 2}, {read(0), 3, 4}}, verdict::no, 1},
    {"a read of a write under way",
     {{write(1), 1, 9}, {read(1), 2, 3}},
     verdict::yes,
     0},
    {"a read that goes back",
     {{write(1), 1, 9}, {read(1), 2, 3}, {read(0), 4, 5}},
     verdict::no,
     2},
    {"a write that never returned takes effect late",
     {{write(1), 1, 0}, {read(0), 2, 3}, {read(1), 4, 5}},
     verdict::yes,
     0},
    {"but not twice",
     {{write(1), 1, 0}, {read(1), 2, 3}, {write(2), 4, 5}, {read(1), 6, 7}},
     verdict::no,
     3},
    {"a value that nobody wrote", {{read(7), 1, 2}}, verdict::no, 0},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      const auto found = judge(x.calls);
      CHECK(found.what == x.what);
      if (x.what == verdict::no)
        CHECK(found.culprit == x.culprit);
    }
  }
}

TEST_CASE("linearize: the same verdict as trying every order", "[sim_check]") {
  rng random{7};
  std::size_t good = 0;
  constexpr std::size_t histories = 1500;
  for (std::size_t n = 0; n < histories; ++n) {
    std::vector<timed> calls;
    const auto size = 1 + random.below(5);
    for (std::size_t i = 0; i < size; ++i) {
      const auto from = static_cast<int>(1 + random.below(8));
      const auto to = from + 1 + static_cast<int>(random.below(4));
      const auto number = static_cast<int>(random.below(3));
      const auto writes = random.below(2) == 0;
      calls.push_back(
        {{writes, number}, from, writes && random.below(4) == 0 ? 0 : to});
    }
    const auto expected = has_order(calls);
    good += expected;
    CHECK((judge(calls).what == linearize_verdict::yes) == expected);
  }
  CHECK(good > histories / 10);
  CHECK(good < histories * 9 / 10);
}

TEST_CASE("linearize: too much effort is inconclusive", "[sim_check]") {
  std::vector<timed> calls;
  for (int i = 1; i <= 12; ++i)
    calls.push_back({write(i), 1, 100});
  CHECK(judge(calls, 50).what == linearize_verdict::inconclusive);
}

TEST_CASE("linearize: long histories without overlap cost little",
          "[sim_check]") {
  std::vector<timed> calls;
  for (int i = 1; i <= 2000; ++i)
    calls.push_back(
      {i % 2 == 0 ? read(i / 2) : write(i / 2 + 1), 3 * i, 3 * i + 1});
  // Reads see the number that was written just before.
  for (int i = 1; i <= 2000; i += 2)
    calls[static_cast<std::size_t>(i - 1)].what = write((i + 1) / 2);
  const auto found = judge(calls);
  CHECK(found.what == linearize_verdict::yes);
  CHECK(found.effort < 5000);
}

} // namespace praetor::sim
