// Carries out checks over the network and as programs, on one io_context.
//
// All state is touched on the io thread only; calls from elsewhere are posted.
// Texts of errors are those of Go, which users of Consul match on.

#pragma once

#include "actors/health/prober.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace praetor::net {

/// @pre `io` runs in one thread and outlives the prober and all probes.
std::shared_ptr<health::prober> make_prober(boost::asio::io_context& io);

} // namespace praetor::net
