// Reading JSON with RapidJSON: absent members and wrong types are empty values,
// so that a path through a document needs no checks on its way. Pure; total
// over any text.

#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::registrator {

/// Parses without recursion, so that deep nesting cannot exhaust the stack.
inline bool parse_document(rapidjson::Document& to, std::string_view text) {
  to.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  return !to.HasParseError();
}

inline const rapidjson::Value& member(const rapidjson::Value& x,
                                      const char* name) {
  static const rapidjson::Value nothing;
  if (!x.IsObject())
    return nothing;
  const auto found = x.FindMember(name);
  return found == x.MemberEnd() ? nothing : found->value;
}

inline std::string text_of(const rapidjson::Value& x) {
  return x.IsString() ? std::string{x.GetString(), x.GetStringLength()} : "";
}

inline std::string text_member(const rapidjson::Value& x, const char* name) {
  return text_of(member(x, name));
}

inline bool truth_member(const rapidjson::Value& x, const char* name) {
  const auto& found = member(x, name);
  return found.IsBool() && found.GetBool();
}

inline std::int64_t number_member(const rapidjson::Value& x, const char* name) {
  const auto& found = member(x, name);
  return found.IsInt64() ? found.GetInt64() : 0;
}

/// Calls `f(name, value)` for each member of an object.
template <class F>
void each_member(const rapidjson::Value& x, F f) {
  if (!x.IsObject())
    return;
  for (const auto& m : x.GetObject())
    f(text_of(m.name), m.value);
}

/// Calls `f(value)` for each item of an array.
template <class F>
void each_item(const rapidjson::Value& x, F f) {
  if (!x.IsArray())
    return;
  for (const auto& item : x.GetArray())
    f(item);
}

} // namespace praetor::registrator
