// How health looks at the world: HTTP requests, TCP connections and scripts.
// Abstract, so that tests and the simulation need no network; runtime/net has
// the real one. No CAF, no Boost.
//
// Calls may come from any thread and never block. Each reply is completed
// exactly once, latest shortly after the timeout: an error's context is the
// sentence that people read as the check's output.

#pragma once

#include "actors/health/core/probes.hpp"
#include "runtime/base/reply.hpp"

#include <cstdint>
#include <variant>

namespace praetor::health {

/// See the head of the file.
class prober {
public:
  prober() = default;
  prober(const prober&) = delete;
  prober& operator=(const prober&) = delete;
  virtual ~prober() = default;

  /// @param id Names the probe for `cancel`; unique among those under way.
  virtual void http(std::uint64_t id, http_probe what,
                    reply<http_outcome> to) = 0;
  virtual void tcp(std::uint64_t id, tcp_probe what,
                   reply<std::monostate> to) = 0;
  virtual void script(std::uint64_t id, script_probe what,
                      reply<script_outcome> to) = 0;

  /// Ends a probe; a script is killed with its group. Unknown ids are fine.
  virtual void cancel(std::uint64_t id) = 0;
};

} // namespace praetor::health
