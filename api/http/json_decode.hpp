// Reads JSON bodies the way Go's encoding/json does, which Consul's clients
// rely on: member names match in any case, `null` means "not given", unknown
// members are refused, only the first value of the text counts. Pure.
//
//   struct fire_body {
//     std::string name;
//     std::string payload;
//     std::vector<check_body> checks;
//   };
//   constexpr json_member<fire_body> fire_members[] = {
//     field<&fire_body::name>("Name"),
//     base64<&fire_body::payload>("Payload"),
//     objects<&fire_body::checks, check_members>("Checks"),
//   };
//   auto body = decode_json(rq.body, fire_members); // result<fire_body>
//
// A member that fits no maker is a row `{"LockDelay", take_lock_delay}`.
// Errors are invalid_argument with Go's text, e.g. `unexpected EOF` or
// `json: unknown field "nam"`. Source: Go's src/encoding/json/decode.go.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace praetor::http {

/// Deeper nested bodies are refused.
inline constexpr std::size_t json_depth_max = 100;

using json_value = rapidjson::Value;

/// What happens with members that no table mentions.
enum class unknown_members : std::uint8_t { refuse, ignore };

/// One member of a T: its names and how its value gets there. `take` never
/// sees null. Meant to be a row in a constant table.
template <class T>
struct json_member {
  using target = T;
  std::string_view name;
  /// `field` is the name, for error texts.
  status (*take)(const json_value& from, std::string_view field,
                 T& to) = nullptr;
  std::string_view alias = {};
};

// -- parsing
// ----------------------------------------------------------------------

/// Parses the first value of `text`; what follows it is ignored.
/// Errors: Go's text for broken JSON.
result<rapidjson::Document> parse_json(std::string_view text);

/// Returns `json: cannot unmarshal <kind of from> into Go struct field <field>
/// of type <type>`.
error json_mismatch(const json_value& from, std::string_view field,
                    std::string_view type);

/// Appends `from` as Go marshals an untyped value: compact, keys sorted.
void append_json(const json_value& from, std::string& to);

// -- values: one overload for each type
// -------------------------------------------

status decode_value(const json_value& from, std::string_view field,
                    std::string& to);
status decode_value(const json_value& from, std::string_view field, bool& to);
status decode_value(const json_value& from, std::string_view field,
                    std::int64_t& to);
status decode_value(const json_value& from, std::string_view field,
                    std::uint64_t& to);

/// Takes a duration string, or a number of nanoseconds whose fraction is cut.
/// Other kinds count as zero.
status decode_value(const json_value& from, std::string_view field,
                    duration& to);

/// Takes standard base64.
status decode_base64(const json_value& from, std::string_view field,
                     std::string& to);

/// Takes any value, as `append_json` writes it.
status decode_any(const json_value& from, std::string_view field,
                  std::string& to);

// Declared ahead, so that they find each other.
template <class T>
status decode_value(const json_value& from, std::string_view field,
                    std::vector<T>& to);
template <class T>
status decode_value(const json_value& from, std::string_view field,
                    std::map<std::string, T>& to);

template <class T>
status decode_value(const json_value& from, std::string_view field,
                    std::optional<T>& to) {
  return decode_value(from, field, to.emplace());
}

/// Elements that are null become default values.
template <class T, class Decode>
status decode_elements(const json_value& from, std::string_view field,
                       std::vector<T>& to, Decode decode) {
  if (!from.IsArray())
    return json_mismatch(from, field, "[]");
  to.clear();
  for (const auto& element : from.GetArray()) {
    auto& item = to.emplace_back();
    if (element.IsNull())
      continue;
    if (auto done = decode(element, item); !done)
      return done;
  }
  return ok;
}

template <class T>
status decode_value(const json_value& from, std::string_view field,
                    std::vector<T>& to) {
  return decode_elements(from, field, to,
                         [field](const json_value& element, T& item) {
                           return decode_value(element, field, item);
                         });
}

template <class T, class Decode>
status decode_entries(const json_value& from, std::string_view field,
                      std::map<std::string, T>& to, Decode decode) {
  if (!from.IsObject())
    return json_mismatch(from, field, "map[string]");
  for (const auto& entry : from.GetObject()) {
    auto& item =
      to[std::string{entry.name.GetString(), entry.name.GetStringLength()}];
    if (entry.value.IsNull())
      continue;
    if (auto done = decode(entry.value, item); !done)
      return done;
  }
  return ok;
}

template <class T>
status decode_value(const json_value& from, std::string_view field,
                    std::map<std::string, T>& to) {
  return decode_entries(from, field, to,
                        [field](const json_value& element, T& item) {
                          return decode_value(element, field, item);
                        });
}

// -- objects
// ----------------------------------------------------------------------

/// Whether `name` is the member's, as Go matches: ignoring case.
bool names_member(std::string_view name, std::string_view member,
                  std::string_view alias);

error json_unknown_field(std::string_view name);

/// Fills `to` from an object by its table.
template <class T>
status
decode_object(const json_value& from, std::string_view field,
              std::span<const json_member<std::type_identity_t<T>>> members,
              T& to, unknown_members unknown = unknown_members::refuse) {
  if (!from.IsObject())
    return json_mismatch(from, field, "struct");
  for (const auto& entry : from.GetObject()) {
    const std::string_view name{entry.name.GetString(),
                                entry.name.GetStringLength()};
    const auto found =
      std::find_if(members.begin(), members.end(), [name](const auto& m) {
        return names_member(name, m.name, m.alias);
      });
    if (found == members.end() && unknown == unknown_members::refuse)
      return json_unknown_field(name);
    if (found == members.end() || entry.value.IsNull())
      continue;
    if (auto done = found->take(entry.value, found->name, to); !done)
      return done;
  }
  return ok;
}

/// Decodes a body that is one object. `table` is an array of json_member<T>;
/// `to` carries defaults.
template <class Table, class T = typename std::remove_cvref_t<
                         decltype(std::declval<Table>()[0])>::target>
result<T> decode_json(std::string_view text, const Table& table,
                      unknown_members unknown = unknown_members::refuse,
                      T to = {}) {
  auto parsed = parse_json(text);
  if (!parsed)
    return parsed.error();
  if (!parsed->IsNull())
    if (auto done = decode_object(*parsed, "", table, to, unknown); !done)
      return done.error();
  return to;
}

/// Decodes a body that is a list of objects.
template <class Table, class T = typename std::remove_cvref_t<
                         decltype(std::declval<Table>()[0])>::target>
result<std::vector<T>>
decode_json_list(std::string_view text, const Table& table,
                 unknown_members unknown = unknown_members::refuse) {
  auto parsed = parse_json(text);
  if (!parsed)
    return parsed.error();
  std::vector<T> to;
  if (parsed->IsNull())
    return to;
  const auto decode = [&table, unknown](const json_value& element, T& item) {
    return decode_object(element, "", table, item, unknown);
  };
  if (auto done = decode_elements(*parsed, "", to, decode); !done)
    return done.error();
  return to;
}

/// Joins two tables.
template <class T, std::size_t A, std::size_t B>
constexpr auto operator+(const std::array<json_member<T>, A>& a,
                         const std::array<json_member<T>, B>& b) {
  std::array<json_member<T>, A + B> all;
  std::copy(a.begin(), a.end(), all.begin());
  std::copy(b.begin(), b.end(), all.begin() + A);
  return all;
}

// -- makers of table rows
// ---------------------------------------------------------
//
// Several members are a path through nested structs:
// field<&plan::how, &definition::http>("HTTP").

namespace detail {

template <auto Member>
struct member_of;

template <class Class, class Value, Value Class::*Member>
struct member_of<Member> {
  using owner = Class;
};

template <auto Member>
using owner_of = typename member_of<Member>::owner;

template <auto First, auto... Rest, class T>
auto& walk(T& from) {
  if constexpr (sizeof...(Rest) == 0)
    return from.*First;
  else
    return walk<Rest...>(from.*First);
}

template <class T>
T& engage(T& x) {
  return x;
}

template <class T>
T& engage(std::optional<T>& x) {
  return x.emplace();
}

} // namespace detail

/// A member whose type has a `decode_value`.
template <auto First, auto... Rest>
constexpr auto field(std::string_view name, std::string_view alias = {}) {
  using owner = detail::owner_of<First>;
  return json_member<owner>{
    name,
    [](const json_value& from, std::string_view field, owner& to) {
      return decode_value(from, field, detail::walk<First, Rest...>(to));
    },
    alias};
}

/// A std::string, sent as base64.
template <auto First, auto... Rest>
constexpr auto base64(std::string_view name, std::string_view alias = {}) {
  using owner = detail::owner_of<First>;
  return json_member<owner>{
    name,
    [](const json_value& from, std::string_view field, owner& to) {
      return decode_base64(from, field, detail::walk<First, Rest...>(to));
    },
    alias};
}

/// A std::string that keeps any JSON value, canonical.
template <auto First, auto... Rest>
constexpr auto any(std::string_view name, std::string_view alias = {}) {
  using owner = detail::owner_of<First>;
  return json_member<owner>{
    name,
    [](const json_value& from, std::string_view field, owner& to) {
      return decode_any(from, field, detail::walk<First, Rest...>(to));
    },
    alias};
}

/// A struct with a table of its own; an optional one is there unless null.
template <auto Member, const auto& Table,
          unknown_members Unknown = unknown_members::refuse>
constexpr auto object(std::string_view name, std::string_view alias = {}) {
  using owner = detail::owner_of<Member>;
  return json_member<owner>{
    name,
    [](const json_value& from, std::string_view field, owner& to) {
      return decode_object(from, field, Table, detail::engage(to.*Member),
                           Unknown);
    },
    alias};
}

/// A list of structs with a table.
template <auto Member, const auto& Table,
          unknown_members Unknown = unknown_members::refuse>
constexpr auto objects(std::string_view name, std::string_view alias = {}) {
  using owner = detail::owner_of<Member>;
  return json_member<owner>{
    name,
    [](const json_value& from, std::string_view field, owner& to) {
      return decode_elements(from, field, to.*Member,
                             [field](const json_value& element, auto& item) {
                               return decode_object(element, field, Table, item,
                                                    Unknown);
                             });
    },
    alias};
}

/// A map from strings to structs with a table.
template <auto Member, const auto& Table>
constexpr auto object_map(std::string_view name, std::string_view alias = {}) {
  using owner = detail::owner_of<Member>;
  return json_member<owner>{
    name,
    [](const json_value& from, std::string_view field, owner& to) {
      return decode_entries(from, field, to.*Member,
                            [field](const json_value& element, auto& item) {
                              return decode_object(element, field, Table, item);
                            });
    },
    alias};
}

/// A member that is accepted and ignored, whatever its value.
template <class T>
constexpr json_member<T> ignored(std::string_view name,
                                 std::string_view alias = {}) {
  return {name,
          [](const json_value&, std::string_view, T&) { return status{ok}; },
          alias};
}

} // namespace praetor::http
