// Linearizability of keys, locks and sessions, blind to the order of the log.
//
// Pure. The history is taken apart into groups of keys and sessions that no
// operation ties together; each group is searched alone (linearize.hpp). What
// ends sessions besides clients (time, lost checks) happens at an unknown
// moment between a session's creation and the moment that is given.
//
// Whether a lock-delay runs is not known here: whoever asks for a lock of a key
// whose holder's session ended may be told either. I13 looks at that.

#pragma once

#include "tests/sim/check/history.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace praetor::sim {

/// A session that no client ended, and when at the latest.
struct silent_end {
  std::string session;
  moment upto{0};
};

struct blind_options {
  /// Configurations for one group; more are "inconclusive".
  std::size_t effort_max = 20'000;
};

struct blind_report {
  std::vector<finding> findings;
  std::size_t groups = 0;
  std::size_t inconclusive = 0;
  std::size_t effort = 0;
};

blind_report check_blind(const history& clients,
                         const std::vector<silent_end>& ends,
                         blind_options options = {});

} // namespace praetor::sim
