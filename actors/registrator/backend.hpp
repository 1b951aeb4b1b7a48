// A registry, whatever it is. Not thread-safe: called by one actor, whose
// executor runs the handlers.

#pragma once

#include "actors/registrator/core/container.hpp"
#include "actors/registrator/core/ownership.hpp"
#include "actors/registrator/core/service.hpp"
#include "actors/registrator/wire.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace praetor::registrator {

using done = handler<std::monostate>;

/// What a registry has; nothing: it cannot say.
using listing = std::optional<std::vector<registered>>;

/// See the head of the file.
class backend {
public:
  backend() = default;
  backend(const backend&) = delete;
  backend& operator=(const backend&) = delete;
  virtual ~backend() = default;

  /// Asks whether it is there. Answers a line for the log, or "".
  virtual void ping(handler<std::string> f) = 0;

  virtual void add(const service& x, done f) = 0;

  /// Removing what is not there succeeds.
  virtual void remove(const service& x, done f) = 0;

  /// Writes again before it expires. Only called with a TTL.
  virtual void refresh(const service& x, done f) = 0;

  virtual void list(handler<listing> f) = 0;

  /// Passes on the verdict of a container's own HEALTHCHECK.
  virtual void report(const service& x, container_health health, done f) = 0;

  /// What list() shows once `x` is registered.
  virtual registered shown(const service& x) const = 0;

  /// What it would refuse of a service, one line each.
  virtual std::vector<std::string> faults(const service&) const { return {}; }
};

} // namespace praetor::registrator
