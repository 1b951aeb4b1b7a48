// Members of a pool in few words.

#pragma once

#include "actors/gossip/messages.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace praetor::leader::test {

using gossip::member_status;
using gossip::pool_member;

inline gossip::member_facts facts_of(const std::string& name,
                                     std::string address) {
  gossip::member_facts out;
  out.name = name;
  out.node_id = "id-of-" + name;
  out.at = {std::move(address), 8301};
  out.datacenter = "dc1";
  out.tags = {{"role", "node"}, {"build", "1.8.7:"}};
  return out;
}

inline pool_member client(const std::string& name,
                          member_status status = member_status::alive,
                          std::string address = "10.0.0.1") {
  return {std::make_shared<const gossip::member_facts>(
            facts_of(name, std::move(address))),
          status};
}

inline gossip::member_facts server_facts(const std::string& name,
                                         std::string address) {
  auto out = facts_of(name, std::move(address));
  out.tags["role"] = "consul";
  out.tags["port"] = "8300";
  out.tags["raft_vsn"] = "3";
  return out;
}

inline pool_member server(const std::string& name,
                          member_status status = member_status::alive,
                          std::string address = "10.0.0.1") {
  return {std::make_shared<const gossip::member_facts>(
            server_facts(name, std::move(address))),
          status};
}

inline pool_member changed(pool_member x,
                           void (*change)(gossip::member_facts&)) {
  auto facts = *x.facts;
  change(facts);
  x.facts = std::make_shared<const gossip::member_facts>(std::move(facts));
  return x;
}

} // namespace praetor::leader::test
