// A Consul agent as registry.

#pragma once

#include "actors/registrator/http_backend.hpp"

#include <memory>
#include <string>

namespace praetor::registrator {

std::unique_ptr<backend> make_consul_backend(wire to, std::string hostname);

/// Asks for the leader and answers `<name>: current leader  <address>`.
void ping_consul(const wire& to, const std::string& name,
                 const handler<std::string>& f);

} // namespace praetor::registrator
