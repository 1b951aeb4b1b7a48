// What gossip knows about members of a pool.
//
// Pure data. A member is known by its name; claims about it travel with a key
// of 8 bytes that is a hash of the name.

#pragma once

#include "runtime/base/time.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace praetor::gossip {

/// A member's name, hashed to 56 bits, so that it takes 8 bytes on the wire.
/// Two of 10,000 names share a key with probability 1e-9; then the second one
/// is refused. Zero is nobody.
struct member_key {
  std::uint64_t value = 0;

  friend auto operator<=>(const member_key&, const member_key&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, member_key& x) {
    return f(x.value);
  }
};

/// FNV-1a, mixed. The same on all nodes and in all versions.
std::uint64_t hash_of(std::string_view bytes);

/// Returns a well mixed number that depends on all bits of both.
std::uint64_t mix(std::uint64_t a, std::uint64_t b);

member_key key_of(std::string_view name);

/// Where a member receives packets and streams: an IP address and a port.
struct endpoint {
  std::string address;
  std::uint16_t port = 0;

  friend auto operator<=>(const endpoint&, const endpoint&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, endpoint& x) {
    return f(x.address, x.port);
  }
};

/// Versions of this protocol that a node speaks.
struct protocol_range {
  std::uint8_t min = 1;
  std::uint8_t max = 1;
  std::uint8_t current = 1;

  friend bool operator==(const protocol_range&,
                         const protocol_range&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, protocol_range& x) {
    return f(x.min, x.max, x.current);
  }
};

/// What a member says about itself.
struct member_facts {
  std::string name;
  std::string node_id;
  endpoint at;
  protocol_range protocol;
  /// Empty until the node belongs to a cluster.
  std::string cluster_id;
  std::string datacenter;
  std::string segment;
  std::map<std::string, std::string> tags;

  friend bool operator==(const member_facts&, const member_facts&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, member_facts& x) {
    return f(x.name, x.node_id, x.at, x.protocol, x.cluster_id, x.datacenter,
             x.segment, x.tags);
  }
};

using facts_ptr = std::shared_ptr<const member_facts>;

/// What SWIM believes. Values are sent: append, never renumber.
enum class member_state : std::uint8_t { alive, suspect, dead, left };

/// What users see, in Serf's words.
enum class member_status : std::uint8_t { alive, leaving, left, failed };

/// Returns the enumerator's name, as `members` prints it.
std::string_view to_string(member_status x);

/// A member as one node sees it.
struct member {
  facts_ptr facts;
  /// Only the member itself raises it.
  std::uint32_t incarnation = 0;
  member_state state = member_state::dead;
  /// When the state began here.
  time_point since;
  /// It said, or somebody in its name, that it is going to leave.
  bool leaving = false;
  /// Forget it as soon as it has left.
  bool prune = false;
  /// Lamport time of the last intent about it.
  std::uint64_t status_time = 0;

  member_status status() const;
};

} // namespace praetor::gossip
