// What all connections of a transport share. Lives in the io thread; owned by
// the transport and its connections.

#pragma once

#include "runtime/base/log.hpp"
#include "runtime/net/peer_complaints.hpp"
#include "runtime/net/peer_frames.hpp"
#include "runtime/net/peer_limits.hpp"
#include "runtime/net/peer_tls.hpp"
#include "runtime/net/peer_types.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace praetor {
class peer_receiver;
} // namespace praetor

namespace praetor::net {

class peer_connection;
class peer_inbox;

inline constexpr std::string_view peer_log = "agent.transport";

/// A number that the io thread changes and any thread reads.
class peer_count {
public:
  void add(std::uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n,
                 std::memory_order_relaxed);
  }
  void operator++() { add(1); }
  void operator--() { add(~std::uint64_t{0}); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// See transport_counters.
struct peer_counts {
  peer_count frames_sent;
  peer_count frames_received;
  peer_count bytes_sent;
  peer_count bytes_received;
  peer_count writes;
  peer_count wakeups;
  peer_count messages_dropped;
  peer_count overloaded;
  peer_count connects;
  peer_count connects_failed;
  peer_count accepted;
  peer_count refused;
  peer_count corrupt;
  peer_count incoming;
  peer_count outgoing;
};

/// See the head of the file.
struct peer_home {
  peer_home(boost::asio::io_context& io, peer_limits most, peer_times spans)
    : where{io.get_executor()},
      limits{most},
      times{spans},
      complaints{spans.complaint_every} {}

  /// Logs a warning, unless it did so lately for the same subject.
  void complain(const std::string& subject, std::string_view sentence,
                std::initializer_list<log::field> fields) {
    if (complaints.allow(subject, std::chrono::steady_clock::now()))
      log::warn(peer_log, sentence, fields);
  }

  /// Writes what was added to connections in this turn of the io thread.
  void flush();

  const peer_executor where;
  const peer_limits limits;
  const peer_times times;
  /// `wanted` is empty.
  peer_hello me;
  peer_tls tls;
  /// Null when the transport has stopped.
  peer_receiver* receiver = nullptr;
  /// Where answers and calls of other threads arrive.
  std::shared_ptr<peer_inbox> inbox;
  /// For requests of both directions.
  std::atomic<std::uint64_t> last_number{0};
  peer_counts counts;
  peer_complaints complaints;
  /// Wants everything due looked at by then.
  std::function<void(time_point)> wake;
  /// Those that have something to write.
  std::vector<std::shared_ptr<peer_connection>> unwritten;
};

} // namespace praetor::net
