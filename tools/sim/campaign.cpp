#include "tools/sim/campaign.hpp"

#include "runtime/base/codec.hpp"
#include "tests/sim/swarm.hpp"
#include "tools/sim/expected_events.hpp"

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <set>
#include <vector>

namespace praetor::tools {

namespace {

using wall_clock = std::chrono::steady_clock;

double seconds_since(wall_clock::time_point begin) {
  return std::chrono::duration<double>(wall_clock::now() - begin).count();
}

double seconds(duration x) {
  return std::chrono::duration<double>(x).count();
}

/// Names a set of values, so that reports can be told apart.
std::uint32_t hash_of(const std::map<std::string, std::int64_t>& settings) {
  std::uint32_t hash = 0x811C9DC5U;
  for (const auto c : encode(settings))
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193U;
  return hash;
}

class campaign {
public:
  explicit campaign(const sim_options& x) : options_{x} {}

  int run() {
    auto next = options_.first_seed;
    while (next <= options_.last_seed || children_.size() > 0) {
      while (next <= options_.last_seed && children_.size() < options_.jobs
             && !ended_)
        begin(next++);
      if (children_.size() == 0)
        break;
      auto [seed, report] = children_.wait();
      take(seed, report);
    }
    print_end();
    return findings_ > 0 ? 1 : 0;
  }

private:
  void begin(std::uint64_t seed) {
    const auto x = case_of(options_, seed);
    children_.start(seed, x);
  }

  void take(std::uint64_t seed, const isolated_report& report) {
    if (options_.twice && !first_hash_.count(seed) && !report.run.broken) {
      first_hash_[seed] = report.run.hash;
      return begin(seed);
    }
    ++runs_;
    virtual_seconds_ += seconds(report.run.time);
    if (report.run.inconclusive)
      inconclusive_.push_back(seed);
    for (const auto& [name, count] : report.events)
      events_[name] += count;
    auto checked = report;
    const auto first = first_hash_.find(seed);
    if (first != first_hash_.end() && first->second != report.run.hash)
      checked.run.broken =
        sim::finding{"determinism", "two runs have different traces", {}};
    if (checked.run.broken) {
      ++findings_;
      print_finding(case_of(options_, seed), checked,
                    replay_command(options_, seed));
      ended_ = !options_.keep_going;
    }
    if (runs_ % 25 == 0)
      print_progress();
  }

  void print_progress() const {
    const auto span = seconds_since(begin_);
    std::printf("%" PRIu64 " seeds, %.1f a second, %.0f virtual seconds a "
                "second, %" PRIu64 " findings\n",
                runs_, static_cast<double>(runs_) / span,
                virtual_seconds_ / span, findings_);
    std::fflush(stdout);
  }

  void print_end() const {
    print_progress();
    std::printf("inconclusive: %zu", inconclusive_.size());
    for (const auto seed : inconclusive_)
      std::printf("%s%" PRIu64,
                  seed == inconclusive_.front() ? ", seeds " : " ", seed);
    std::printf("\n");
    std::string never;
    for (const auto& name : expected_events)
      if (!events_.count(std::string{name}))
        never += "\n  " + std::string{name};
    if (!never.empty())
      std::printf("never happened:%s\n", never.c_str());
    if (options_.trace)
      for (const auto& [name, count] : events_)
        std::printf("%10" PRIu64 "  %s\n", count, name.c_str());
  }

  const sim_options& options_;
  child_runs children_;
  wall_clock::time_point begin_ = wall_clock::now();
  std::map<std::uint64_t, std::uint64_t> first_hash_;
  std::map<std::string, std::uint64_t> events_;
  std::uint64_t runs_ = 0;
  std::uint64_t findings_ = 0;
  /// Runs that could not be judged.
  std::vector<std::uint64_t> inconclusive_;
  double virtual_seconds_ = 0;
  bool ended_ = false;
};

} // namespace

sim::sim_case case_of(const sim_options& x, std::uint64_t seed) {
  sim::swarm_options given;
  given.nodes = x.servers;
  given.duration_ns = x.time_ns;
  given.scenario = x.scenario;
  auto out = sim::draw_case(seed, given);
  if (x.calm) {
    out.faults.clear();
    out.settings.clear();
  }
  if (x.clients)
    out.clients = *x.clients;
  for (const auto& [name, value] : x.settings)
    out.settings[name] = value;
  out.mutant = x.mutant;
  return out;
}

void print_finding(const sim::sim_case& x, const isolated_report& found,
                   const std::string& replay) {
  const auto& broken = *found.run.broken;
  for (const auto& line : found.run.lines)
    std::printf("  %s\n", line.c_str());
  std::printf("SIMFAIL seed=%" PRIu64 " version=" PRAETOR_VERSION
              " config=%08" PRIx32 " invariant=%s vtime=%.6f event=%" PRIu64
              " %s\n",
              x.seed, hash_of(x.settings), broken.invariant.c_str(),
              seconds(broken.at), found.run.events, broken.text.c_str());
  std::printf("replay: %s -trace\n", replay.c_str());
  std::fflush(stdout);
}

void print_summary(const sim::sim_case& x, const isolated_report& done) {
  const auto& r = done.run;
  std::printf("seed %" PRIu64 ": %" PRIu64 " servers, %" PRIu64
              " clients, %zu faults, %.1f s virtual\n",
              x.seed, x.nodes, x.clients, x.faults.size(), seconds(r.time));
  std::printf("%" PRIu64 " elections, %" PRIu64 " entries, %" PRIu64
              " messages between servers, %" PRIu64 " steps\n",
              r.elections, r.entries, r.messages, r.steps);
  std::printf("%zu operations: %zu answered, %zu refused, %zu unknown\n",
              r.counts.operations, r.counts.answered, r.counts.failed,
              r.counts.unknown);
  std::printf("trace %016" PRIx64 " of %" PRIu64 " events%s\n", r.hash,
              r.events, r.inconclusive ? ", inconclusive" : "");
}

int run_campaign(const sim_options& x) {
  return campaign{x}.run();
}

} // namespace praetor::tools
