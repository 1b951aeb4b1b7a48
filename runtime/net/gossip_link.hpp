// The sockets of a gossip pool: datagrams and streams of frames on one port.
//
// All state is touched on the io thread only; calls from elsewhere are posted.
// If the pool has keys, datagrams and frames are sealed (gossip_seal.hpp). What
// nobody of the pool has sent is dropped and counted; memory for strangers is
// bounded by `gossip_limits`.
//
// Format of a stream: frames, each behind its length in four bytes, big endian.
// A frame of length 0 says: I have no key that opens what you sent.

#pragma once

#include "actors/gossip/pool_link.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::net {

/// Counts, bytes and times.
struct gossip_limits {
  /// Streams of others, all together and of one address; beyond, they are
  /// closed at once.
  std::size_t streams_max = 128;
  std::size_t streams_per_address_max = 32;
  /// Frames that one stream of others may bring: an offer and a rest.
  std::size_t frames_per_stream_max = 4;
  /// For TCP to connect. Source: memberlist, TCPTimeout.
  duration connect_max = std::chrono::seconds{10};
  /// For one stream as a whole.
  duration stream_max = std::chrono::seconds{30};
  /// What was received and is not handled yet: frames, also in part, and
  /// datagrams. Beyond, streams are closed and datagrams dropped.
  std::size_t frame_bytes_max = std::size_t{64} << 20U;
  std::size_t packet_bytes_max = std::size_t{4} << 20U;
  /// Datagrams that are read in one turn, and that wait to be sent.
  std::size_t batch_max = 64;
  std::size_t unsent_max = 1024;
};

struct gossip_place {
  /// An IP address and a port; 0 takes a free one.
  gossip::endpoint bind;
  /// Of addresses without one; 0: that of `bind`.
  std::uint16_t default_port = 0;
  /// Keeps pools apart, e.g. "dc1/lan".
  std::string label;
  /// 16, 24 or 32 bytes each, the first one encrypts; none: no encryption.
  std::vector<std::string> keys;
  /// With keys: whether what is not encrypted is refused, and whether this node
  /// encrypts. Both are false while an operator introduces encryption.
  bool verify_incoming = true;
  bool verify_outgoing = true;
  /// A random number that no other start of any node has had: it and the keys
  /// make the keys of this start.
  std::uint64_t sender = 0;
  /// Whose log lines these are, e.g. "agent.server.memberlist.lan".
  std::string module = "agent.memberlist.lan";
  /// Whether something of that address is accepted; none: of all.
  std::function<bool(std::string_view address)> allowed;
  gossip_limits limits;
};

/// What was dropped, for metrics.
struct gossip_link_counters {
  /// No key opens it.
  std::uint64_t sealed_otherwise = 0;
  /// Too short or too long.
  std::uint64_t malformed = 0;
  /// Not of an allowed address.
  std::uint64_t not_allowed = 0;
  /// Streams and datagrams beyond the limits.
  std::uint64_t too_many = 0;
};

/// A link with its sockets.
class gossip_link : public gossip::pool_link {
public:
  /// Where it listens.
  virtual gossip::endpoint place() const = 0;

  /// Callable in the io thread.
  virtual const gossip_link_counters& counters() const = 0;
};

/// Binds both sockets. Errors: io_error in Go's words, e.g. "listen tcp
/// 127.0.0.1:8301: bind: address already in use"; invalid_argument for keys and
/// addresses.
/// @pre `io` runs in one thread and outlives the link and all it does.
result<std::shared_ptr<gossip_link>>
make_gossip_link(boost::asio::io_context& io, gossip_place place);

} // namespace praetor::net
