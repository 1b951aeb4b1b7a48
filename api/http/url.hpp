// Request targets: decoding, cleaning, escaping. Pure and total: any bytes give
// a value or nothing.
// Source: Go's net/url and path.Clean, whose results clients see in redirects.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::http {

/// Replaces %XX, and + by a blank if `plus` says so. Nothing if a % is not
/// followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text, bool plus);

/// Splits a query string at & and ; and decodes it. Nothing if any part cannot
/// be decoded.
std::optional<std::vector<std::pair<std::string, std::string>>>
parse_query(std::string_view text);

/// A request target in its parts; path and query not decoded.
struct target_parts {
  std::string_view path;
  std::string_view query;
};

/// Splits origin-form ("/a?b") and absolute-form ("http://h/a?b") targets.
/// Nothing for anything else.
std::optional<target_parts> split_target(std::string_view target);

/// Whether `clean_path` would leave the path as it is.
bool is_clean_path(std::string_view path);

/// Removes empty, "." and ".." segments; a final slash stays.
/// @pre `path` starts with a slash.
std::string clean_path(std::string_view path);

/// Escapes what may not stand in the path of a Location header.
std::string escape_path(std::string_view path);

/// Whether all characters (UTF-8) can be printed; blanks other than the ASCII
/// one, control and format characters cannot.
bool is_printable(std::string_view text);

} // namespace praetor::http
