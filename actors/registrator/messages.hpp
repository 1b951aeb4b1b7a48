// Messages of registrator. All come from itself and from its wires: whoever
// wants to change what is registered starts and stops containers.

#pragma once

#include "runtime/base/reply.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace praetor::registrator {

/// The ids of the services that should be registered, and whether they are.
struct get_registrations {
  using is_message = void;
  struct found {
    std::vector<std::string> services;
    std::size_t containers = 0;
    bool settled = false;
  };
  reply<found> to;
};

/// Take everything that we registered out of the registry, and stop looking at
/// containers. Answered when it is out.
struct retire {
  using is_message = void;
  reply<std::monostate> to;
};

} // namespace praetor::registrator
