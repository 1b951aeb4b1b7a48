// Lets other nodes in: the listening socket and all connections that came by
// it, with their limits. Strangers, who have not said hello, make room for
// newer ones, so that nobody keeps others out by saying nothing.
//
// Owned by the transport. Lives in the io thread.

#pragma once

#include "runtime/net/incoming_peer.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace praetor::net {

/// See the head of the file.
class peer_listener : public std::enable_shared_from_this<peer_listener> {
public:
  explicit peer_listener(std::shared_ptr<peer_home> home);

  /// Errors: as transport::start.
  status listen(const std::string& address);

  /// Accepts from now on.
  void run();

  /// Ends everything.
  void close();

  /// Ends connections of nodes that belong to another cluster than this one.
  void check_clusters();

  /// Does what is due. Returns when to call again.
  time_point step(time_point now);

  /// 0 if it does not listen.
  std::uint16_t port() const;

private:
  static peer_task<> accept_all(std::shared_ptr<peer_listener> self);
  void let_in(peer_socket socket, const peer_endpoint& from);
  bool make_room(const std::string& from);
  bool drop_oldest_stranger(const std::string& from);
  void forget(std::uint64_t serial);
  std::vector<std::shared_ptr<incoming_peer>> all() const;

  const std::shared_ptr<peer_home> home_;
  peer_acceptor acceptor_;
  bool closed_ = false;
  std::uint64_t last_serial_ = 0;
  /// In the order in which they came.
  std::map<std::uint64_t, std::shared_ptr<incoming_peer>> peers_;
  std::map<std::string, std::size_t> per_address_;
};

} // namespace praetor::net
