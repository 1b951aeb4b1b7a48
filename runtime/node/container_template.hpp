// Templates over a container, for registrator's -tags and -name-from: the
// language of Go, with the container as dot and registrator's functions.
//
//   {{.Config.Hostname}},{{index .Config.Labels "env"}}
//
// The container is what the engine tells, with `ID` instead of `Id`. Fields of
// the container itself must exist; deeper ones that are missing print
// `<no value>`. Source: gliderlabs/registrator 7.4, registrator.go.

#pragma once

#include "actors/registrator/core/options.hpp"
#include "runtime/base/result.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace praetor::node {

/// Returns the body of an answer to GET, or "" if there was none. May block.
using url_reader = std::function<std::string(const std::string& url)>;

/// @param read for the function httpGet; null: there is no such function
/// Errors: invalid_argument with Go's text.
result<registrator::container_text> container_template(std::string_view text,
                                                       url_reader read);

/// Reads a URL within ten seconds. Blocks.
std::string read_url(const std::string& url);

} // namespace praetor::node
