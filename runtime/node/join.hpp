// What `join` can do until nodes gossip: find out whether there is anybody.

#pragma once

#include "runtime/base/reply.hpp"

#include <boost/asio/io_context.hpp>

#include <string>
#include <variant>

namespace praetor::node {

/// Connects to `address` (HOST or HOST:PORT) and then refuses, since this
/// version cannot join. Errors: rejected, with Consul's list of one error.
/// @pre `io` outlives the attempt; `to` is completed in its thread.
void try_join(boost::asio::io_context& io, const std::string& address,
              int default_port, const reply<std::monostate>& to);

} // namespace praetor::node
