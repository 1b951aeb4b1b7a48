#include "actors/template/core/function.hpp"

#include "runtime/base/assert.hpp"

namespace praetor::templates {

namespace {

/// The end of the parameter list of "func(...) ...": nested parentheses count.
std::size_t closing_parenthesis(std::string_view text) {
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    open += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (open == 0 && text[i] == ')')
      return i;
  }
  return text.size();
}

} // namespace

function make_function(const function_row& row) {
  function out;
  out.name = row.name;
  out.signature = row.signature;
  out.body = row.body;
  auto text = row.signature;
  PRAETOR_ASSERT(text.starts_with("func("));
  const auto end = closing_parenthesis(text);
  const auto results = text.substr(std::min(end + 1, text.size()));
  out.returns_any = results.starts_with(" interface {}")
                    || results.starts_with(" (interface {}");
  text = text.substr(5, end - 5);
  while (!text.empty()) {
    const auto comma = std::min(text.find(", "), text.size());
    auto name = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 2, text.size()));
    if (name.starts_with("...")) {
      out.variadic = true;
      name.remove_prefix(3);
    }
    out.parameters.push_back(type_named(name));
  }
  return out;
}

void add_functions(function_table& table, std::span<const function_row> rows) {
  for (const auto& row : rows)
    table.insert_or_assign(std::string{row.name}, make_function(row));
}

} // namespace praetor::templates
