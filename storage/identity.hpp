// Whether a data directory belongs to who wants to use it. Pure.

#pragma once

#include "runtime/base/result.hpp"
#include "storage/log_store.hpp"

namespace praetor {

/// Errors: rejected if the database was written by another node, or by a node
/// of another cluster: its vote and log mean nothing here.
inline status check_identity(const log_identity& stored,
                             const log_identity& expected) {
  if (stored.cluster_id != expected.cluster_id)
    return error{errc::rejected, "the data directory belongs to cluster "
                                   + stored.cluster_id + ", this node to "
                                   + expected.cluster_id};
  if (stored.node != expected.node)
    return error{errc::rejected, "the data directory belongs to node "
                                   + stored.node.value + ", this is node "
                                   + expected.node.value};
  return ok;
}

} // namespace praetor
