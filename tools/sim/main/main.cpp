// The program `praetor-sim`: runs simulations of a cluster. `praetor sim` is
// the same: it calls this one, which lies beside it.

#include "tests/sim/check/case_file.hpp"
#include "tests/sim/check/harness.hpp"
#include "tests/sim/check/shrink.hpp"
#include "tests/sim/settings.hpp"
#include "tools/sim/campaign.hpp"
#include "tools/sim/options.hpp"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace praetor;
using namespace praetor::tools;

/// One run, in this process if its trace is to be seen.
int run_one(const sim_options& options, const sim::sim_case& x,
            const std::string& replay) {
  isolated_report done;
  if (options.trace)
    done.run = sim::run_case(x, true);
  else
    done = run_isolated(x);
  if (options.twice && !done.run.broken
      && run_isolated(x).run.hash != done.run.hash)
    done.run.broken =
      sim::finding{"determinism", "two runs have different traces", {}};
  print_summary(x, done);
  if (!done.run.broken)
    return 0;
  if (options.trace)
    done.run.lines.clear();
  print_finding(x, done, replay);
  return 1;
}

result<sim::sim_case> load_case(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    return error{errc::io_error, "cannot read " + path};
  auto x = sim::read_case(text.str());
  if (!x)
    return error{x.error().code, path + ": " + x.error().context};
  if (auto values = sim::read_settings(x->settings); !values)
    return error{errc::invalid_argument, path + ": " + values.error().context};
  return x;
}

/// Makes a failing case small and writes it.
int shrink_one(const sim_options& options, sim::sim_case x) {
  const auto first = run_isolated(x);
  if (!first.run.broken) {
    std::printf("this run does not fail\n");
    return 0;
  }
  x.invariant = first.run.broken->invariant;
  x.note = first.run.broken->text;
  sim::shrink_options how;
  how.runs_max = 600;
  for (std::size_t c = 0; c < first.run.asked.size(); ++c)
    for (std::uint64_t n = 0; n < first.run.asked[c]; ++n)
      how.operations.emplace(c, n);
  const auto small = sim::shrink(
    x,
    [&x](const sim::sim_case& smaller) {
      const auto again = run_isolated(smaller);
      return again.run.broken && again.run.broken->invariant == x.invariant;
    },
    how);
  const auto path =
    options.out_file.empty() ? "sim-case.json" : options.out_file;
  std::ofstream out{path, std::ios::binary};
  out << sim::write_case(small.smallest);
  out.close();
  if (!out) {
    std::fprintf(stderr, "praetor sim: cannot write %s\n", path.c_str());
    return 1;
  }
  print_finding(small.smallest, run_isolated(small.smallest),
                "praetor sim -case " + path);
  std::printf("%zu faults, %llu clients, %zu runs; written to %s\n",
              small.smallest.faults.size(),
              static_cast<unsigned long long>(small.smallest.clients),
              small.runs, path.c_str());
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  const auto options =
    parse_sim_options(std::vector<std::string>{argv + 1, argv + argc});
  if (!options) {
    std::fprintf(stderr, "praetor sim: %s; -h shows the options\n",
                 options.error().context.c_str());
    return 2;
  }
  if (options->help) {
    std::fputs(sim_usage().c_str(), stdout);
    return 0;
  }
  sim::choose_harness_mutant(options->harness);
  if (options->campaign)
    return run_campaign(*options);
  auto x = case_of(*options, options->first_seed);
  auto replay = replay_command(*options, x.seed);
  if (!options->case_file.empty()) {
    auto loaded = load_case(options->case_file);
    if (!loaded) {
      std::fprintf(stderr, "praetor sim: %s\n", loaded.error().context.c_str());
      return 2;
    }
    x = std::move(*loaded);
    replay = "praetor sim -case " + options->case_file;
  }
  return options->shrink ? shrink_one(*options, x)
                         : run_one(*options, x, replay);
}
