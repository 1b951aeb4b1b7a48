// What other threads want of the transport: a list that the io thread takes as
// a whole, so that a burst of calls costs one wake-up.

#pragma once

#include "runtime/base/peer_network.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::net {

/// Who handed out a `reply` and wants the answer.
class peer_answers {
public:
  peer_answers() = default;
  peer_answers(const peer_answers&) = delete;
  peer_answers& operator=(const peer_answers&) = delete;
  virtual ~peer_answers() = default;

  /// @param crc Of the answer, if it is one.
  virtual void on_answer(std::uint64_t id, result<std::string> x,
                         std::uint32_t crc) = 0;
};

// The calls of peer_network; checksums are computed by the caller's thread.

struct peer_post {
  std::string node;
  lane how{};
  std::string bytes;
  std::uint32_t crc = 0;
};

struct peer_request {
  std::string node;
  std::uint64_t number = 0;
  std::string bytes;
  std::uint32_t crc = 0;
  time_point deadline;
  reply<std::string> to;
};

struct peer_cancel {
  std::uint64_t number = 0;
};

struct peer_answer {
  std::weak_ptr<peer_answers> to;
  std::uint64_t id = 0;
  result<std::string> x;
  std::uint32_t crc = 0;
};

struct peer_address {
  std::string node;
  std::string address;
};

struct peer_cluster {
  std::string id;
};

using peer_call = std::variant<peer_post, peer_request, peer_cancel,
                               peer_answer, peer_address, peer_cluster>;

/// See the head of the file. Thread-safe.
class peer_inbox {
public:
  /// @param wake_up Called, by any thread, when the list is not empty any more.
  explicit peer_inbox(std::function<void()> wake_up)
    : wake_up_{std::move(wake_up)} {}

  /// Adds a call. It is dropped, and a request in it completed as canceled, if
  /// the inbox is closed.
  void push(peer_call x) {
    {
      const std::lock_guard lock{mutex_};
      if (closed_)
        return;
      calls_.push_back(std::move(x));
      if (calls_.size() > 1)
        return;
    }
    wake_up_();
  }

  /// Moves all calls into `to`, which must be empty.
  void take(std::vector<peer_call>& to) {
    const std::lock_guard lock{mutex_};
    to.swap(calls_);
  }

  void close() {
    std::vector<peer_call> dropped; // Without the lock: replies call others.
    const std::lock_guard lock{mutex_};
    closed_ = true;
    dropped.swap(calls_);
  }

private:
  const std::function<void()> wake_up_;
  std::mutex mutex_;
  std::vector<peer_call> calls_;
  bool closed_ = false;
};

} // namespace praetor::net
