// Go's fmt: how values are printed. Pure; total.
//
// Source: Go 1.19, package fmt.

#pragma once

#include "actors/template/core/value.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace praetor::templates {

/// Printing stops soon after this many bytes: shared values can stand for
/// exponentially long texts. Callers compare sizes with their own limits.
inline constexpr std::size_t printed_bytes_max = std::size_t{64} << 20U;

/// Returns what `print` prints: a space between two operands unless one is a
/// text.
std::string print(std::span<const value> operands);

/// Returns what `println` prints: spaces always, and a newline.
std::string print_line(std::span<const value> operands);

/// Returns what `printf` prints. Wrong verbs show in the text.
std::string print_formatted(std::string_view format,
                            std::span<const value> operands);

/// Appends what `%v` prints.
void print_value(std::string& out, const value& x);

/// Whether `{{x}}` can print this; functions and channels cannot be printed.
bool is_printable(const value& x);

/// Returns what stands for a value where it is printed: pointers are followed,
/// nothing is "<no value>".
value printable(const value& x);

} // namespace praetor::templates
