// The transport over real sockets: HTTP/1.1 over TCP, TLS or a Unix socket, one
// connection for each exchange. Blocks; cancel() is for another thread.

#pragma once

#include "tools/praetor/client.hpp"

namespace praetor::tools {

/// Longest answer that is kept in memory.
inline constexpr std::size_t answer_bytes_max = std::size_t{1} << 30U;

/// Errors: io_error with Go's text, e.g.
/// `Error loading CA File: open /x: no such file or directory`.
result<std::unique_ptr<transport>>
make_http_transport(const client_options& options);

} // namespace praetor::tools
