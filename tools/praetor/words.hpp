// Small texts that several commands need. Pure.

#pragma once

#include "runtime/base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::tools {

/// Returns `text` without white space around it.
std::string_view trimmed(std::string_view text);

/// Counts code points, as a terminal's columns.
std::size_t width_of(std::string_view text);

std::string joined(const std::vector<std::string>& words,
                   std::string_view separator);

/// Returns a path of a URL, escaped as Go does: slashes stay.
std::string escape_path(std::string_view path);

/// Returns `a=b&c=d`, escaped as Go does.
std::string encode_query(const std::multimap<std::string, std::string>& query);

/// Parses `key=value` of each word.
/// Errors: invalid_argument, `Missing "=" value in argument: x`.
result<std::map<std::string, std::string>>
key_values(const std::vector<std::string>& words);

/// Whether `pattern` matches anywhere in `text`.
/// Errors: invalid_argument with Go's words, e.g.
/// "error parsing regexp: missing closing ]: `[`".
result<bool> matches(const std::string& pattern, const std::string& text);

} // namespace praetor::tools
