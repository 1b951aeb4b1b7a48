// Registrator: keeps a registry equal to what runs in Docker on this host.
//
// Spawned by the node (`actor "registrator"`) or by the command of that name;
// it lives as long as the process. It holds no truth: engine and registry have
// it. If the actor dies nothing is lost, and the next start compares again.
//
//   engine --events, list, inspect--> REGISTRATOR --add, remove--> registry
//                                         |  ^-------list----------- |
//                                         +-- every 30 s, after each reconnect
//
// Nothing is deregistered when it ends, unless it was told to `retire`:
// services outlive their registrator.

#pragma once

#include "actors/message_traits.hpp"
#include "actors/registrator/backend.hpp"
#include "actors/registrator/core/options.hpp"
#include "actors/registrator/messages.hpp"
#include "runtime/base/http_client.hpp"

#include <caf/typed_actor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace praetor::registrator {

/// INTERNAL: an answer or a piece of one, with what is to be done.
struct continue_with {
  using is_message = void;
  std::function<void()> what;
};

/// INTERNAL: something may be due.
struct wake_up {
  using is_message = void;
  std::uint64_t generation = 0;
};

/// The interface of registrator.
using registrator_actor = caf::typed_actor<
  /// Always answers.
  caf::reacts_to<get_registrations>,
  /// Answers when the registry is rid of us; never, if it stays away.
  caf::reacts_to<retire>,
  // INTERNAL.
  caf::reacts_to<continue_with>, caf::reacts_to<wake_up>>;

/// What registrator is told at birth.
struct registrator_options {
  options how;
  /// Of this process.
  std::string hostname;
  /// Returns an address of this host, or "". May block for a moment; called
  /// before each comparison.
  std::function<std::string()> address;
  /// Returns the address of all services, or "" as long as there is none; null:
  /// each has its own. Called likewise.
  std::function<std::string()> forced_address;
  /// Nanoseconds since 1970.
  std::function<std::int64_t()> wall_clock;
  /// How often the registry is tried at start; below 0: for ever.
  std::int64_t retry_attempts = 0;
  duration retry_interval = std::chrono::milliseconds{2000};
  /// Engine or registry cannot be reached at start. Called once, in any thread.
  std::function<void(std::string why)> on_fatal;
  /// Whether an engine that is away at start is fatal.
  bool engine_required = true;
};

/// Makes the registry's side, given how to run its handlers.
using backend_maker = std::function<std::unique_ptr<backend>(executor)>;

/// @param engine reaches Docker
registrator_actor spawn_registrator(caf::actor_system& sys,
                                    registrator_options options,
                                    std::shared_ptr<http_client> engine,
                                    backend_maker registry);

} // namespace praetor::registrator
