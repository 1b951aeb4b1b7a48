#include "actors/template/core/function.hpp"
#include "actors/template/core/function_rows.hpp"

namespace praetor::templates {

const function_table& consul_functions() {
  static const auto table = [] {
    function_table out;
    for (const auto rows : {std::span<const function_row>{}})
      add_functions(out, rows);
    return out;
  }();
  return table;
}

} // namespace praetor::templates
