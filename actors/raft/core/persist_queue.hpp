// Which writes are under way to the disk, and what of the log is durable.
//
// Pure. Storage works through writes in order. The log's durable part is what
// no write under way touches; that is safe against the ABA trap (entry X is
// written at an index, overwritten by Y, and written again: the completion of
// the first X says nothing about the third write), because the third write is
// itself still in the queue.

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace praetor::raft {

/// See the head of the file.
class persist_queue {
public:
  /// Adds a write that touches the log from `from` on, if at all, and the hard
  /// state or not. Returns its token, rising from 1.
  std::uint64_t issue(std::optional<log_index> from, bool hard, time_point now);

  /// All writes up to `token` are durable. Returns false if none was waiting.
  bool complete(std::uint64_t token);

  /// Returns the last durable index of a log that ends at `last`.
  log_index durable(log_index last) const;

  /// The token that everything asked so far waits for.
  std::uint64_t last_token() const { return last_; }

  /// The token that the newest hard state waits for.
  std::uint64_t hard_token() const { return hard_; }

  bool is_durable(std::uint64_t token) const { return token <= done_; }

  bool idle() const { return waiting_.empty(); }

  /// Returns when the oldest write under way was asked for.
  std::optional<time_point> oldest() const;

private:
  struct write {
    std::uint64_t token = 0;
    std::optional<log_index> from;
    time_point issued;
  };

  std::deque<write> waiting_;
  std::uint64_t last_ = 0;
  std::uint64_t hard_ = 0;
  std::uint64_t done_ = 0;
};

} // namespace praetor::raft
