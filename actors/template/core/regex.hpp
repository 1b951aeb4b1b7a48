// Go's regular expressions by means of RE2, whose syntax they share. Pure.

#pragma once

#include "runtime/base/result.hpp"

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

using regex = std::shared_ptr<const RE2>;

/// Errors: invalid_argument with Go's text, e.g.
/// "error parsing regexp: missing closing ): `(`".
result<regex> compile_regex(const std::string& pattern);

/// A match: the whole, then the groups; those that took no part are null.
using regex_match = std::vector<re2::StringPiece>;

/// All matches that do not overlap, at most `count_max`, as Go finds them.
std::vector<regex_match> find_matches(const RE2& pattern, std::string_view text,
                                      std::size_t count_max);

/// Replaces all matches; `$1` and `${name}` in the replacement stand for
/// groups unless it is literal. Stops soon after `bytes_max`.
std::string replace_matches(const RE2& pattern, std::string_view text,
                            std::string_view replacement, bool literal,
                            std::size_t bytes_max);

} // namespace praetor::templates
