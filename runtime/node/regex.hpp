// Regular expressions for cores that may not include a library: RE2, whose
// syntax is that of Go.

#pragma once

#include "runtime/base/result.hpp"

#include <string>

namespace praetor::node {

/// Whether `pattern` matches anywhere in `text`. An empty pattern matches all.
/// Errors: invalid_argument with what is wrong with the pattern.
result<bool> regex_matches(const std::string& pattern, const std::string& text);

} // namespace praetor::node
