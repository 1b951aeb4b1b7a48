// Where the Docker Engine is, as DOCKER_HOST and its companions say.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/net/http_session.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace praetor::node {

/// Returns an environment variable, or "".
using variable_reader = std::function<std::string(std::string_view name)>;

/// @param host unix:///PATH or tcp://HOST:PORT; empty: DOCKER_HOST, else the
/// socket where registrator's containers have it, else where hosts have it
/// Errors: invalid_argument naming the variable.
result<net::http_place> docker_place(std::string host,
                                     const variable_reader& variable);

} // namespace praetor::node
