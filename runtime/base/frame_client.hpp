// Asking one server that speaks in frames, each behind its length in four
// bytes. Abstract; runtime/net/frame_link has the real one.

#pragma once

#include "runtime/base/reply.hpp"

#include <string>

namespace praetor {

/// See the head of the file. Calls may come from any thread and never block.
class frame_client {
public:
  frame_client() = default;
  frame_client(const frame_client&) = delete;
  frame_client& operator=(const frame_client&) = delete;
  virtual ~frame_client() = default;

  /// Sends a frame and waits for the one that answers it; they are answered in
  /// order. Both without length. If the connection was lost since the last
  /// call, this one fails, so that whoever depends on the session learns of it.
  /// Errors: io_error, timeout, canceled.
  virtual void ask(std::string frame, reply<std::string> to) = 0;

  /// Ends everything under way, and refuses what comes. Errors: canceled.
  virtual void stop() = 0;
};

} // namespace praetor
