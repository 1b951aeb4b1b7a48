// One HTTP request of a check, with its redirects and its time limit.

#pragma once

#include "actors/health/prober.hpp"
#include "runtime/base/reply.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <functional>

namespace praetor::net {

/// Clients of both kinds: those that verify certificates, and those that do
/// not.
struct tls_clients {
  tls_clients();
  boost::asio::ssl::context verifying;
  boost::asio::ssl::context trusting;
};

/// Sends the request. Call on the io thread, where `to` is completed as well.
/// Errors: io_error with the text of Go's client.
/// @pre `tls` outlives the request.
/// @returns What cancels it.
std::function<void()> start_http_check(boost::asio::io_context& io,
                                       tls_clients& tls,
                                       health::http_probe what,
                                       reply<health::http_outcome> to);

} // namespace praetor::net
