// TOML the way the original writes it: scalars before tables, sorted keys,
// nested tables indented by two spaces. Pure.
//
// Source: github.com/BurntSushi/toml 0.3.

#pragma once

#include "actors/template/core/value.hpp"
#include "runtime/base/result.hpp"

#include <string>

namespace praetor::templates {

/// Errors: invalid_argument if a value has no form in TOML.
/// @pre `map` is a map with text keys.
result<std::string> to_toml(const value& map);

} // namespace praetor::templates
