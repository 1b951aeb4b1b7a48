// What a configuration file says, before anybody asks what it means: a tree of
// values, each with the place it came from. Pure data.
//
// Objects keep their members in the order of the file and keep repeated ones:
// `service {}` twice is two members. A labelled block nests: `key "a/" {}` is
// the member "key" whose value is an object with the member "a/".

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace praetor::config {

/// Where a value starts; both from 1. Columns count bytes. Line 0 stands for
/// the command line.
struct position {
  std::size_t line = 1;
  std::size_t column = 1;

  friend bool operator==(const position&, const position&) = default;
};

/// Returns "line 3, column 7", or "command line".
std::string to_string(position where);

struct value;
struct member;

using value_list = std::vector<value>;
using value_object = std::vector<member>;

/// One value. `std::monostate` is JSON's null.
struct value {
  std::variant<std::monostate, bool, std::int64_t, double, std::string,
               value_list, value_object>
    data;
  position where;

  /// Returns the held `T`, or nullptr.
  template <class T>
  const T* as() const {
    return std::get_if<T>(&data);
  }

  /// Compares what is said, not where.
  friend bool operator==(const value& a, const value& b);
};

/// A named value of an object.
struct member {
  std::string key;
  /// Of the key, not of the value.
  position where;
  value content;

  friend bool operator==(const member& a, const member& b) {
    return a.key == b.key && a.content == b.content;
  }
};

// Down here since it needs `member` to be complete.
inline bool operator==(const value& a, const value& b) {
  return a.data == b.data;
}

/// Returns the word that Go's decoder has for the type of `x` in its error
/// texts: "string", "bool", "int", "float64", "slice", "map" or "nil".
std::string_view type_name(const value& x);

/// Renders `x` as compact JSON, e.g. for tests and for /v1/agent/self.
std::string to_json(const value& x);

} // namespace praetor::config
