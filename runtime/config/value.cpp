#include "runtime/config/value.hpp"

#include "runtime/base/json.hpp"

#include <array>
#include <charconv>

namespace praetor::config {

namespace {

void append_json(std::string& out, const value& x);

void append_json(std::string& out, const value_list& list) {
  out.push_back('[');
  for (const auto& x : list) {
    if (&x != &list.front())
      out.push_back(',');
    append_json(out, x);
  }
  out.push_back(']');
}

void append_json(std::string& out, const value_object& object) {
  out.push_back('{');
  for (const auto& x : object) {
    if (&x != &object.front())
      out.push_back(',');
    out.append(json_quote(x.key)).push_back(':');
    append_json(out, x.content);
  }
  out.push_back('}');
}

void append_json(std::string& out, double x) {
  std::array<char, 32> digits{};
  auto [end, code] = std::to_chars(digits.begin(), digits.end(), x);
  out.append(digits.begin(), end);
}

void append_json(std::string& out, const value& x) {
  if (const auto* truth = x.as<bool>())
    out.append(*truth ? "true" : "false");
  else if (const auto* number = x.as<std::int64_t>())
    out.append(std::to_string(*number));
  else if (const auto* real = x.as<double>())
    append_json(out, *real);
  else if (const auto* text = x.as<std::string>())
    out.append(json_quote(*text));
  else if (const auto* list = x.as<value_list>())
    append_json(out, *list);
  else if (const auto* object = x.as<value_object>())
    append_json(out, *object);
  else
    out.append("null");
}

} // namespace

std::string to_string(position where) {
  if (where.line == 0)
    return "command line";
  return "line " + std::to_string(where.line) + ", column "
         + std::to_string(where.column);
}

std::string_view type_name(const value& x) {
  constexpr std::array<std::string_view, 7> names = {
    "nil", "bool", "int", "float64", "string", "slice", "map"};
  return names[x.data.index()];
}

std::string to_json(const value& x) {
  std::string out;
  append_json(out, x);
  return out;
}

} // namespace praetor::config
