#include "api/http/json_decode.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/real_text.hpp"
#include "runtime/base/text.hpp"

#include <rapidjson/error/error.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

namespace praetor::http {

namespace {

error broken(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

/// Builds the document and refuses values that are nested too deep. The names
/// are RapidJSON's.
class limited_builder {
public:
  using Ch = char;
  using size = rapidjson::SizeType;

  explicit limited_builder(rapidjson::Document& to) : to_{to} {}

  bool Null() { return to_.Null(); }
  bool Bool(bool x) { return to_.Bool(x); }
  bool Int(int x) { return to_.Int(x); }
  bool Uint(unsigned x) { return to_.Uint(x); }
  bool Int64(std::int64_t x) { return to_.Int64(x); }
  bool Uint64(std::uint64_t x) { return to_.Uint64(x); }
  bool Double(double x) {
    too_big_ = !std::isfinite(x);
    return !too_big_ && to_.Double(x);
  }
  bool RawNumber(const char*, size, bool) { return false; }
  bool String(const char* s, size n, bool) { return to_.String(s, n, true); }
  bool Key(const char* s, size n, bool) { return to_.Key(s, n, true); }
  bool StartObject() { return deeper() && to_.StartObject(); }
  bool EndObject(size n) { return --depth_, to_.EndObject(n); }
  bool StartArray() { return deeper() && to_.StartArray(); }
  bool EndArray(size n) { return --depth_, to_.EndArray(n); }

  /// Whether a number ended the parsing: RapidJSON makes it infinite.
  bool too_big() const { return too_big_; }

private:
  bool deeper() { return ++depth_ <= json_depth_max; }

  rapidjson::Document& to_;
  std::size_t depth_ = 0;
  bool too_big_ = false;
};

/// Returns how Go goes on after `invalid character 'x' `.
std::string_view describe(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorObjectMissName:
      return "looking for beginning of object key string";
    case rapidjson::kParseErrorObjectMissColon: return "after object key";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return "after object key:value pair";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return "after array element";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return "in \\u hexadecimal character escape";
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "in string escape code";
    case rapidjson::kParseErrorStringInvalidEncoding:
      return "in string literal";
    case rapidjson::kParseErrorNumberMissFraction:
      return "after decimal point in numeric literal";
    case rapidjson::kParseErrorNumberMissExponent:
      return "in exponent of numeric literal";
    default: return "looking for beginning of value";
  }
}

std::string quote_character(char c) {
  if (c == '\'')
    return R"('\'')";
  if (c == '"')
    return R"('"')";
  const auto quoted = json_quote({&c, 1});
  return "'" + quoted.substr(1, quoted.size() - 2) + "'";
}

/// Returns where the character is that Go complains about. RapidJSON points at
/// the backslash of a bad escape.
std::size_t culprit(std::string_view text,
                    const rapidjson::ParseResult& outcome) {
  auto at = outcome.Offset();
  if (at >= text.size() || text[at] != '\\')
    return at;
  ++at;
  if (at < text.size() && text[at] == 'u') {
    ++at;
    while (at < text.size()
           && std::isxdigit(static_cast<unsigned char>(text[at])))
      ++at;
  }
  return at;
}

error explain(std::string_view text, const rapidjson::ParseResult& outcome) {
  switch (outcome.Code()) {
    case rapidjson::kParseErrorDocumentEmpty: return broken("EOF");
    case rapidjson::kParseErrorTermination: return broken("exceeded max depth");
    case rapidjson::kParseErrorNumberTooBig:
      return broken("json: cannot unmarshal number into Go value of type "
                    "float64");
    default: break;
  }
  const auto at = culprit(text, outcome);
  if (at >= text.size())
    return broken("unexpected EOF");
  // RapidJSON says the same of control characters and of unknown escapes.
  const auto control = static_cast<unsigned char>(text[at]) < 0x20
                       && text[outcome.Offset()] != '\\';
  const auto code =
    control && outcome.Code() == rapidjson::kParseErrorStringEscapeInvalid
      ? rapidjson::kParseErrorStringInvalidEncoding
      : outcome.Code();
  return broken("invalid character " + quote_character(text[at]) + " "
                + std::string{describe(code)});
}

std::string_view kind_of(const json_value& x) {
  switch (x.GetType()) {
    case rapidjson::kNullType: return "null";
    case rapidjson::kFalseType:
    case rapidjson::kTrueType: return "bool";
    case rapidjson::kObjectType: return "object";
    case rapidjson::kArrayType: return "array";
    case rapidjson::kStringType: return "string";
    case rapidjson::kNumberType: return "number";
  }
  return "value";
}

std::string_view text_of(const json_value& x) {
  return {x.GetString(), x.GetStringLength()};
}

void append_members(const json_value& from, std::string& to) {
  std::map<std::string_view, const json_value*> sorted;
  for (const auto& entry : from.GetObject())
    sorted[text_of(entry.name)] = &entry.value;
  to.push_back('{');
  for (const auto& [name, value] : sorted) {
    if (to.back() != '{')
      to.push_back(',');
    to += json_quote(name);
    to.push_back(':');
    append_json(*value, to);
  }
  to.push_back('}');
}

} // namespace

result<rapidjson::Document> parse_json(std::string_view text) {
  rapidjson::Document document;
  rapidjson::ParseResult outcome;
  auto too_big = false;
  auto generate = [text, &outcome, &too_big](rapidjson::Document& to) {
    rapidjson::MemoryStream stream{text.data(), text.size()};
    rapidjson::Reader reader;
    limited_builder builder{to};
    constexpr unsigned flags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag;
    outcome = reader.Parse<flags>(stream, builder);
    too_big = builder.too_big();
    return !outcome.IsError();
  };
  document.Populate(generate);
  if (too_big)
    return explain(text, {rapidjson::kParseErrorNumberTooBig, 0});
  if (outcome.IsError())
    return explain(text, outcome);
  return document;
}

error json_mismatch(const json_value& from, std::string_view field,
                    std::string_view type) {
  auto text = "json: cannot unmarshal " + std::string{kind_of(from)} + " into ";
  if (field.empty())
    text += "Go value";
  else
    text.append("Go struct field ").append(field);
  return broken(text.append(" of type ").append(type));
}

error json_unknown_field(std::string_view name) {
  return broken("json: unknown field \"" + std::string{name} + "\"");
}

bool names_member(std::string_view name, std::string_view member,
                  std::string_view alias) {
  return equal_fold(name, member)
         || (!alias.empty() && equal_fold(name, alias));
}

void append_json(const json_value& from, std::string& to) {
  switch (from.GetType()) {
    case rapidjson::kNullType: to += "null"; return;
    case rapidjson::kFalseType: to += "false"; return;
    case rapidjson::kTrueType: to += "true"; return;
    case rapidjson::kStringType: to += json_quote(text_of(from)); return;
    case rapidjson::kNumberType: append_real(from.GetDouble(), to); return;
    case rapidjson::kObjectType: append_members(from, to); return;
    case rapidjson::kArrayType: break;
  }
  to.push_back('[');
  for (const auto& element : from.GetArray()) {
    if (to.back() != '[')
      to.push_back(',');
    append_json(element, to);
  }
  to.push_back(']');
}

status decode_value(const json_value& from, std::string_view field,
                    std::string& to) {
  if (!from.IsString())
    return json_mismatch(from, field, "string");
  to = text_of(from);
  return ok;
}

status decode_value(const json_value& from, std::string_view field, bool& to) {
  if (!from.IsBool())
    return json_mismatch(from, field, "bool");
  to = from.GetBool();
  return ok;
}

status decode_value(const json_value& from, std::string_view field,
                    std::int64_t& to) {
  if (!from.IsInt64())
    return json_mismatch(from, field, "int");
  to = from.GetInt64();
  return ok;
}

status decode_value(const json_value& from, std::string_view field,
                    std::uint64_t& to) {
  if (!from.IsUint64())
    return json_mismatch(from, field, "uint64");
  to = from.GetUint64();
  return ok;
}

status decode_value(const json_value& from, std::string_view, duration& to) {
  to = duration{0};
  if (from.IsInt64()) {
    to = duration{from.GetInt64()};
  } else if (from.IsNumber()) {
    // 2^63 itself is the first double that does not fit.
    const auto limit =
      static_cast<double>(std::numeric_limits<std::int64_t>::max());
    const auto ns = std::trunc(from.GetDouble());
    const auto fits = ns >= -limit && ns < limit;
    to = fits ? duration{static_cast<std::int64_t>(ns)} : duration::min();
  } else if (from.IsString()) {
    auto parsed = parse_duration(text_of(from));
    if (!parsed)
      return parsed.error();
    to = *parsed;
  }
  return ok;
}

status decode_base64(const json_value& from, std::string_view field,
                     std::string& to) {
  if (!from.IsString())
    return json_mismatch(from, field, "[]uint8");
  auto bytes = base64_decode(text_of(from));
  if (!bytes)
    return bytes.error();
  to = std::move(*bytes);
  return ok;
}

status decode_any(const json_value& from, std::string_view, std::string& to) {
  to.clear();
  append_json(from, to);
  return ok;
}

} // namespace praetor::http
