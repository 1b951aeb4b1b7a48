// Linearizability, guided by the order that the log gives: linear in time.
//
// Pure. A write that was answered has the index of its entry. A read has an
// index at which the model gives its answer; the lowest one that is not below
// what was finished before the read began is as good as any. The history is
// linearizable in log order if
// - each answer to a write is the model's;
// - each read has such an index (a stale one: any index);
// - a write's entry lies behind all that was finished before it began;
// - what failed is not in the log.
//
// This trusts the indexes that servers tell; linearizability.hpp does not.

#pragma once

#include "tests/sim/check/applied_log.hpp"
#include "tests/sim/check/history.hpp"
#include "tests/sim/check/model.hpp"

#include <vector>

namespace praetor::sim {

/// Returns what is wrong, in order of the operations. Names I13, I14, I15, I21
/// and I22 where the cause is plain, else "order".
/// @pre `state` was fed with the whole log.
std::vector<finding> check_order(const history& clients, const applied_log& log,
                                 const model& state);

/// Whether a read's answer is the model's at an index.
bool explains(const model& state, log_index index, const operation& read);

} // namespace praetor::sim
