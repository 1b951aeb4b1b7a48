// What gossip is asked and what it tells. Plain data, free of CAF.

#pragma once

#include "actors/gossip/core/options.hpp"
#include "actors/gossip/core/types.hpp"
#include "runtime/base/coordinate.hpp"
#include "runtime/base/reply.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace praetor::gossip {

// -- what it tells ------------------------------------------------------------

/// A member as users and other actors see it.
struct pool_member {
  /// Never null. Its `node_id`, `at` and `tags` say who and where it is.
  facts_ptr facts;
  member_status status{};
};

/// All members, this node included, by name.
using member_list = std::shared_ptr<const std::vector<pool_member>>;

/// The members of a pool are different now. The latest list counts; several
/// changes may come as one.
struct members_changed {
  using is_message = void;
  pool_kind pool = pool_kind::lan;
  /// Never null.
  member_list members;
};

/// A user event came, maybe from this node itself.
struct event_received {
  using is_message = void;
  std::uint64_t ltime = 0;
  std::string name;
  std::string payload;
};

// -- what it is asked ---------------------------------------------------------

struct join_answer {
  /// How many of the addresses led to members.
  std::size_t joined = 0;
  /// Why the others did not, in Consul's words ("1 error occurred: ...");
  /// empty if all did.
  std::string errors;
};

/// Become a member of the pool that these belong to: HOST or HOST:PORT each.
/// Never fails; says how often it worked.
struct join {
  using is_message = void;
  std::vector<std::string> addresses;
  reply<join_answer> to;
};

/// Leave on purpose. Answered when the others know and the disk does; then this
/// node is no member any more, for ever.
struct leave {
  using is_message = void;
  reply<std::monostate> to;
};

/// That member is gone for good, says an operator. Errors: not_found, with
/// Consul's sentence.
struct force_leave {
  using is_message = void;
  std::string name;
  /// Forget it at once.
  bool prune = false;
  reply<std::monostate> to;
};

/// Tell all members, this one too. Errors: invalid_argument.
struct fire_event {
  using is_message = void;
  std::string name;
  std::string payload;
  reply<std::monostate> to;
};

/// This node's facts change; what is absent stays. Errors: invalid_argument.
struct update_facts {
  using is_message = void;
  std::optional<std::string> cluster_id;
  std::optional<std::map<std::string, std::string>> tags;
  reply<std::monostate> to;
};

struct get_members {
  using is_message = void;
  reply<member_list> to;
};

/// Numbers for operators; `info` shows them.
struct pool_stats {
  std::size_t members = 0;
  std::size_t failed = 0;
  std::size_t left = 0;
  int health_score = 0;
  std::uint64_t member_time = 0;
  std::uint64_t event_time = 0;
  /// Pieces of news that wait to be spread.
  std::size_t queue = 0;
  std::size_t intents_queued = 0;
  std::size_t events_queued = 0;
  std::uint64_t coordinate_resets = 0;
  /// Where this node is.
  coordinate where{};
  bool encrypted = false;
};

struct get_stats {
  using is_message = void;
  reply<pool_stats> to;
};

/// What can be done with the keys that encrypt a pool.
enum class key_action : std::uint8_t { list, install, use, remove };

/// What the members said.
struct key_answer {
  /// Members that were asked, and that answered.
  std::size_t asked = 0;
  std::size_t answered = 0;
  /// Key (16, 24 or 32 bytes) to how many have it, and to how many encrypt
  /// with it.
  std::map<std::string, std::size_t> keys;
  std::map<std::string, std::size_t> primary_keys;
  /// Member to why it refused.
  std::map<std::string, std::string> errors;
};

/// Look at or change the keys of all members that live. Answered when all have
/// answered, or after some seconds; never fails as a whole.
struct change_keys {
  using is_message = void;
  key_action what{};
  /// Bytes, not base64. Not for `list`.
  std::string key;
  reply<key_answer> to;
};

} // namespace praetor::gossip
