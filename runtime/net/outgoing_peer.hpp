// A node that this one sends to: where it is, the connection to it if there is
// something to send, and the requests that wait for its answers.
//
// A connection that failed is tried again after a pause that grows, but only if
// there is something to send: messages wait for that, requests fail at once.
//
// Owned by the transport. Lives in the io thread.

#pragma once

#include "runtime/net/peer_connection.hpp"
#include "runtime/net/peer_inbox.hpp"
#include "runtime/net/peer_pending.hpp"

#include <memory>
#include <string>

namespace praetor::net {

/// See the head of the file.
class outgoing_peer final : public peer_connection_user {
public:
  outgoing_peer(std::shared_ptr<peer_home> home, std::string id);
  ~outgoing_peer() override;

  /// Empty: nowhere.
  void set_address(std::string address);

  void post(peer_post x);
  void request(peer_request x);

  /// Returns whether that request waited here.
  bool cancel(std::uint64_t number);

  /// Ends the connection if its node belongs to another cluster.
  void check_cluster();

  /// Ends everything; requests are completed with that error.
  void close(const error& why);

  /// Nothing is known of it and nothing wanted.
  bool forgotten() const { return address_.empty() && !connection_; }

  /// Does what is due. Returns when to call again.
  time_point step(time_point now);

  void on_ready(const peer_hello& theirs) override;
  void on_frame(frame x) override;
  void on_closed(const error& why) override;

private:
  bool prepare();
  void dial();
  void disconnect(const error& why);
  void tell_of(bool up);
  error unreachable(const std::string& why) const;

  const std::shared_ptr<peer_home> home_;
  const std::string id_;
  std::string address_;
  /// Exists if there is something to send; may wait for `retry_at_`.
  std::shared_ptr<peer_connection> connection_;
  bool dialed_ = false;
  bool up_ = false;
  time_point up_since_;
  peer_pending pending_;
  time_point retry_at_;
  duration backoff_;
  /// Of the last attempt to connect.
  std::string failure_;
};

} // namespace praetor::net
