#include "runtime/config/decoder.hpp"

#include "runtime/base/text.hpp"
#include "runtime/config/go_flags.hpp"
#include "runtime/config/spelling.hpp"

#include <cmath>
#include <limits>

namespace praetor::config {

namespace {

/// Removes list indexes: "services[0].proxy" is "services.proxy".
std::string without_indexes(std::string_view path) {
  std::string out;
  bool inside = false;
  for (char c : path) {
    inside = inside || c == '[';
    if (!inside)
      out.push_back(c);
    if (c == ']')
      inside = false;
  }
  return out;
}

} // namespace

// -- values -------------------------------------------------------------------

const value& decoder::unwrap(const value& x) {
  const auto* list = x.as<value_list>();
  return list != nullptr && list->size() == 1 ? list->front() : x;
}

void decoder::read(const value& x, bool& out) {
  const auto& item = unwrap(x);
  if (const auto* truth = item.as<bool>())
    out = *truth;
  else
    wrong_type(item, "bool");
}

std::optional<std::int64_t> decoder::whole_number(const value& x,
                                                  std::string_view expected,
                                                  std::int64_t least,
                                                  std::int64_t most) {
  const auto& item = unwrap(x);
  std::optional<std::int64_t> number;
  if (const auto* whole = item.as<std::int64_t>()) {
    number = *whole;
  } else if (const auto* real = item.as<double>()) {
    constexpr double exact_max = 9007199254740992.0; // 2^53
    if (std::trunc(*real) == *real && std::abs(*real) <= exact_max)
      number = static_cast<std::int64_t>(*real);
  }
  if (!number) {
    wrong_type(item, expected);
  } else if (*number < least || *number > most) {
    add_wrong_type(item.where, "cannot parse '" + path_ + "', "
                                 + std::to_string(*number) + " overflows "
                                 + std::string{expected});
    number.reset();
  }
  return number;
}

void decoder::read(const value& x, int& out) {
  using limits = std::numeric_limits<int>;
  if (auto number = whole_number(x, "int", limits::min(), limits::max()))
    out = static_cast<int>(*number);
}

void decoder::read(const value& x, unsigned& out) {
  constexpr auto most = std::numeric_limits<unsigned>::max();
  if (auto number = whole_number(x, "uint", 0, most))
    out = static_cast<unsigned>(*number);
}

void decoder::read(const value& x, std::uint64_t& out) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  if (auto number = whole_number(x, "uint64", 0, most))
    out = static_cast<std::uint64_t>(*number);
}

void decoder::read(const value& x, double& out) {
  const auto& item = unwrap(x);
  if (const auto* real = item.as<double>())
    out = *real;
  else if (const auto* whole = item.as<std::int64_t>())
    out = static_cast<double>(*whole);
  else
    wrong_type(item, "float64");
}

void decoder::read(const value& x, std::string& out) {
  const auto& item = unwrap(x);
  if (const auto* text = item.as<std::string>())
    out = *text;
  else
    wrong_type(item, "string");
}

void decoder::read(const value& x, duration& out) {
  const auto& item = unwrap(x);
  const auto* text = item.as<std::string>();
  if (text == nullptr)
    return wrong_type(item, "string");
  auto span = parse_duration(*text);
  if (span)
    out = *span;
  else
    bad_value(item, "invalid duration: " + go_quote(*text) + ": "
                      + span.error().context);
}

const value_object* decoder::object_of(const value& x) {
  const auto& item = unwrap(x);
  const auto* object = item.as<value_object>();
  if (object == nullptr)
    add_wrong_type(item.where, "'" + path_ + "' expected a map, got '"
                                 + std::string{type_name(item)} + "'");
  return object;
}

// -- complaints ---------------------------------------------------------------

std::string decoder::place(position where) const {
  auto text = to_string(where);
  return where.line == 0 ? text : source_.name + ", " + text;
}

void decoder::bad_value(const value& x, std::string_view reason) {
  found_.bad_values.push_back(path_ + ": " + std::string{reason} + " ("
                              + place(x.where) + ")");
}

void decoder::warn(position where, std::string_view text) {
  found_.warnings.push_back(place(where) + ": " + go_quote(path_) + " "
                            + std::string{text});
}

void decoder::add_wrong_type(position where, std::string text) {
  found_.wrong_types.push_back(std::move(text) + " (" + to_string(where) + ")");
}

std::string decoder::go_type(const value& x) const {
  if (x.as<value_list>() != nullptr)
    return "[]interface {}";
  if (x.as<value_object>() != nullptr)
    return source_.json ? "map[string]interface {}"
                        : "[]map[string]interface {}";
  if (source_.json && x.as<std::int64_t>() != nullptr)
    return "float64";
  return std::string{type_name(x)};
}

void decoder::wrong_type(const value& x, std::string_view expected) {
  add_wrong_type(x.where, "'" + path_ + "' expected type '"
                            + std::string{expected}
                            + "', got unconvertible type '" + go_type(x) + "'");
}

void decoder::not_a_list(const value& x) {
  add_wrong_type(x.where, "'" + path_
                            + "': source data must be an array or slice, got "
                            + std::string{type_name(x)});
}

void decoder::repeated_block(position where) {
  add_wrong_type(where, "'" + path_ + "' expected a map, got 'slice'");
}

void decoder::unknown_key(const member& entry,
                          const std::vector<std::string_view>& valid_keys) {
  scope inside{*this, entry.key.empty() ? "\"\"" : entry.key};
  auto text = "invalid config key " + path_ + " (" + to_string(entry.where);
  if (auto meant = nearest(entry.key, valid_keys); !meant.empty())
    text.append("; did you mean ").append(meant).append("?");
  found_.unknown_keys.push_back(text.append(")"));
}

bool decoder::same_key(std::string_view a, std::string_view b) {
  return equal_fold(a, b);
}

bool decoder::is_unsupported() const {
  return source_.unsupported != nullptr
         && source_.unsupported(without_indexes(path_));
}

} // namespace praetor::config
