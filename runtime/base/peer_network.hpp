// How a node talks to the servers of its datacenter: messages that may be lost,
// and requests that are answered or fail. Abstract; runtime/net/transport has
// the sockets.
//
// Nodes are named by their ids; where they listen is told by whoever knows it
// (gossip, the membership of Raft). Nothing here waits or blocks: connections
// are made when something is to be sent, and what cannot be sent is dropped
// (messages) or answered with an error (requests).

#pragma once

#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace praetor {

/// What is sent first when several things wait for one connection.
enum class lane : std::uint8_t {
  /// Heartbeats, votes, and their answers.
  urgent,
  /// Entries, requests and answers.
  normal,
  /// Parts of tables.
  bulk,
};

/// The way to the other servers. Calls may come from any thread.
class peer_network {
public:
  peer_network() = default;
  peer_network(const peer_network&) = delete;
  peer_network& operator=(const peer_network&) = delete;
  virtual ~peer_network() = default;

  /// Where a node listens, e.g. "10.0.0.1:8300"; empty: nowhere any more. The
  /// latest value counts, for connections that are made from now on; a
  /// connection to another place is closed.
  virtual void set_address(const std::string& node, std::string address) = 0;

  /// This node belongs to a cluster from now on. Connections with nodes of
  /// other clusters are refused; those that know none may ask, and be asked.
  virtual void set_cluster(const std::string& cluster_id) = 0;

  /// Sends a message. It may be lost, and is if its lane is full.
  virtual void post(const std::string& node, lane how, std::string bytes) = 0;

  /// Asks, and waits for the answer. Returns a number for `cancel`, never 0.
  /// Errors: those of the node that answers; io_error if there is no connection
  /// or it broke (the request may have been received); timeout; overloaded.
  virtual std::uint64_t request(const std::string& node, std::string bytes,
                                duration time_limit, reply<std::string> to)
    = 0;

  /// Nobody waits for that answer any more: it is completed as canceled, and
  /// the other side told. Unknown numbers are ignored.
  virtual void cancel(std::uint64_t request) = 0;
};

/// What came from a node. Calls come in the thread of the sockets and must not
/// block.
class peer_receiver {
public:
  peer_receiver() = default;
  peer_receiver(const peer_receiver&) = delete;
  peer_receiver& operator=(const peer_receiver&) = delete;
  virtual ~peer_receiver() = default;

  /// A message; the bytes are hostile.
  virtual void on_message(const std::string& from, std::string bytes) = 0;

  /// A request; the bytes are hostile. `number` is unique in the process. The
  /// answer is dropped if the asker is gone.
  virtual void on_request(const std::string& from, std::uint64_t number,
                          std::string bytes, reply<std::string> to)
    = 0;

  /// The asker of that request is gone, or wants no answer.
  virtual void on_canceled(std::uint64_t number) = 0;

  /// A connection to a node was made, or lost.
  virtual void on_connection(const std::string& node, bool up) = 0;
};

} // namespace praetor
