// Asking all members about their keys: an event that carries the question, and
// answers that come directly. Pure.
//
// Format of the event's payload: 1 byte version, then `key_question`; of an
// answer: 1 byte version, then `key_reply` (runtime/base/codec.hpp). Gossip is
// encrypted when there are keys, so these are, too.

#pragma once

#include "actors/gossip/core/types.hpp"
#include "actors/gossip/core/wire.hpp"
#include "actors/gossip/messages.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::gossip {

/// The name of the event.
inline constexpr std::string_view key_event = "keys";

struct key_question {
  std::uint64_t id = 0;
  /// Where the answers go.
  endpoint asker;
  key_action what{};
  std::string key;

  template <class Inspector>
  friend auto inspect(Inspector& f, key_question& x) {
    return f(x.id, x.asker, x.what, x.key);
  }
};

/// What one member says.
struct key_reply {
  std::string error;
  /// The one that encrypts comes first.
  std::vector<std::string> keys;

  template <class Inspector>
  friend auto inspect(Inspector& f, key_reply& x) {
    return f(x.error, x.keys);
  }
};

std::string encode_question(const key_question& x);

/// Errors: corruption.
result<key_question> decode_question(std::string_view bytes);

/// Fits into an answer.
std::string encode_reply(const key_reply& x);

/// Errors: corruption.
result<key_reply> decode_reply(std::string_view bytes);

/// One question under way.
class key_round {
public:
  /// @param members Who is asked, by key: its name.
  key_round(std::map<member_key, std::string> members, time_point until);

  /// Answers of others and second ones are ignored.
  void answered(member_key from, const key_reply& x);

  bool complete() const { return missing_.empty(); }
  time_point until() const { return until_; }
  const key_answer& outcome() const { return outcome_; }

private:
  std::map<member_key, std::string> missing_;
  time_point until_;
  key_answer outcome_;
};

/// How long to wait for the answers of `members`.
/// Source: serf, DefaultQueryTimeout.
duration key_patience(duration gossip_interval, std::size_t members);

} // namespace praetor::gossip
