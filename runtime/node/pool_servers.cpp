#include "runtime/node/pool_servers.hpp"

#include "runtime/base/text.hpp"
#include "runtime/config/settings.hpp"

#include <map>
#include <optional>
#include <utility>

namespace praetor::node {

namespace {

/// Servers in the largest cluster that `expect` may ask for.
constexpr std::uint64_t expect_max = raft::members_max;

std::string tag(const gossip::member_facts& x, const std::string& name) {
  const auto found = x.tags.find(name);
  return found == x.tags.end() ? std::string{} : found->second;
}

std::optional<pool_server> server_of(const gossip::pool_member& x,
                                     const std::string& datacenter) {
  const auto& facts = *x.facts;
  const auto port = parse_uint(tag(facts, "port"));
  if (tag(facts, "role") != "consul" || tag(facts, "dc") != datacenter
      || facts.node_id.empty() || !port || *port == 0 || *port > 65535)
    return std::nullopt;
  return pool_server{
    facts.node_id, facts.name,
    to_string(config::endpoint{facts.at.address, static_cast<int>(*port)}),
    x.status};
}

} // namespace

std::vector<pool_server> servers_of(const gossip::member_list& members,
                                    const std::string& datacenter) {
  std::vector<pool_server> out;
  for (const auto& x : *members)
    if (auto server = server_of(x, datacenter))
      out.push_back(std::move(*server));
  return out;
}

std::vector<founder::server> founders_of(const gossip::member_list& members,
                                         const std::string& datacenter) {
  std::vector<founder::server> out;
  for (const auto& x : *members) {
    const auto server = server_of(x, datacenter);
    if (!server || x.status != gossip::member_status::alive)
      continue;
    const auto expect = parse_uint(tag(*x.facts, "expect")).value_or(0);
    out.push_back({{server->node_id},
                   server->address,
                   static_cast<std::size_t>(std::min(expect, expect_max)),
                   x.facts->cluster_id});
  }
  return out;
}

} // namespace praetor::node
