// The servers among the members of a pool, as their tags describe them. Pure.

#pragma once

#include "actors/founder/messages.hpp"
#include "actors/gossip/messages.hpp"

#include <string>
#include <vector>

namespace praetor::node {

/// A server that gossip shows.
struct pool_server {
  std::string node_id;
  std::string name;
  /// Where it answers other nodes, e.g. "10.0.0.1:8300".
  std::string address;
  gossip::member_status status{};
};

/// Returns the servers of this datacenter with a usable id and port. Source:
/// Consul's tags `role` = "consul", `dc`, `id`, `port`.
std::vector<pool_server> servers_of(const gossip::member_list& members,
                                    const std::string& datacenter);

/// Returns what the founder has to know of the living ones.
std::vector<founder::server> founders_of(const gossip::member_list& members,
                                         const std::string& datacenter);

} // namespace praetor::node
