// The usual shapes of responses. Pure functions, used as
// `x.respond(json(body))`.

#pragma once

#include "api/http/handler.hpp"
#include "runtime/base/owner.hpp"

#include <string>

namespace praetor::http {

/// 200 with JSON, which becomes indented where that is asked for.
response json(shared_text body);
response json(std::string body);

/// Text/plain, for errors: `400 Missing key name`.
response plain(int status, std::string text);

/// No body, no Content-Type.
response empty(int status = 200);

} // namespace praetor::http
