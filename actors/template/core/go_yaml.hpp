// YAML 1.1 the way Go's yaml.v2 reads and writes it. Pure; total.
// (Reading is yaml-cpp's, which leaves it to us what a plain scalar means;
// the writer is our own because the layout is Go's.)

#pragma once

#include "actors/template/core/value.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>

namespace praetor::templates {

/// Maps become map[interface {}]interface {}, whole numbers int.
/// Errors: invalid_argument, e.g. `yaml: line 2: ...`.
result<value> parse_yaml(std::string_view text);

/// Block style, two spaces per level, lists not indented below their key.
/// Errors: invalid_argument if the value is too large or deep.
result<std::string> to_yaml(const value& x);

/// What a plain (unquoted) scalar means: nothing, a boolean, a number, or the
/// text itself.
value resolve_yaml(std::string_view plain);

} // namespace praetor::templates
