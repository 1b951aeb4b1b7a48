// How gossip reaches other members: datagrams and streams of frames. Abstract,
// so that tests need no network; runtime/net/gossip_link has the sockets. No
// CAF, no Boost.
//
// Calls may come from any thread and never block. Bytes are plain on this side;
// the link seals and opens them if the pool has keys.

#pragma once

#include "actors/gossip/core/step.hpp"
#include "actors/gossip/messages.hpp"
#include "runtime/base/reply.hpp"

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace praetor::gossip {

/// What came in. Streams of others have odd numbers.
using link_event =
  std::variant<packet_received, packet_unsent, frame_received, stream_closed>;

/// Some of it, in order.
struct link_batch {
  std::vector<link_event> events;
  /// Whoever keeps the batch keeps this: the link holds back what comes while
  /// too much is not handled.
  std::shared_ptr<void> room;
};

/// What is to go out. Streams are opened first and closed last, when their
/// frames are sent.
struct link_work {
  std::vector<packet_out> packets;
  std::vector<stream_open> opens;
  std::vector<frame_out> frames;
  std::vector<stream_id> closes;

  bool empty() const {
    return packets.empty() && opens.empty() && frames.empty() && closes.empty();
  }
};

/// What a name stands for.
struct resolved_address {
  std::vector<endpoint> places;
};

/// See the head of the file.
class pool_link {
public:
  using sink = std::function<void(link_batch)>;

  pool_link() = default;
  pool_link(const pool_link&) = delete;
  pool_link& operator=(const pool_link&) = delete;
  virtual ~pool_link() = default;

  /// From now on that is told what comes in, in any thread. Called once.
  virtual void begin(sink to) = 0;

  virtual void send(link_work what) = 0;

  /// Finds out where HOST or HOST:PORT is. Errors: io_error with Go's sentence,
  /// e.g. "lookup nowhere: no such host".
  virtual void resolve(std::string address, reply<resolved_address> to) = 0;

  /// Looks at or changes the keys; answers with all of them, the one that
  /// encrypts first; none if there is no encryption. Errors: as
  /// net::gossip_key_ring.
  virtual void keys(key_action what, std::string key,
                    reply<std::vector<std::string>> to) = 0;

  /// Closes everything; the sink is let go.
  virtual void end() = 0;
};

} // namespace praetor::gossip
