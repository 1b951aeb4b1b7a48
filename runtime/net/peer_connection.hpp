// One TCP connection between nodes, from either side: it opens (TLS, hellos),
// then carries frames until one side or a limit ends it. It notices a peer that
// is gone.
//
// Owned by its user and by its operations under way. Lives in the io thread.

#pragma once

#include "runtime/net/peer_home.hpp"
#include "runtime/net/peer_queue.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace praetor::net {

/// Whom a connection serves. No call comes after `on_closed`.
class peer_connection_user {
public:
  peer_connection_user() = default;
  peer_connection_user(const peer_connection_user&) = delete;
  peer_connection_user& operator=(const peer_connection_user&) = delete;
  virtual ~peer_connection_user() = default;

  /// Both sides said hello and agree.
  virtual void on_ready(const peer_hello& theirs) = 0;

  /// A frame that is none of the connection's own.
  virtual void on_frame(frame x) = 0;

  /// It ended, not by `close` of the user.
  virtual void on_closed(const error& why) = 0;
};

/// See the head of the file.
class peer_connection : public std::enable_shared_from_this<peer_connection> {
public:
  /// @pre `user` outlives it, or closes it.
  peer_connection(std::shared_ptr<peer_home> home, peer_connection_user& user);
  peer_connection(const peer_connection&) = delete;
  peer_connection& operator=(const peer_connection&) = delete;
  ~peer_connection();

  /// Opens it to that place; `wanted` is the id of the node there.
  void dial(const peer_endpoint& to, std::string wanted);

  /// Opens it from the other side.
  void accept(peer_socket socket, std::string from);

  /// Ends it; the user hears no more.
  void close();

  /// Ends it as broken.
  void fail(const error& why);

  /// Adds a frame, which is written at the end of the turn (peer_home::flush),
  /// or once it is open. Returns false if there is no room.
  bool send(lane where, outgoing_frame x);

  /// Writes what waits, if it can.
  void flush();

  /// Gives no frames to the user until `resume`.
  void pause() { paused_ = true; }
  void resume();

  /// How many requests of ours wait for answers; decides how soon a silent peer
  /// is suspected.
  void set_waiting(std::size_t requests) { waiting_ = requests; }

  bool ready() const { return ready_; }

  /// What it has and the other side did not take.
  std::size_t unwritten_bytes() const { return queue_.bytes(); }

  /// Who said hello.
  const peer_hello& theirs() const { return theirs_; }

  /// Does what is due. Returns when to call again.
  time_point step(time_point now);

private:
  using tls_stream = boost::asio::ssl::stream<peer_socket&>;

  // Opening, in peer_opening.cpp. Each step says why it cannot go on.
  static peer_task<> open_to(std::shared_ptr<peer_connection> self,
                             peer_endpoint to);
  static peer_task<> open_from(std::shared_ptr<peer_connection> self);
  peer_task<status> connect(peer_endpoint to);
  peer_task<status> shake_hands(peer_tls::context_ptr how);
  peer_task<status> let_in();
  peer_task<status> choose_tls();
  peer_task<status> greet_as_dialer();
  peer_task<status> greet_as_accepter();
  peer_task<result<frame>> read_first();
  // No aggregates as arguments: GCC 12 destroys them twice.
  peer_task<status> write_first(frame_kind kind, std::string payload);
  peer_task<> refuse(std::string why);
  void opened(const status& how);

  // Open.
  void read_more();
  void on_read(const boost::system::error_code& code, std::size_t n);
  void take_frames();
  void take_frame(frame x);
  void on_written(const boost::system::error_code& code, std::size_t n);
  void mark_unwritten();
  void end();
  time_point step_as_dialer(time_point now);
  bool overdue(time_point at, time_point now);

  const std::shared_ptr<peer_home> home_;
  peer_connection_user* user_;
  peer_socket socket_;
  std::unique_ptr<tls_stream> tls_;
  frame_reader reader_{hello_bytes_max};
  peer_queue queue_;
  std::vector<boost::asio::const_buffer> writing_now_;
  /// The other side, for people: "10.0.0.1:8300".
  std::string place_;
  peer_hello theirs_;
  /// Not empty: we dialed.
  std::string wanted_;
  /// What to say if it takes too long to open.
  std::string too_late_;
  bool ready_ = false;
  bool closed_ = false;
  bool paused_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool unwritten_ = false;
  std::size_t waiting_ = 0;
  std::uint64_t frames_counted_ = 0;

  time_point open_until_;
  time_point heard_;
  /// When something was sent first after we heard last.
  time_point unconfirmed_ = time_point::max();
  time_point pinged_ = time_point::max();
  /// It seems to be gone; decided when `step` comes again.
  bool suspected_ = false;
  time_point write_began_;
  /// When something other than a ping was sent.
  time_point used_;
};

} // namespace praetor::net
