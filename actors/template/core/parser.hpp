// Parses a template's text. Pure; total: every text gives a tree or an error
// with Go's words, in time linear in its size.
//
// Source: Go 1.19, text/template/parse/parse.go, with Go 1.23's `else with`.

#pragma once

#include "actors/template/core/function.hpp"
#include "actors/template/core/nodes.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>

namespace praetor::templates {

/// How deep blocks and parentheses may nest; keeps the stack bounded.
inline constexpr int nesting_max = 500;

/// How large a template may be.
inline constexpr std::size_t template_bytes_max = std::size_t{16} << 20U;

struct parser_options {
  std::string name;
  std::string left_delimiter;
  std::string right_delimiter;
  bool newest = true; ///< with `else with` and ranges over integers
  const function_table* functions = nullptr; ///< before the built-in ones
};

/// Errors: invalid_argument with Go's text.
result<parsed_template> parse(std::string_view text,
                              const parser_options& options);

/// Reads a number or character constant as written.
/// Errors: invalid_argument with Go's text, e.g. `illegal number syntax: "-"`.
result<number> parse_number(std::string_view text);

} // namespace praetor::templates
