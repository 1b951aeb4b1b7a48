// What gossip is told about this node and its LAN pool, from the settings.

#pragma once

#include "actors/gossip/gossip_actor.hpp"
#include "runtime/base/result.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/net/gossip_link.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace praetor::node {

/// Reads the files of the pool. Errors: io_error naming the file. A snapshot
/// that is damaged is reported and ignored.
result<gossip::gossip_options> pool_options(const config::settings& x,
                                            const std::string& node_id,
                                            const std::string& cluster_id);

/// Opens the sockets of the pool. Errors: as net::make_gossip_link;
/// invalid_argument for keys.
result<std::shared_ptr<net::gossip_link>> open_pool(boost::asio::io_context& io,
                                                    const config::settings& x,
                                                    std::uint64_t seed);

} // namespace praetor::node
