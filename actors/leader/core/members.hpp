// What the catalog must be told so that it shows the members of the pool.
//
// Pure. Gossip knows who is there; the catalog, which is replicated, shows it
// as nodes with a check, `serfHealth`, and servers as instances of the service
// `consul`. Each round compares everything with everything, so nothing depends
// on having seen every change.
//
//   alive      the node, its check passing, for servers the service
//   leaving    nothing yet
//   failed     the check critical; a node that is not there stays away
//   left       no node
//   forgotten  likewise, if it once was a member: it has the check and an id
//
// The pool decides who has a name. The catalog does not give the name of a node
// that is alive to another one, so the former holder is called failed first.
//
// Source: Consul 1.8, agent/consul/leader.go (reconcileMember, handle...).

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/gossip/messages.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::leader {

enum class member_event : std::uint8_t {
  joined,
  failed,
  left,
  forgotten,
  /// It has the id of another member that lives: its disk was copied.
  refused,
};

/// One thing that is wrong in the catalog.
struct correction {
  member_event what{};
  std::string node;
  /// What puts it right; nothing if `refused`.
  std::optional<catalog::command> command;
};

/// What a round looks at.
struct member_round {
  const std::vector<gossip::pool_member>& members;
  const std::vector<catalog::registered_node>& nodes;
  /// Id of the server that leads. It never removes itself: its successor will.
  const std::string& self;
  /// Names of members, in lower case, that were there a moment ago and have
  /// been forgotten.
  const std::set<std::string>& vanished;
  /// This leader has known the pool long enough to believe that others who are
  /// missing are gone.
  bool settled = false;
};

/// Returns what is wrong, losses first. One round may not be enough: ask again
/// when the commands have been applied. O((members + nodes) log).
std::vector<correction> corrections(const member_round& x);

/// Whether the member is a server.
bool is_server(const gossip::member_facts& x);

/// Returns where other servers reach it: its address, and the port in its tags;
/// empty if it is no server or has no valid port.
std::string server_address(const gossip::member_facts& x);

/// Returns the version that a member runs, e.g. "1.8.7".
std::string version_of(const gossip::member_facts& x);

/// Whether the member is a server that must never vote.
bool is_non_voter(const gossip::member_facts& x);

/// Returns the instance of `consul` that a server is; nothing for others.
std::optional<catalog::service_row>
server_service_of(const gossip::member_facts& x);

} // namespace praetor::leader
