// Readers of the two configuration languages, HCL (version 1) and JSON. Pure
// and total: any bytes give a value tree or an error with its place.
//
// HCL: `key = value`, `key { ... }`, `key "label" { ... }`; comments # // and
// /* */; heredocs <<X and <<-X; commas between members are optional. `${...}`
// inside a string is kept as it is. A JSON document is also a HCL one.
// Source: hashicorp/hcl v1 (hcl/scanner, hcl/parser); Go's encoding/json for
// the words of JSON errors.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/config/value.hpp"

#include <string_view>

namespace praetor::config {

/// Longest text that is read.
inline constexpr std::size_t document_bytes_max = std::size_t{16} << 20;

/// Deepest nesting of objects and lists.
inline constexpr int nesting_depth_max = 64;

/// Returns the document's object.
/// Errors: invalid_argument, e.g. `At 1:15: expected a key, got '}'`.
result<value> parse_hcl(std::string_view text);

/// Returns the document's object. A blank text is an empty object.
/// Errors: invalid_argument with Go's text and the place, e.g.
/// `unexpected end of JSON input (line 1, column 12)`.
result<value> parse_json(std::string_view text);

} // namespace praetor::config
