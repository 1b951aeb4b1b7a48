#include "runtime/config/cursor.hpp"
#include "runtime/config/hcl.hpp"

#include <charconv>
#include <cmath>
#include <optional>

namespace praetor::config {

namespace {

/// Recursive descent with the error texts of Go's encoding/json. The first
/// failure is kept, and every function returns at once after it.
class json_parser {
public:
  explicit json_parser(std::string_view text) : in_{text} {}

  result<value> run() {
    skip_blank();
    if (in_.at_end())
      return value{value_object{}, {}};
    auto document = any_value();
    skip_blank();
    if (!in_.at_end())
      fail("after top-level value");
    if (failure_)
      return *failure_;
    if (document.as<value_object>() == nullptr)
      return error{errc::invalid_argument,
                   "json: cannot unmarshal " + go_kind(document)
                     + " into Go value of type map[string]interface {}"};
    return document;
  }

private:
  static std::string go_kind(const value& x) {
    if (x.as<value_list>() != nullptr)
      return "array";
    if (x.as<std::string>() != nullptr)
      return "string";
    if (x.as<bool>() != nullptr)
      return "bool";
    return x.as<std::monostate>() != nullptr ? "null" : "number";
  }

  /// Blames the next byte: `invalid character 'x' <where>`.
  void fail(std::string_view where) {
    if (in_.at_end())
      return fail_with("unexpected end of JSON input");
    char c = in_.peek();
    std::string shown{c};
    if (c == '\n')
      shown = "\\n";
    else if (c == '\t')
      shown = "\\t";
    else if (c == '\'')
      shown = "\\'";
    fail_with("invalid character '" + shown + "' " + std::string{where});
  }

  void fail_with(std::string_view text) {
    if (!failure_)
      failure_ = error{errc::invalid_argument,
                       std::string{text} + " (" + to_string(in_.where()) + ")"};
  }

  void skip_blank() {
    while (in_.peek() == ' ' || in_.peek() == '\t' || in_.peek() == '\r'
           || in_.peek() == '\n')
      in_.next();
  }

  value any_value() {
    skip_blank();
    auto where = in_.where();
    switch (in_.peek()) {
      case '{': return nested([this] { return object(); });
      case '[': return nested([this] { return list(); });
      case '"': return {string(), where};
      case 't': return literal("true", {true, where});
      case 'f': return literal("false", {false, where});
      case 'n': return literal("null", {std::monostate{}, where});
      default: break;
    }
    if (in_.peek() == '-' || is_digit())
      return number();
    fail("looking for beginning of value");
    return {};
  }

  template <class Read>
  value nested(Read read) {
    value out{{}, in_.where()};
    if (depth_ == nesting_depth_max) {
      fail_with("nested deeper than " + std::to_string(nesting_depth_max));
      return out;
    }
    ++depth_;
    in_.next();
    out.data = read();
    --depth_;
    return out;
  }

  value_object object() {
    value_object out;
    skip_blank();
    if (in_.peek() == '}') {
      in_.next();
      return out;
    }
    while (!failure_) {
      skip_blank();
      member next{{}, in_.where(), {}};
      if (in_.peek() != '"') {
        fail("looking for beginning of object key string");
        break;
      }
      next.key = string();
      skip_blank();
      if (!expect(':', "after object key"))
        break;
      next.content = any_value();
      out.push_back(std::move(next));
      if (!more('}', "after object key:value pair"))
        break;
    }
    return out;
  }

  value_list list() {
    value_list out;
    skip_blank();
    if (in_.peek() == ']') {
      in_.next();
      return out;
    }
    while (!failure_) {
      out.push_back(any_value());
      if (!more(']', "after array element"))
        break;
    }
    return out;
  }

  /// Consumes a comma (more follows) or the closing bracket (nothing does).
  bool more(char closing, std::string_view where) {
    skip_blank();
    if (failure_)
      return false;
    if (in_.peek() == closing) {
      in_.next();
      return false;
    }
    return expect(',', where);
  }

  bool expect(char c, std::string_view where) {
    if (failure_)
      return false;
    if (in_.at_end() || in_.peek() != c) {
      fail(where);
      return false;
    }
    in_.next();
    return true;
  }

  value literal(std::string_view word, value meaning) {
    in_.next();
    for (std::size_t i = 1; i < word.size(); ++i) {
      auto where =
        "in literal " + std::string{word} + " (expecting '" + word[i] + "')";
      if (!expect(word[i], where))
        break;
    }
    return meaning;
  }

  bool is_digit() const { return in_.peek() >= '0' && in_.peek() <= '9'; }

  void digits(std::string& text, std::string_view where) {
    if (!is_digit())
      return fail(where);
    while (is_digit())
      text.push_back(in_.next());
  }

  value number() {
    value out{std::int64_t{0}, in_.where()};
    std::string text;
    if (in_.peek() == '-')
      text.push_back(in_.next());
    if (in_.peek() == '0')
      text.push_back(in_.next());
    else
      digits(text, "in numeric literal");
    bool real = false;
    if (in_.peek() == '.') {
      real = true;
      text.push_back(in_.next());
      digits(text, "after decimal point in numeric literal");
    }
    if (in_.peek() == 'e' || in_.peek() == 'E') {
      real = true;
      text.push_back(in_.next());
      if (in_.peek() == '+' || in_.peek() == '-')
        text.push_back(in_.next());
      digits(text, "in exponent of numeric literal");
    }
    if (!failure_)
      convert(out, text, real);
    return out;
  }

  void convert(value& out, const std::string& text, bool real) {
    const char* end = text.data() + text.size();
    std::int64_t whole = 0;
    if (!real && std::from_chars(text.data(), end, whole).ec == std::errc{}) {
      out.data = whole;
      return;
    }
    double number = 0;
    auto [last, code] = std::from_chars(text.data(), end, number);
    if (code != std::errc{} || !std::isfinite(number))
      return fail_with("number out of range: " + text);
    out.data = number;
  }

  /// @pre at '"'
  std::string string() {
    std::string out;
    in_.next();
    while (!failure_) {
      if (in_.at_end()) {
        fail("");
      } else if (in_.peek() == '"') {
        in_.next();
        break;
      } else if (static_cast<unsigned char>(in_.peek()) < 0x20) {
        fail("in string literal");
      } else if (in_.peek() == '\\') {
        escape(out);
      } else {
        out.push_back(in_.next());
      }
    }
    return out;
  }

  /// @pre at '\\'
  void escape(std::string& out) {
    in_.next();
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (in_.peek() == 'u' && !in_.at_end()) {
      in_.next();
      return unicode(out);
    }
    auto found = in_.at_end() ? std::string_view::npos : names.find(in_.peek());
    if (found == std::string_view::npos)
      return fail("in string escape code");
    out.push_back(meanings[found]);
    in_.next();
  }

  std::uint32_t four_digits() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      int digit = hex_digit(in_.peek());
      if (digit < 0) {
        fail("in \\u hexadecimal character escape");
        return 0;
      }
      code = code * 16 + static_cast<std::uint32_t>(digit);
      in_.next();
    }
    return code;
  }

  /// Reads the digits of \uXXXX, and of a second one that completes a pair.
  void unicode(std::string& out) {
    auto code = four_digits();
    bool high = code >= 0xD800 && code <= 0xDBFF;
    if (!failure_ && high && in_.starts_with("\\u")) {
      in_.skip(2);
      auto low = four_digits();
      if (low >= 0xDC00 && low <= 0xDFFF) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else {
        append_utf8(out, code);
        code = low;
      }
    }
    append_utf8(out, code);
  }

  cursor in_;
  int depth_ = 0;
  std::optional<error> failure_;
};

} // namespace

result<value> parse_json(std::string_view text) {
  if (text.size() > document_bytes_max)
    return error{errc::invalid_argument, "larger than "
                                           + std::to_string(document_bytes_max)
                                           + " bytes"};
  return json_parser{text}.run();
}

} // namespace praetor::config
