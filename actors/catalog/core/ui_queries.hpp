// What the web UI asks: nodes with all they have, and a summary of services.
// Pure. Unlike elsewhere, empty lists of tags are null in these answers.

#pragma once

#include "actors/catalog/core/tables.hpp"
#include "actors/catalog/core/vocabulary.hpp"
#include "runtime/base/owner.hpp"

namespace praetor::catalog {

answer ui_nodes(const tables& rows);

/// Not found if there is no such node.
answer ui_node(const tables& rows, const query& q);

answer ui_services(const tables& rows);

} // namespace praetor::catalog
