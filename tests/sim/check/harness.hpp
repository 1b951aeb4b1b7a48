// Deliberate bugs of the simulation itself, to prove that its results depend on
// what they should depend on.
//
//   H1  an unknown outcome is recorded as a failure     -> false alarms
//   H2  a failure is recorded as an answer              -> false alarms
//   H3  the check of matching logs is off               -> others must notice
//   H4  a crash keeps what was not synced               -> M07 is not noticed
//   H5  nobody looks into disks for what is durable     -> others must notice

#pragma once

#include <string>
#include <string_view>

namespace praetor::sim {

/// Chooses bugs of the harness, such as "H4H5"; an empty id chooses none.
void choose_harness_mutant(std::string id);

/// Whether the bug is chosen.
bool harness_mutant(std::string_view id);

} // namespace praetor::sim
