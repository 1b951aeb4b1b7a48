// A transaction: operations on a draft, all or none.
//
// Pure. Source: Consul, agent/consul/state/txn.go, txn_endpoint.go.

#pragma once

#include "actors/kv/core/draft.hpp"
#include "actors/kv/core/verbs.hpp"
#include "actors/kv/core/vocabulary.hpp"

#include <vector>

namespace praetor::kv {

/// Runs the operations in order; each sees the changes of those before. If
/// there are errors, there are no results, and the draft is of no use.
transaction_outcome run(std::vector<positioned_operation> operations,
                        draft& keys, const surroundings& around);

} // namespace praetor::kv
