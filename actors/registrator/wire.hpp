// An http_client whose answers come back into the actor: continuations run one
// at a time, in the thread of whoever takes them, so that protocols need no
// locks. If the actor is gone, they are never run.

#pragma once

#include "runtime/base/http_client.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace praetor::registrator {

/// Hands a continuation to the actor.
using executor = std::function<void(std::function<void()>)>;

/// What happens with an answer.
template <class T>
using handler = std::function<void(result<T>)>;

/// A reply that runs `f` in the executor.
template <class T>
reply<T> here(const executor& post, handler<T> f) {
  return reply<T>{[post, f = std::move(f)](result<T> x) {
    post([f, x = std::move(x)] { f(x); });
  }};
}

/// See the head of the file.
class wire {
public:
  wire(std::shared_ptr<http_client> client, executor post)
    : client_{std::move(client)}, post_{std::move(post)} {}

  void send(http_request what, handler<http_answer> f) const {
    client_->send(std::move(what), here(post_, std::move(f)));
  }

  void follow(http_request what, std::function<void(std::string)> piece,
              handler<http_answer> ended) const {
    client_->follow(
      std::move(what),
      [post = post_, piece = std::move(piece)](std::string bytes) {
        post([piece, bytes = std::move(bytes)] { piece(bytes); });
      },
      here(post_, std::move(ended)));
  }

private:
  std::shared_ptr<http_client> client_;
  executor post_;
};

} // namespace praetor::registrator
