// Questions about the instances of a service and about checks. Pure.

#pragma once

#include "actors/catalog/core/tables.hpp"
#include "actors/catalog/core/vocabulary.hpp"
#include "runtime/base/owner.hpp"

#include <utility>
#include <vector>

namespace praetor::catalog {

/// The state that stands for all of them.
inline constexpr auto any_state = "any";

/// The instances that a query is about, by node and service id.
struct selection {
  std::vector<std::pair<row_key, const service_row*>> instances;
  log_index index = 0;
};

/// Whether the node's metadata has all pairs of the query.
bool matches_meta(const node_row& x, const query& q);

/// Selects by service or proxied service, tags and metadata of nodes. Tags
/// select nothing among proxies. O(instances of the service).
selection select_instances(const tables& rows, const query& q);

answer health_entries(const tables& rows, const query& q);
answer checks_of_node(const tables& rows, const query& q);
answer checks_of_service(const tables& rows, const query& q);
answer checks_in_state(const tables& rows, const query& q);

} // namespace praetor::catalog
