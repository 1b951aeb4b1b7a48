// What clients of a simulated cluster asked, when, and what they were told.
//
// Pure data. A client is a *logical process*: it asks one thing at a time, and
// after an unknown outcome it never asks again under the same number, since its
// last request may still take effect. Requests carry the structs that the api
// sends to the actors, so that nothing is lost in translation.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/kv/messages.hpp"
#include "actors/state/messages.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::sim {

/// Virtual time since the start of the run.
using moment = duration;

/// Goes through the log.
struct write_request {
  state::command command;
};

/// A question to the owner of keys and sessions.
struct key_read {
  kv::query query;
  owner::read_options options;
};

/// A question to the catalog.
struct catalog_read {
  catalog::query query;
  owner::read_options options;
};

/// Keeps a session alive.
struct renew_request {
  std::string session;
  duration ttl{0};
};

using request =
  std::variant<write_request, key_read, catalog_read, renew_request>;

enum class outcome_kind : std::uint8_t {
  /// Not answered yet; in a finished run as good as unknown.
  pending,
  /// Answered. A lost comparison or a refusal by the state is an answer.
  ok,
  /// Certainly not executed, now or later.
  fail,
  /// May have been executed, may still be, may never be.
  unknown,
};

/// What a client learned.
struct outcome {
  outcome_kind kind = outcome_kind::pending;
  /// Of an answered write.
  command_result result;
  /// Of an answered read.
  owner::read_answer answer;
  /// Of failures and unknown outcomes.
  std::string why;
};

/// A request with its two moments.
struct operation {
  /// Its position in the history.
  std::size_t id = 0;
  /// The logical process.
  std::uint64_t client = 0;
  /// Which server was asked.
  std::string server;
  request what;
  moment invoked{0};
  /// When the server got it; nothing if that is not known.
  std::optional<moment> arrived;
  std::optional<moment> returned;
  outcome out;

  bool answered() const { return out.kind == outcome_kind::ok; }
  bool may_take_effect() const { return out.kind != outcome_kind::fail; }
};

/// Operations by the moment of their invocation.
class history {
public:
  /// Returns the id of the operation.
  /// @pre `now` does not go back.
  std::size_t invoke(std::uint64_t client, std::string server, request what,
                     moment now) {
    PRAETOR_ASSERT(all_.empty() || all_.back().invoked <= now);
    const auto id = all_.size();
    all_.push_back({id, client, std::move(server), std::move(what), now,
                    std::nullopt, std::nullopt, outcome{}});
    return id;
  }

  /// The server got the request.
  void arrive(std::size_t id, moment now) { all_.at(id).arrived = now; }

  /// The operation's only answer arrived, or the client stopped waiting.
  void complete(std::size_t id, outcome x, moment now) {
    PRAETOR_ASSERT(id < all_.size());
    PRAETOR_ASSERT(all_[id].out.kind == outcome_kind::pending);
    PRAETOR_ASSERT(now >= all_[id].invoked);
    all_[id].returned = now;
    all_[id].out = std::move(x);
  }

  const std::vector<operation>& operations() const { return all_; }

  const operation& at(std::size_t id) const { return all_.at(id); }

private:
  std::vector<operation> all_;
};

/// A property that did not hold.
struct finding {
  /// "I13" and so on, or "linearizability".
  std::string invariant;
  /// Some lines for people.
  std::string text;
  moment at{0};
};

} // namespace praetor::sim
