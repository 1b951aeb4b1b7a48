// Commands on their way to another server: batched, repeated until it is known
// what became of them, and never forgotten.
//
// Pure. Each command has an origin, by which the state knows a repeated one; so
// whatever goes wrong on the way, it is sent again, to whoever leads by then,
// until its time is over. What is said then is honest: `timeout` if it may have
// been carried out, and the error otherwise.
//
// Few batches are under way at a time: commands that come meanwhile share the
// next one, as proposals share a sync at the leader.

#pragma once

#include "actors/router/core/rpc.hpp"
#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace praetor::router {

/// Named limits of a command queue.
struct queue_limits {
  std::size_t batches_max = 4;
  /// All commands that wait for an answer; the state remembers more than that
  /// of one process, so every repeat is recognized.
  std::size_t commands_max = 900;
  /// Those that wait for their turn besides; beyond: overloaded.
  std::size_t waiting_max = 4096;
  std::size_t waiting_bytes_max = std::size_t{16} << 20U;
  /// Before a command is sent again.
  duration pause = std::chrono::milliseconds{20};
};

/// Ask `node` this.
struct outgoing_batch {
  std::uint64_t id = 0;
  std::string node;
  rpc::propose_all what;
  /// How long it may take.
  duration time_limit{0};
};

/// See the head of the file.
class command_queue {
public:
  explicit command_queue(queue_limits limits = {}) : limits_{limits} {}

  /// Takes a command that has to be answered by `deadline`. Errors (through
  /// `to`): overloaded.
  void push(rpc::command x, time_point deadline, reply<command_result> to);

  /// Takes a command that was refused with `why` elsewhere.
  /// @pre `may_repeat(why.code)`.
  void push_again(rpc::command x, time_point deadline, reply<command_result> to,
                  const error& why, time_point now);

  /// Whether a command that was refused like that may be sent again: it was not
  /// carried out, or that is not known.
  static bool may_repeat(errc code);

  /// From now on commands go to `node`; nothing: they wait. Returns batches
  /// whose answers are of no use any more: what is in them is sent again.
  std::vector<std::uint64_t> set_target(std::optional<std::string> node,
                                        bool is_leader);

  const std::optional<std::string>& target() const { return target_; }

  /// What is to be sent now.
  std::vector<outgoing_batch> take(time_point now);

  /// The answer to a batch, or why there is none. Unknown ids are ignored.
  /// Returns whether it was a failure of the target.
  bool answered(std::uint64_t batch,
                const result<rpc::command_outcomes>& outcome, time_point now);

  /// Answers what ran out of time.
  void expire(time_point now);

  /// When to call `take` and `expire` again.
  std::optional<time_point> next_deadline(time_point now) const;

  bool empty() const { return waiting_.empty() && under_way_.empty(); }

private:
  struct item {
    rpc::command what;
    time_point deadline;
    reply<command_result> to;
    /// It may have been carried out.
    bool doubtful = false;
    /// The last thing that went wrong.
    error why{errc::no_leader, "No cluster leader"};
  };

  using batch = std::vector<item>;

  void put_back(item x, const error& why, time_point now);
  static void give_up(item& x);

  queue_limits limits_;
  std::optional<std::string> target_;
  bool target_leads_ = false;

  std::deque<item> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::uint64_t, batch> under_way_;
  std::size_t commands_under_way_ = 0;
  std::uint64_t last_id_ = 0;

  /// Nothing is sent before: the target has just failed.
  time_point not_before_;
};

} // namespace praetor::router
