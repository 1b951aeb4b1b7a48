// A store's life under faults, for the crash tests.
//
// The harness writes random, valid batches to a store on a faulty disk and to a
// model, until a fault strikes. What a later start loads must be the model as
// of the last acknowledged write, or as of the write that failed: old or new,
// never between. It says nothing about which of both.

#pragma once

#include "runtime/base/rng.hpp"
#include "storage/faulty_env.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace praetor::test {

/// `Subject` opens stores and has
///   using model;                            // comparable, default: empty
///   status open(faulty_env&);               // opens and loads
///   const model& loaded() const;            // what `open` found
///   status write(rng&, model& next);        // changes `next`, tries to write
///   it void close();
template <class Subject>
class survival {
public:
  using model = typename Subject::model;

  explicit survival(std::uint64_t seed) : env{seed}, random_{seed ^ 0x5EEDU} {}

  ~survival() { subject_.close(); }

  survival(const survival&) = delete;
  survival& operator=(const survival&) = delete;

  /// Starts, makes up to `writes` writes and stops; or fails, which only a
  /// fault excuses. Returns the error's text, empty if there was none.
  std::string live(int writes) {
    auto failure = try_live(writes);
    if (!failure.empty() && !env.struck())
      FAIL("nothing struck, yet: " << failure);
    subject_.close();
    return failure;
  }

  faulty_env env;

private:
  std::string try_live(int writes) {
    if (auto s = subject_.open(env); !s)
      return s.error().context;
    const auto& found = subject_.loaded();
    if (std::find(possible_.begin(), possible_.end(), found) == possible_.end())
      FAIL("acknowledged writes are lost or others are half there");
    possible_ = {found};
    for (; writes > 0; --writes) {
      auto next = possible_.front();
      const auto s = subject_.write(random_, next);
      if (!s) {
        possible_.push_back(next);
        if (subject_.write(random_, next))
          FAIL("a store that failed accepts writes");
        return s.error().context;
      }
      possible_ = {std::move(next)};
    }
    return {};
  }

  rng random_;
  Subject subject_;
  /// What may be on the disk: one, or two if the last write failed.
  std::vector<model> possible_{model{}};
};

/// Runs `strike` on a fresh store before each operation of a life, and checks
/// that the store survives it, and two more lives that crash anywhere.
/// Returns the number of cases.
template <class Subject, class Strike>
int survive_everywhere(std::uint64_t seed, int writes, std::uint64_t stride,
                       Strike strike) {
  survival<Subject> whole{seed};
  REQUIRE(whole.live(writes).empty());
  auto cases = 0;
  for (std::uint64_t n = 1; n <= whole.env.operations(); n += stride) {
    INFO("seed=" << seed << " operation=" << n);
    survival<Subject> one{seed};
    rng random{seed * 1'000'003 + n};
    strike(one, n);
    for (auto life = 0; life < 2; ++life) {
      one.env.crash_at(one.env.operations() + 1 + random.below(150));
      one.live(static_cast<int>(random.below(20)));
      one.env.power_loss();
    }
    REQUIRE(one.live(3).empty());
    ++cases;
  }
  return cases;
}

} // namespace praetor::test
