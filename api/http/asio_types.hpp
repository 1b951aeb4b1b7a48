// The Asio types of the HTTP server, without type-erased executors. For TLS,
// only `stream` changes.

#pragma once

// clang-format off
#include <utility> // first: awaitable.hpp of Boost 1.74 forgets it
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
// clang-format on

namespace praetor::http {

namespace asio = boost::asio;

using executor = asio::io_context::executor_type;

/// TCP and Unix-domain sockets alike.
using stream =
  asio::basic_stream_socket<asio::generic::stream_protocol, executor>;

/// A coroutine in one io thread.
template <class T = void>
using task = asio::awaitable<T, executor>;

inline constexpr asio::use_awaitable_t<executor> use_task{};

} // namespace praetor::http
