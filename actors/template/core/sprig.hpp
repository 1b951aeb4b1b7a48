// What the functions of Sprig, a library of text functions for Go's templates,
// have in common: they take almost any value and make the best of it. Here
// their names start with "sprig_".
//
// Source: github.com/Masterminds/sprig v3.

#pragma once

#include "actors/template/core/function_rows.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace praetor::templates::sprig {

std::span<const function_row> text_rows();
std::span<const function_row> number_rows();
std::span<const function_row> list_rows();
std::span<const function_row> map_rows();
std::span<const function_row> date_rows();
std::span<const function_row> other_rows();

/// How many items `until`, `seq` and the like may make.
inline constexpr std::int64_t items_max = 1'000'000;

/// A value as a text; nil is "<nil>".
std::string to_text(const value& x);

/// The items of a list as texts, without nils; another value as one text.
std::vector<std::string> to_texts(const value& x);

/// A value as a whole number; 0 if it is none.
std::int64_t to_integer(const value& x);

/// A value as a number; 0 if it is none.
double to_real(const value& x);

/// Whether a value is empty; records never are.
bool is_empty(const value& x);

/// The items of a list. Errors: `text`, then the value's type.
result<std::vector<value>> items_of(const value& x, std::string_view function);

} // namespace praetor::templates::sprig
