// The sockets of `peer_network`: one listener, one connection to each node that
// something is sent to. A connection is made by whoever has messages or
// requests; only answers travel back on it.
//
//   any thread:  post, request, cancel, set_*, answers    -> one list, one
//                                                            wake-up per burst
//   io thread:   list -> lanes of connections -> one gathering write per turn
//                reads -> frames -> peer_receiver
//
// Both sides say hello first (peer_frames.hpp): protocol, cluster, who they are
// and who is wanted; what does not fit is refused with a sentence that both
// sides log, at most once a minute for each peer. Every queue, table and time
// has a limit (peer_limits.hpp). Everything received is hostile.

#pragma once

#include "runtime/base/peer_network.hpp"
#include "runtime/net/peer_limits.hpp"
#include "runtime/net/peer_tls.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace praetor::net {

/// Who this node is and where it listens.
struct transport_options {
  /// e.g. "10.0.0.1:8300", port 0 for any; empty: nobody can connect.
  std::string listen;
  /// Never empty.
  std::string node_id;
  std::string node_name;
  std::string datacenter;
  /// Empty while this node belongs to none.
  std::string cluster_id;
  peer_tls_options tls;
  peer_limits limits;
  peer_times times;
};

/// What happened since the start, for metrics.
struct transport_counters {
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  /// Writes, each of many frames; and wake-ups by other threads.
  std::uint64_t writes = 0;
  std::uint64_t wakeups = 0;
  /// Messages that found their lane full, or no connection.
  std::uint64_t messages_dropped = 0;
  /// Requests and answers that found a limit.
  std::uint64_t overloaded = 0;
  /// Connections made to other nodes, and attempts that failed.
  std::uint64_t connects = 0;
  std::uint64_t connects_failed = 0;
  /// Connections of others: accepted, and refused by limit, hello or TLS.
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  /// Connections that broke the protocol.
  std::uint64_t corrupt = 0;
  /// Open now.
  std::uint64_t incoming = 0;
  std::uint64_t outgoing = 0;
};

/// See the head of the file. The calls of `peer_network` may come from any
/// thread; all others come in the io thread, or while it does not run, unless
/// they say otherwise.
class transport final : public peer_network {
public:
  /// Listens, if wanted. @pre `io` runs in one thread; it and `receiver`
  /// outlive the transport.
  /// Errors: invalid_argument; io_error, e.g.
  /// `listen tcp 127.0.0.1:8300: bind: address already in use`.
  static result<std::unique_ptr<transport>> start(boost::asio::io_context& io,
                                                  transport_options options,
                                                  peer_receiver& receiver);

  /// Stops.
  ~transport() override;

  /// Closes everything; pending requests are completed as canceled. The
  /// receiver hears nothing any more, and later calls have no effect.
  void stop();

  void set_address(const std::string& node, std::string address) override;
  void set_cluster(const std::string& cluster_id) override;
  void post(const std::string& node, lane how, std::string bytes) override;
  std::uint64_t request(const std::string& node, std::string bytes,
                        duration time_limit, reply<std::string> to) override;
  void cancel(std::uint64_t request) override;

  /// Reads the files of TLS again, for connections that are made from now on.
  /// Errors: as make_peer_tls; then everything stays as it was.
  status reload_tls(const peer_tls_options& options);

  /// Where it listens; 0: it does not.
  std::uint16_t port() const;

  /// From any thread.
  transport_counters counters() const;

private:
  struct parts;
  explicit transport(std::shared_ptr<parts> p);

  const std::shared_ptr<parts> parts_;
};

} // namespace praetor::net
