#include "api/http/handler.hpp"

#include <algorithm>

namespace praetor::http {

std::optional<std::string_view>
request::parameter(std::string_view name) const {
  const auto i =
    std::find_if(parameters.begin(), parameters.end(),
                 [name](const auto& entry) { return entry.first == name; });
  if (i == parameters.end())
    return std::nullopt;
  return i->second;
}

bool request::has(std::string_view name) const {
  return parameter(name).has_value();
}

std::string_view request::header(std::string_view name) const {
  const auto i =
    std::find_if(headers.begin(), headers.end(),
                 [name](const auto& entry) { return entry.first == name; });
  return i == headers.end() ? std::string_view{} : i->second;
}

} // namespace praetor::http
