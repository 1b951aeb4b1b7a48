// What the commands about keys share.

#pragma once

#include "tools/praetor/command.hpp"
#include "tools/praetor/json_value.hpp"

namespace praetor::tools {

std::string key_path(std::string_view key);

/// Takes one slash off, which people type by habit.
std::string_view without_slash(std::string_view key);

/// Returns the first argument, or "".
std::string first_argument(const invocation& call);

/// Returns what DATA stands for: a file (`@path`), stdin (`-`) or itself.
/// Errors: io_error, `Failed to read file: open /x: ...`.
result<std::string> resolve_data(const std::string& data, console& io);

/// Asks for keys; what does not exist is null. Nothing: the reason is printed,
/// for every status but 200 and 404 without its body.
std::optional<json_value> query_keys(invocation& call, api_request request);

} // namespace praetor::tools
