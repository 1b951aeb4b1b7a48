// The Asio types of connections between nodes, without type-erased executors.

#pragma once

// clang-format off
#include <utility> // first: awaitable.hpp of Boost 1.74 forgets it
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
// clang-format on

#include "runtime/base/result.hpp"

#include <chrono>
#include <string>

namespace praetor::net {

using peer_executor = boost::asio::io_context::executor_type;
using peer_endpoint = boost::asio::ip::tcp::endpoint;
using peer_socket =
  boost::asio::basic_stream_socket<boost::asio::ip::tcp, peer_executor>;
using peer_acceptor =
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, peer_executor>;
using peer_timer = boost::asio::basic_waitable_timer<
  std::chrono::steady_clock,
  boost::asio::wait_traits<std::chrono::steady_clock>, peer_executor>;

/// A coroutine in the io thread.
template <class T = void>
using peer_task = boost::asio::awaitable<T, peer_executor>;

inline constexpr boost::asio::use_awaitable_t<peer_executor> use_peer_task{};

/// Parses "10.0.0.1:8300" or "[::1]:8300"; names are not looked up.
/// Errors: invalid_argument.
result<peer_endpoint> parse_endpoint(const std::string& text);

} // namespace praetor::net
