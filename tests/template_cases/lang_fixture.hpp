// The data and functions that the cases of the language are written for.

#pragma once

#include "actors/template/core/function.hpp"
#include "actors/template/core/value.hpp"

#include <rapidjson/document.h>

namespace praetor::templates::cases {

/// Turns a case's `data` into a value. A number without point or exponent is
/// an int; objects with "$t" name a Go type, see `typed_value`.
value to_value(const rapidjson::Value& x);

/// add, sum, upper, cat, join2, ident, typeof, list, dict, fail, ...
const function_table& lang_functions();

} // namespace praetor::templates::cases
