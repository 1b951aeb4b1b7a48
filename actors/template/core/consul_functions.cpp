#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/sprig.hpp"

namespace praetor::templates {

const function_table& consul_functions() {
  static const auto table = [] {
    function_table out;
    for (const auto rows :
         {dependency_rows(), text_rows(), list_rows(), math_rows(),
          encoding_rows(), host_rows(), sockaddr_rows(), sprig::text_rows(),
          sprig::number_rows(), sprig::list_rows(), sprig::map_rows(),
          sprig::date_rows(), sprig::other_rows()})
      add_functions(out, rows);
    return out;
  }();
  return table;
}

} // namespace praetor::templates
