// Questions about the catalog and their encoded answers. Pure.
//
// An answer's index follows the table in the head of queries.cpp. Topics are
// narrower than indexes on purpose: an answer about one node's checks has the
// index of the table of checks, but moves only with checks of that node. So an
// answer that is kept may show a lower index than one that is made anew, never
// another body.
//
// Source: Consul 1.8.7, measured.

#pragma once

#include "actors/catalog/core/tables.hpp"
#include "actors/catalog/core/vocabulary.hpp"
#include "runtime/base/owner.hpp"

#include <vector>

namespace praetor::catalog {

/// Answers from the rows as they are.
answer evaluate(const tables& rows, const query& q);

/// Returns what moves when the answer's body may change; depends on nothing but
/// the query.
std::vector<topic> topics_of(const query& q);

} // namespace praetor::catalog
