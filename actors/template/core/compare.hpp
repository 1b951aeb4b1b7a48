// Comparisons as the template language has them, and deep equality. Pure.
//
// Source: Go 1.19, text/template/funcs.go.

#pragma once

#include "actors/template/core/value.hpp"
#include "runtime/base/result.hpp"

namespace praetor::templates {

/// `eq` of two values. Errors: the text of `error calling eq`.
result<bool> equal(const value& a, const value& b);

/// `lt` of two values. Errors: the text of `error calling lt`.
result<bool> less(const value& a, const value& b);

/// Same types and contents, all the way down (Go's reflect.DeepEqual).
/// `steps` bounds the work: it is counted down and false is the answer at 0,
/// as it is for values that nest very deeply.
bool deep_equal(const value& a, const value& b, std::size_t& steps,
                int depth = 0);

} // namespace praetor::templates
