// The one place where Asio and Beast are compiled; everybody else sees
// declarations only (BOOST_ASIO_SEPARATE_COMPILATION), which halves build time.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>

#include <utility> // awaitable.hpp of Boost 1.74 forgets it
