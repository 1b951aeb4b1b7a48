// Asio and Beast themselves, for the tests with sockets: praetor_http only
// declares them, and what compiles them (praetor_net) is not linked here.

// clang-format off
#include <utility> // awaitable.hpp of Boost 1.74 forgets it
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
// clang-format on
