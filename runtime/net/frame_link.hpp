// A connection to a server that speaks in frames, each behind its length in
// four bytes, and that wants a greeting first and a sign of life now and then.

#pragma once

#include "runtime/base/frame_client.hpp"
#include "runtime/base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace praetor::net {

/// Where the server is and what it wants to hear.
struct frame_place {
  std::string host;
  std::uint16_t port = 0;
  /// Sent first; its answer must not be empty.
  std::string greeting;
  /// Sent when nothing else is, and answered.
  std::string idle;
  duration idle_every = std::chrono::seconds{3};
  /// For one frame and its answer.
  duration time_limit = std::chrono::seconds{10};
};

/// @pre `io` runs in one thread and outlives the client.
std::shared_ptr<frame_client> make_frame_link(boost::asio::io_context& io,
                                              frame_place place);

} // namespace praetor::net
