// Opens TCP connections the way Go's net.Dial does, with its error texts.

#pragma once

#include "runtime/base/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

namespace praetor::net {

/// Connects `socket` to the first address of `host` that answers. There is no
/// time limit: whoever has one closes the socket. The caller keeps it alive.
/// Errors: io_error, e.g. `dial tcp 127.0.0.1:1: connect: connection refused`.
boost::asio::awaitable<status> dial(boost::asio::ip::tcp::socket& socket,
                                    const bool& stop, std::string host,
                                    std::uint16_t port);

/// The operating system's sentence, in lower case as Go has it.
std::string lower_message(const boost::system::error_code& code);

} // namespace praetor::net
