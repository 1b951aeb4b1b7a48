// The only table that turns an error of ours into an HTTP answer.

#pragma once

#include "api/http/handler.hpp"
#include "runtime/base/result.hpp"

namespace praetor::http {

/// Returns the HTTP status that an error code becomes.
int status_of(errc code);

/// Returns the answer to a failed request: status and sentence. Without a
/// leader the sentence is always `No cluster leader`: clients match it.
response failure(const error& e);

} // namespace praetor::http
