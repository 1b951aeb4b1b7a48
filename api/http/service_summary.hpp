// Sums up the instances that match a filter, one line for each service, as
// /v1/internal/ui/services shows them. Pure. (Without a filter the catalog does
// this itself.)
// Source: Consul agent/ui_endpoint.go, summarizeServices.

#pragma once

#include "api/http/filter.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/result.hpp"

namespace praetor::http {

/// `nodes` is the body of /v1/internal/ui/nodes. `keep` was compiled for health
/// entries. Errors: corruption if `nodes` is something else.
result<shared_text> summarize_services(const shared_text& nodes,
                                       const filter::predicate& keep);

} // namespace praetor::http
