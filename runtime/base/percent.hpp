// Percent-encoding of URLs (RFC 3986). Pure.

#pragma once

#include <string>
#include <string_view>

namespace praetor {

/// Encodes all but letters, digits, `-._~` and the characters in `kept`.
std::string percent_encode(std::string_view text, std::string_view kept = "");

} // namespace praetor
