// Texts of Go's strconv package, as they appear in what Consul's clients send
// and see: quoting, unquoting, integers of any base. Pure.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::http {

/// Returns `text` in double quotes as %q writes it. Bytes that are not
/// printable ASCII are escaped unless they belong to UTF-8.
std::string go_quote(std::string_view text);

/// Returns what stands between double quotes with its escapes resolved; nothing
/// if it is no valid Go string. `inner` is without the quotes.
std::optional<std::string> go_unquote(std::string_view inner);

/// Parses as strconv.ParseInt(text, 0, 64): decimal, 0x, 0o, 0b, underscores.
/// Errors: `strconv.ParseInt: parsing "x": invalid syntax` or
/// `...: value out of range`.
result<std::int64_t> go_parse_int(std::string_view text);

} // namespace praetor::http
