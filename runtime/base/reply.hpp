// A promise to answer a request once, from whatever thread or actor.
//
// A client's request travels through several actors as one message that carries
// its `reply`; whoever knows the answer completes it. If all copies disappear
// without an answer (an actor died, a message was dropped), the destructor of
// the last one answers with errc::canceled: no request is ever forgotten.

#pragma once

#include "runtime/base/result.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace praetor {

/// A copyable handle to one pending answer. Thread-safe.
template <class T>
class reply {
public:
  /// Receives the answer exactly once, in the thread of whoever completes it.
  /// It must not block: usually it posts to an executor or sends a message.
  using callback = std::function<void(result<T>)>;

  /// A reply that nobody waits for.
  reply() = default;

  explicit reply(callback f) : state_{std::make_shared<state>(std::move(f))} {}

  /// Answers. Only the first call counts.
  void complete(result<T> x) const {
    if (state_ && !state_->done.exchange(true))
      state_->f(std::move(x));
  }

  /// Whether completing it would reach anyone.
  bool pending() const { return state_ && !state_->done.load(); }

private:
  struct state {
    explicit state(callback g) : f{std::move(g)} {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
      if (!done.load())
        f(error{errc::canceled, "the request was dropped without an answer"});
    }
    callback f;
    std::atomic<bool> done{false};
  };

  std::shared_ptr<state> state_;
};

} // namespace praetor
