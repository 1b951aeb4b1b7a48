// JSON the way Go's encoding/json reads and writes it, for template values.
// Pure; total. (The reader is our own because its error texts are Go's; the
// writer because struct fields, sorted maps and numbers are.)

#pragma once

#include "actors/template/core/value.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>

namespace praetor::templates {

/// How deep documents may nest.
inline constexpr int json_depth_max = 1000;

/// Objects become map[string]interface {}, numbers float64.
/// Errors: invalid_argument with Go's text, e.g.
/// `invalid character 'b' looking for beginning of object key string`.
result<value> parse_json(std::string_view text);

struct json_style {
  std::string_view indent; ///< of one level; empty: everything on one line
  bool escape_html = true; ///< < > & as \u003c \u003e \u0026
};

/// Errors: invalid_argument with Go's text, e.g.
/// `json: unsupported type: func() int`.
result<std::string> to_json(const value& x, const json_style& style = {});

/// Appends a JSON string with quotes.
void append_json_text(std::string& out, std::string_view text,
                      bool escape_html);

/// How encoding/json writes a float64.
std::string json_real(double x);

} // namespace praetor::templates
