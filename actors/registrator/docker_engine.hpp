// The Docker Engine API as far as registration needs it: which version to
// speak, the list of containers, one container, the stream of events.
//
// The version is min(ours, the engine's), but not below what the engine
// demands; it is asked anew after the stream has ended. Not thread-safe: called
// by one actor, whose executor runs the handlers. Source: Docker Engine
// API 1.24 to 1.52.

#pragma once

#include "actors/registrator/core/container.hpp"
#include "actors/registrator/wire.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace praetor::registrator {

/// "1.41"; compared by number.
struct api_version {
  int major = 0;
  int minor = 0;

  friend auto operator<=>(const api_version&, const api_version&) = default;
};

/// Returns the version to speak with an engine that knows `lowest` to
/// `highest`.
api_version choose_version(api_version lowest, api_version highest);

/// See the head of the file.
class docker_engine : public std::enable_shared_from_this<docker_engine> {
public:
  explicit docker_engine(wire to) : wire_{std::move(to)} {}

  /// The ids of all containers that run, or of all that exist.
  void list(bool all, handler<std::vector<std::string>> f);

  /// Errors: not_found.
  void inspect(const std::string& id, handler<container> f);

  /// Events since then, in seconds since 1970; 0: from now on. What the engine
  /// sends that is no event of a container is left out.
  /// @param ended gets an error in any case; no_error text is "EOF"
  void watch(std::int64_t since, std::function<void(container_event)> each,
             handler<std::monostate> ended);

private:
  void versioned(std::string path, handler<std::string> f);
  void get(const std::string& path, handler<http_answer> f);

  wire wire_;
  /// "/v1.41", or empty while it is not known.
  std::string prefix_;
};

} // namespace praetor::registrator
