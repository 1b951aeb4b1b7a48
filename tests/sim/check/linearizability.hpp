// Linearizability of keys, locks and sessions, blind to the order of the log.
//
// Pure. The history is taken apart into groups of keys and sessions that no
// operation ties together; each group is searched alone (linearize.hpp). What
// nobody was told of is placed at the moment in which a server applied it
// first: the end of sessions by time or lost checks, and requests whose clients
// stopped waiting. Before that nobody sees it, and whoever asks later does. The
// order of the log is not used.
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

/// Sessions that one entry ended without a client asking for it, and when that
/// entry was applied first.
struct silent_end {
  std::vector<std::string> sessions;
  moment at{0};
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
