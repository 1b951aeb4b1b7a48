// Transactions: node, service and check operations that all happen or none.
// Pure.
//
// Every operation is tried, so that the client learns of all that fail; what
// the later ones see includes the earlier ones. The caller undoes the tables if
// there are errors. Source: Consul 1.8.7, measured.

#pragma once

#include "actors/catalog/core/tables.hpp"
#include "actors/catalog/core/vocabulary.hpp"
#include "actors/catalog/core/writer.hpp"

namespace praetor::catalog {

/// Runs all operations. Results are there even if there are errors.
transaction_outcome run(const transaction& x, const tables& rows,
                        writer& changes);

} // namespace praetor::catalog
