// What a node says about itself, derived from its settings: in the catalog, in
// the member list, in /v1/agent/self. Pure.

#pragma once

#include "actors/agent/core/local_json.hpp"
#include "actors/catalog/messages.hpp"
#include "api/http/dispatch.hpp"
#include "api/http/handler.hpp"
#include "runtime/config/settings.hpp"

#include <string>

namespace praetor::node {

/// The node's record in the catalog, with the addresses that it advertises.
catalog::node_row node_record(const config::settings& x,
                              const std::string& node_id);

/// What the leader registers for this server: node, `consul`, serfHealth.
catalog::register_node server_registration(const config::settings& x,
                                           const std::string& node_id);

/// The node as a member of the LAN or WAN pool.
agent::member_facts lan_member(const config::settings& x,
                               const std::string& node_id);
agent::member_facts wan_member(const config::settings& x,
                               const std::string& node_id);

/// What the HTTP endpoints know.
http::node_facts http_facts(const config::settings& x,
                            const std::string& node_id);

/// What the HTTP server enforces for all requests.
http::site http_site(const config::settings& x);

} // namespace praetor::node
