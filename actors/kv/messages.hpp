// What can be asked of kv, the owner of keys, sessions and locks.

#pragma once

#include "actors/kv/core/vocabulary.hpp"
#include "actors/owner/messages.hpp"

namespace praetor::kv {

using read = owner::read<query>;
using read_many = owner::read_many<query>;
using apply = owner::apply<command>;
using prepare = owner::prepare<command>;

} // namespace praetor::kv
