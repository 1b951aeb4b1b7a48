#include "tools/praetor/json_value.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <optional>

namespace praetor::tools {

namespace {

const json_value& absent() {
  static const json_value null;
  return null;
}

/// Builds the tree from the reader's events.
class tree_builder {
public:
  bool Null() { return add({}); }
  bool Bool(bool x) {
    return add({.kind = json_kind::boolean, .content = x ? "true" : "false"});
  }
  bool RawNumber(const char* digits, rapidjson::SizeType size, bool) {
    return add({.kind = json_kind::number, .content = {digits, size}});
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return add({.kind = json_kind::string, .content = {text, size}});
  }
  bool StartObject() { return open(json_kind::object); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    open_.back().key = std::string{text, size};
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() { return open(json_kind::array); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  // The reader hands all numbers over as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  json_value take() { return std::move(root_); }

private:
  struct frame {
    json_value tree;
    /// Of the member that comes next.
    std::string key;
  };

  bool open(json_kind kind) {
    if (open_.size() >= static_cast<std::size_t>(json_depth_max))
      return false;
    open_.push_back({.tree = {.kind = kind}, .key = {}});
    return true;
  }

  bool close() {
    auto done = std::move(open_.back().tree);
    open_.pop_back();
    return add(std::move(done));
  }

  bool add(json_value x) {
    if (open_.empty())
      root_ = std::move(x);
    else if (auto& in = open_.back(); in.tree.kind == json_kind::array)
      in.tree.items.push_back(std::move(x));
    else
      in.tree.members.emplace_back(std::move(in.key), std::move(x));
    return true;
  }

  std::vector<frame> open_;
  json_value root_;
};

error syntax_error(std::string_view text, const rapidjson::ParseResult& end) {
  auto at =
    text.find_first_not_of(" \t\r\n", std::min(end.Offset(), text.size()));
  std::string words;
  if (at == std::string_view::npos)
    words = "unexpected end of JSON input";
  else if (end.Code() == rapidjson::kParseErrorValueInvalid)
    words = std::string{"invalid character '"} + text[at]
            + "' looking for beginning of value";
  else
    words = rapidjson::GetParseError_En(end.Code());
  return {errc::invalid_argument, std::move(words)};
}

void append(json_writer& out, const json_value& x) {
  switch (x.kind) {
    case json_kind::null: out.null(); return;
    case json_kind::boolean:
    case json_kind::number: out.raw(x.content); return;
    case json_kind::string: out.string(x.content); return;
    case json_kind::array:
      out.begin_array();
      for (const auto& item : x.items)
        append(out, item);
      out.end_array();
      return;
    case json_kind::object:
      out.begin_object();
      for (const auto& [name, content] : x.members) {
        // The writer does not escape keys; json_quote adds the quotes.
        const auto quoted = json_quote(name);
        out.key(std::string_view{quoted}.substr(1, quoted.size() - 2));
        append(out, content);
      }
      out.end_object();
      return;
  }
}

} // namespace

const json_value& json_value::operator[](std::string_view name) const {
  const auto found = std::ranges::find(members, name, &member::first);
  return found == members.end() ? absent() : found->second;
}

std::string_view json_value::text() const {
  return kind == json_kind::string ? std::string_view{content}
                                   : std::string_view{};
}

std::uint64_t json_value::number() const {
  return kind == json_kind::number ? parse_uint(content).value_or(0) : 0;
}

result<json_value> parse_json(std::string_view text) {
  constexpr unsigned flags = rapidjson::kParseNumbersAsStringsFlag
                             | rapidjson::kParseIterativeFlag
                             | rapidjson::kParseValidateEncodingFlag;
  tree_builder builder;
  rapidjson::MemoryStream stream{text.data(), text.size()};
  rapidjson::Reader reader;
  const auto end = reader.Parse<flags>(stream, builder);
  if (end.IsError())
    return syntax_error(text, end);
  return builder.take();
}

std::string to_json(const json_value& x) {
  std::string out;
  json_writer writer{out};
  append(writer, x);
  return out;
}

} // namespace praetor::tools
