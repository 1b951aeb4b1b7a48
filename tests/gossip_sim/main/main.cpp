// The program `gossip-sim`: pools of gossip cores on virtual time.
//
//   gossip-sim [-mutant ID] [-twice] -seeds A..B   some minutes of each
//   gossip-sim -seed N                             one, with its story
//   gossip-sim -pool N                             times in a large pool
//
// Exit status 1, and a line GOSSIPFAIL, if an invariant does not hold.

#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"
#include "runtime/base/text.hpp"
#include "tests/gossip_sim/large_pool.hpp"
#include "tests/gossip_sim/simulation.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace praetor;

volatile std::uint64_t current_seed = 0;

/// A core's own assertions are findings, too.
extern "C" void on_abort(int) {
  std::printf("GOSSIPFAIL seed=%llu invariant=assertion\n",
              static_cast<unsigned long long>(current_seed));
  std::fflush(stdout);
  _exit(1);
}

int usage() {
  std::fputs("usage: gossip-sim [-mutant ID] [-twice] -seeds A..B\n"
             "       gossip-sim [-mutant ID] -seed N\n"
             "       gossip-sim -pool MEMBERS\n",
             stderr);
  return 2;
}

int run_pool(std::uint64_t members) {
  int code = 0;
  for (const auto& x : gossip_sim::measure_large_pool(members, 1)) {
    const auto good = x.seconds <= x.limit;
    std::printf("%6llu members  %-26s %7.2f  at most %5.2f%s\n",
                static_cast<unsigned long long>(members), x.what.c_str(),
                x.seconds, x.limit, good ? "" : "  GOSSIPFAIL");
    code = good ? code : 1;
  }
  return code;
}

/// What is judged over many runs: single ones may be unlucky.
struct statistics {
  std::vector<double> denied_after;
  std::vector<double> crash_known_after;
};

double median(std::vector<double> xs) {
  std::sort(xs.begin(), xs.end());
  return xs.empty() ? 0 : xs.at(xs.size() / 2);
}

/// Denied within three periods of gossip; known within twice the expected time.
bool judge(const statistics& x) {
  const auto denied = median(x.denied_after);
  const auto known = median(x.crash_known_after);
  std::printf("accusations denied after %.2f s (at most 0.60)\n"
              "crashes known after %.2f of the expected time (at most 2)\n",
              denied, known);
  if (denied <= 0.6 && known <= 2)
    return true;
  std::printf("GOSSIPFAIL seed=0 invariant=%s too slow\n",
              denied <= 0.6 ? "I18" : "I19");
  return false;
}

bool run_one(std::uint64_t seed, bool twice, bool story, statistics& all) {
  current_seed = seed;
  auto done = gossip_sim::run_seed(seed);
  if (twice && !done.broken && gossip_sim::run_seed(seed).hash != done.hash)
    done.broken = gossip_sim::finding{"determinism", "two runs differ"};
  if (story || done.broken)
    for (const auto& line : done.story)
      std::printf("%s\n", line.c_str());
  if (done.broken)
    std::printf("GOSSIPFAIL seed=%llu invariant=%s %s\n",
                static_cast<unsigned long long>(seed),
                done.broken->invariant.c_str(), done.broken->text.c_str());
  const auto append = [](std::vector<double>& to,
                         const std::vector<double>& x) {
    to.insert(to.end(), x.begin(), x.end());
  };
  append(all.denied_after, done.denied_after);
  append(all.crash_known_after, done.crash_known_after);
  return !done.broken;
}

/// Says which rare things never happened in so many runs.
void print_events() {
  for (const auto& [event, count] : simulation::counted_events())
    std::printf("%10llu  %s\n", static_cast<unsigned long long>(count),
                event.c_str());
}

} // namespace

int main(int argc, char** argv) {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t members = 0;
  bool twice = false;
  bool story = false;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "-twice") {
      twice = true;
      continue;
    }
    if (++i == argc)
      return usage();
    const std::string value = argv[i];
    const auto dots = value.find("..");
    if (option == "-mutant") {
#ifdef PRAETOR_MUTANTS
      simulation::choose_mutant(value);
#else
      std::fputs("gossip-sim: built without -DPRAETOR_MUTANTS=ON\n", stderr);
      return 2;
#endif
    } else if (option == "-seeds" && dots != std::string::npos) {
      first = std::strtoull(value.c_str(), nullptr, 10);
      last = std::strtoull(value.c_str() + dots + 2, nullptr, 10);
    } else if (option == "-seed") {
      first = last = std::strtoull(value.c_str(), nullptr, 10);
      story = true;
    } else if (option == "-pool") {
      members = std::strtoull(value.c_str(), nullptr, 10);
    } else {
      return usage();
    }
  }
  if (std::signal(SIGABRT, on_abort) == SIG_ERR)
    return 2;
  if (members >= 100)
    return run_pool(members);
  if (first == 0 || last < first)
    return usage();
  simulation::begin_counting();
  statistics all;
  for (auto seed = first; seed <= last; ++seed)
    if (!run_one(seed, twice, story, all))
      return 1;
  print_events();
  if (last - first > 100 && !judge(all))
    return 1;
  std::printf("%llu seeds: no finding\n",
              static_cast<unsigned long long>(last - first + 1));
  return 0;
}
