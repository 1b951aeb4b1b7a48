// Runs cases in child processes, so that a failed assertion, a crash or an
// endless loop is a finding like any other.

#pragma once

#include "tests/sim/simulation.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace praetor::tools {

/// What came back.
struct isolated_report {
  sim::run_report run;
  /// How often rare events happened (runtime/base/sometimes.hpp).
  std::map<std::string, std::uint64_t> events;
};

/// A few child processes, each with one run.
class child_runs {
public:
  /// A run that takes longer (in real time) is stuck.
  static constexpr unsigned seconds_max = 300;

  child_runs() = default;
  child_runs(const child_runs&) = delete;
  child_runs& operator=(const child_runs&) = delete;

  /// Kills those that still run.
  ~child_runs();

  std::size_t size() const { return children_.size(); }

  /// Begins a run; `tag` comes back with its report.
  void start(std::uint64_t tag, const sim::sim_case& x);

  /// Waits until one ends.
  /// @pre `size() > 0`.
  std::pair<std::uint64_t, isolated_report> wait();

private:
  struct child {
    std::uint64_t tag = 0;
    pid_t pid = 0;
    int answer = -1;
    int errors = -1;
    std::string bytes;
  };

  static isolated_report conclude(const child& x);

  std::vector<child> children_;
};

/// Runs one case in a child process.
isolated_report run_isolated(const sim::sim_case& x);

} // namespace praetor::tools
