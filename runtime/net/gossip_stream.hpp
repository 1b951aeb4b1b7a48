// One stream of a gossip pool: frames both ways, for a short time.
//
// Kept alive by its link and by what is under way; all in the io thread. The
// frames' bytes are plain on the owner's side.

#pragma once

#include "actors/gossip/pool_link.hpp"
#include "runtime/net/gossip_envelope.hpp"
#include "runtime/net/gossip_link.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

namespace praetor::net {

/// Whom streams belong to; the link.
class gossip_stream_owner {
public:
  gossip_stream_owner() = default;
  gossip_stream_owner(const gossip_stream_owner&) = delete;
  gossip_stream_owner& operator=(const gossip_stream_owner&) = delete;

  virtual gossip_envelope& envelope() = 0;
  virtual const gossip_limits& limits() const = 0;
  virtual std::shared_ptr<byte_budget::share> frame_room() = 0;

  /// A frame came.
  virtual void on_frame(gossip::frame_received x,
                        std::shared_ptr<byte_budget::share> room) = 0;

  /// What came cannot be opened, or is too long.
  virtual void on_refused(const gossip::endpoint& from,
                          bool sealed_otherwise) = 0;

  /// The stream is over, and not because the owner said so; the last call.
  virtual void on_end(gossip::stream_id id, const std::string& reason) = 0;

protected:
  ~gossip_stream_owner() = default;
};

/// See the head of the file.
class gossip_stream : public std::enable_shared_from_this<gossip_stream> {
public:
  gossip_stream(boost::asio::ip::tcp::socket socket, gossip_stream_owner& owner,
                gossip::stream_id id, gossip::endpoint peer);

  const gossip::endpoint& peer() const { return peer_; }

  /// Begins with a socket that is connected.
  void start();

  /// Begins by connecting.
  void connect();

  void write(std::string frame);

  /// The owner forgets the stream: it hears nothing more of it. If there is a
  /// connection, what is written is still sent.
  void close();

  /// The same, at once.
  void abort();

private:
  boost::asio::awaitable<void> run(bool connecting);
  boost::asio::awaitable<std::string> read_frames();
  boost::asio::awaitable<std::string> read_frame(std::size_t size);
  std::string take(std::string bytes, std::shared_ptr<byte_budget::share> room);
  void write_raw(std::string bytes);
  void write_next();
  void set_time_limit(duration limit, std::string reason);
  void end(const std::string& reason);
  void shut();

  bool own() const { return id_ % 2 == 0; }

  /// Null: nobody listens any more.
  gossip_stream_owner* owner_;
  gossip::stream_id id_;
  gossip::endpoint peer_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  bool open_ = false;
  bool stopped_ = false;
  std::size_t frames_ = 0;
  /// With their lengths, sealed.
  std::deque<std::string> unsent_;
};

} // namespace praetor::net
