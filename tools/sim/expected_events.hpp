// Rare events that a good mix of faults brings about: a campaign names those
// that never happened (runtime/base/sometimes.hpp). Part of them is counted in
// the engine, part in the simulation.

#pragma once

#include <string_view>

namespace praetor::tools {

inline constexpr std::string_view expected_events[] = {
  "catalog.command_undone",
  "kv.lock_handed_over",
  "kv.lock_refused_by_delay",
  "kv.session_destroyed",
  "kv.session_ended_by_check",
  "kv.session_ended_by_node",
  "kv.transaction_of_both_owners_aborted",
  "leader.renewal_came_too_late",
  "leader.session_expired",
  "owner.watch_woken_by_delete",
  "raft.step_down_without_quorum",
  "raft.vote_split",
  "state.forgotten_command",
  "state.mixed_aborted",
  "state.mixed_committed",
  "state.repeated_command",
  "sim: a bridge joined two groups",
  "sim: a checkpoint was written",
  "sim: a link's queue was full",
  "sim: a server refused its disk",
  "sim: a server stopped itself",
  "sim: all servers lost power",
  "sim: checkpoints were compared",
  "sim: entries were truncated",
  "sim: tables were taken over",
  "sim: the membership was changed",
};

} // namespace praetor::tools
