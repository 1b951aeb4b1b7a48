#include "tests/sim/check/shrink.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace praetor::sim {

namespace {

class shrinker {
public:
  shrinker(sim_case start, const case_runner& fails,
           const shrink_options& options)
    : best_{std::move(start)}, fails_{fails}, options_{options} {}

  shrink_result run() {
    auto progress = true;
    while (progress && !spent()) {
      progress = drop_kinds();
      progress |= drop_faults();
      progress |= drop_clients();
      progress |= drop_operations();
      progress |= drop_nodes();
      progress |= drop_time();
    }
    return {std::move(best_), runs_};
  }

private:
  bool spent() const { return runs_ >= options_.runs_max; }

  /// Keeps the candidate if it still fails.
  bool keep_if_it_fails(sim_case candidate) {
    if (spent() || candidate == best_)
      return false;
    ++runs_;
    if (!fails_(candidate))
      return false;
    best_ = std::move(candidate);
    return true;
  }

  bool drop_kinds() {
    std::set<std::string> kinds;
    for (const auto& x : best_.faults)
      kinds.insert(x.kind);
    auto progress = false;
    for (const auto& kind : kinds) {
      auto next = best_;
      std::erase_if(next.faults,
                    [&kind](const decision& x) { return x.kind == kind; });
      progress |= keep_if_it_fails(std::move(next));
    }
    return progress;
  }

  /// Tries to leave out parts of a list: halves, quarters, ... single ones.
  /// `without(from, to)` gives the case without these elements, `size` the
  /// elements of the best case.
  template <class Size, class Without>
  bool drop_parts(Size size, Without without) {
    auto progress = false;
    for (auto part = (size() + 1) / 2; part > 0 && !spent(); part /= 2) {
      std::size_t from = 0;
      while (from < size() && !spent()) {
        const auto to = std::min(from + part, size());
        // What was left out makes room for what comes behind it.
        if (keep_if_it_fails(without(from, to)))
          progress = true;
        else
          from = to;
      }
    }
    return progress;
  }

  bool drop_faults() {
    return drop_parts([this] { return best_.faults.size(); },
                      [this](std::size_t from, std::size_t to) {
                        auto next = best_;
                        const auto at = next.faults.begin();
                        next.faults.erase(at
                                            + static_cast<std::ptrdiff_t>(from),
                                          at + static_cast<std::ptrdiff_t>(to));
                        return next;
                      });
  }

  bool drop_operations() {
    const auto left = [this] {
      std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
      for (const auto& x : options_.operations)
        if (x.first < best_.clients && !best_.dropped_operations.contains(x))
          out.push_back(x);
      return out;
    };
    return drop_parts([&left] { return left().size(); },
                      [this, &left](std::size_t from, std::size_t to) {
                        const auto names = left();
                        auto next = best_;
                        for (auto i = from; i < to; ++i)
                          next.dropped_operations.insert(names[i]);
                        return next;
                      });
  }

  bool drop_clients() {
    auto progress = false;
    while (best_.clients > 1) {
      auto next = best_;
      --next.clients;
      if (!keep_if_it_fails(std::move(next)))
        break;
      progress = true;
    }
    return progress;
  }

  /// An even number of voters is no better than one less.
  bool drop_nodes() {
    auto progress = false;
    while (best_.nodes >= options_.nodes_min + 2) {
      auto next = best_;
      next.nodes -= 2;
      if (!keep_if_it_fails(std::move(next)))
        break;
      progress = true;
    }
    return progress;
  }

  bool drop_time() {
    auto progress = false;
    for (auto cut = best_.duration_ns / 2; cut > 0 && !spent();) {
      auto next = best_;
      next.duration_ns -= std::min(cut, next.duration_ns);
      std::erase_if(next.faults, [&next](const decision& x) {
        return x.at_ns > next.duration_ns;
      });
      if (keep_if_it_fails(std::move(next))) {
        progress = true;
        cut = std::min(cut, best_.duration_ns / 2);
      } else {
        cut /= 2;
      }
      // Finer than a tenth of a second says nothing.
      if (cut < 100'000'000)
        break;
    }
    return progress;
  }

  sim_case best_;
  const case_runner& fails_;
  const shrink_options& options_;
  std::size_t runs_ = 0;
};

} // namespace

shrink_result shrink(sim_case start, const case_runner& fails,
                     const shrink_options& options) {
  return shrinker{std::move(start), fails, options}.run();
}

} // namespace praetor::sim
