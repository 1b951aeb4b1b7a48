// TLS for clients of an agent: which certificates are trusted and shown.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/net/tls_options.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>

namespace praetor::net {

/// Errors: io_error with Go's text, e.g.
/// `Error loading CA File: open /x: no such file or directory`.
result<std::unique_ptr<boost::asio::ssl::context>>
make_tls_context(const tls_options& options);

} // namespace praetor::net
