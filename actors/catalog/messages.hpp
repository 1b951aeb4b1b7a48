// What can be asked of the catalog, the owner of nodes, services and checks.

#pragma once

#include "actors/catalog/core/vocabulary.hpp"
#include "actors/owner/messages.hpp"

namespace praetor::catalog {

using read = owner::read<query>;
using read_many = owner::read_many<query>;
using apply = owner::apply<command>;
using prepare = owner::prepare<command>;

} // namespace praetor::catalog
