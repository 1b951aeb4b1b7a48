// Functions of the template language and tables of them. Pure.
//
// A function is written down with its Go signature: it decides which arguments
// are accepted, how constants adapt to them, and the texts of errors.

#pragma once

#include "actors/template/core/value.hpp"
#include "runtime/base/result.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

class environment;

/// What a function works with. Arguments have been checked against the
/// signature: kinds are as declared, those of type `interface {}` are unboxed
/// and may be invalid (nil).
struct call {
  environment& env;
  std::span<const value> arguments;
  value receiver; ///< of methods: the record, or a nil pointer to one

  const value& operator[](std::size_t i) const { return arguments[i]; }
  std::size_t size() const { return arguments.size(); }
  const std::string& text(std::size_t i) const {
    return arguments[i].as_text();
  }
};

using native = result<value> (*)(const call&);

struct function {
  std::string name;
  std::string signature; ///< "func(string, ...string) (string, error)"
  native body = nullptr;
  std::vector<type_ref> parameters; ///< the last one's element if variadic
  bool variadic = false;
  bool returns_any = false; ///< its static result is `interface {}`
  bool lazy = false;        ///< `and`, `or`: stop at the answer
  bool on_pointer = false;  ///< a method that also takes nil
};

/// A row of a table of functions.
struct function_row {
  std::string_view name;
  std::string_view signature;
  native body;
};

/// Makes a function of a row. @pre The signature is well-formed.
function make_function(const function_row& row);

using function_table = std::map<std::string, function, std::less<>>;

void add_functions(function_table& table, std::span<const function_row> rows);

/// The functions that Go's templates always have. They give way to a
/// function of the same name in another table.
const function_table& builtin_functions();

/// All functions of consul-template, without the built-in ones.
const function_table& consul_functions();

/// Returns an error for the text that follows "error calling NAME: ".
inline error failure(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

} // namespace praetor::templates
