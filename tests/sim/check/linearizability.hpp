// Linearizability of keys, locks and sessions, blind to the order of the log.
//
// Pure. The history is taken apart into groups of keys and sessions that no
// operation ties together; each group is searched alone (linearize.hpp). What
// ends sessions besides clients (time, lost checks) happens at an unknown
// moment between a session's creation and the moment that is given. Likewise
// what became of requests whose clients were not told: whether they took
// effect, and by when, can be given; the order of the log is not used.
//
// Whether a lock-delay runs is not known here: whoever asks for a lock of a key
// whose holder's session ended may be told either. I13 looks at that.

#pragma once

#include "tests/sim/check/history.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace praetor::sim {

/// A session that no client ended, and when at the latest.
struct silent_end {
  std::string session;
  moment upto{0};
};

/// When commands were applied first, by their payloads; no others took effect.
using applied_first = std::map<std::string, std::vector<moment>>;

struct blind_options {
  /// Configurations for one group; more are "inconclusive".
  std::size_t effort_max = 100'000;
};

struct blind_report {
  std::vector<finding> findings;
  std::size_t groups = 0;
  std::size_t inconclusive = 0;
  std::size_t effort = 0;
};

/// `applied` may be null: then unknown outcomes stay so.
blind_report check_blind(const history& clients,
                         const std::vector<silent_end>& ends,
                         const applied_first* applied = nullptr,
                         blind_options options = {});

} // namespace praetor::sim
