#include "runtime/config/hcl.hpp"

#include "runtime/config/cursor.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace praetor::config {

namespace {

bool is_letter(char c) {
  // Bytes above 0x7F are letters of other alphabets.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
         || static_cast<unsigned char>(c) >= 0x80;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Recursive descent. The first failure is kept, and every function returns
/// at once after it; what they return then has no meaning.
class hcl_parser {
public:
  explicit hcl_parser(std::string_view text) : in_{text} {}

  result<value> run() {
    value document{value_object{}, in_.where()};
    skip_blank();
    bool braces = in_.peek() == '{';
    if (braces)
      in_.next();
    document.data = members(braces);
    skip_blank();
    if (!failure_ && !in_.at_end())
      fail("expected the end of the document, got " + seen());
    if (failure_)
      return *failure_;
    return document;
  }

private:
  // -- failures -------------------------------------------------------------

  void fail(std::string_view reason) { fail_at(in_.where(), reason); }

  void fail_at(position where, std::string_view reason) {
    if (failure_)
      return;
    failure_ =
      error{errc::invalid_argument, "At " + std::to_string(where.line) + ":"
                                      + std::to_string(where.column) + ": "
                                      + std::string{reason}};
  }

  /// Names the next byte for an error text.
  std::string seen() const {
    if (in_.at_end())
      return "the end of the text";
    char c = in_.peek();
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return "a control character";
    return std::string{"'"} + c + "'";
  }

  // -- blanks and names -----------------------------------------------------

  void skip_blank() {
    while (!failure_) {
      if (is_blank(in_.peek()) && !in_.at_end())
        in_.next();
      else if (in_.peek() == '#' || in_.starts_with("//"))
        skip_line();
      else if (in_.starts_with("/*"))
        skip_comment();
      else
        return;
    }
  }

  void skip_line() {
    while (!in_.at_end() && in_.peek() != '\n')
      in_.next();
  }

  void skip_comment() {
    auto start = in_.where();
    in_.skip(2);
    while (!in_.starts_with("*/")) {
      if (in_.at_end())
        return fail_at(start, "comment not terminated");
      in_.next();
    }
    in_.skip(2);
  }

  bool at_name() const { return in_.peek() == '"' || is_letter(in_.peek()); }

  std::string word() {
    std::string out;
    while (is_letter(in_.peek()) || is_digit(in_.peek()) || in_.peek() == '-'
           || in_.peek() == '.')
      out.push_back(in_.next());
    return out;
  }

  /// @pre at_name()
  std::string name() { return in_.peek() == '"' ? quoted() : word(); }

  // -- members --------------------------------------------------------------

  value_object members(bool braces) {
    value_object out;
    auto start = in_.where();
    for (;;) {
      skip_blank();
      if (failure_)
        return out;
      if (in_.at_end()) {
        if (braces)
          fail("object opened on line " + std::to_string(start.line)
               + " is not closed: expected '}'");
        return out;
      }
      if (braces && in_.peek() == '}') {
        in_.next();
        return out;
      }
      if (!at_name()) {
        fail("expected a key, got " + seen());
        return out;
      }
      out.push_back(one_member());
      skip_blank();
      if (in_.peek() == ',')
        in_.next();
    }
  }

  member one_member() {
    member out{{}, in_.where(), {}};
    out.key = name();
    skip_blank();
    if (in_.peek() == '=' || in_.peek() == ':') {
      in_.next();
      out.content = any_value();
    } else {
      out.content = block(out.key);
    }
    return out;
  }

  /// Reads `"label" ... { }` after a key, each label one object deeper.
  value block(std::string_view key) {
    std::vector<member> labels;
    while (!failure_ && at_name() && labels.size() < nesting_depth_max) {
      auto where = in_.where();
      labels.push_back({name(), where, {}});
      skip_blank();
    }
    value out{value_object{}, in_.where()};
    if (in_.peek() != '{') {
      fail("expected '=' or '{' after '" + std::string{key} + "', got "
           + seen());
      return out;
    }
    out = object();
    while (!labels.empty()) {
      auto label = std::move(labels.back());
      labels.pop_back();
      auto where = label.where;
      label.content = std::move(out);
      value_object outer;
      outer.push_back(std::move(label));
      out = value{std::move(outer), where};
    }
    return out;
  }

  // -- values ---------------------------------------------------------------

  value any_value() {
    skip_blank();
    auto where = in_.where();
    char c = in_.peek();
    if (c == '"')
      return {quoted(), where};
    if (in_.starts_with("<<"))
      return {heredoc(), where};
    if (c == '{')
      return object();
    if (c == '[')
      return list();
    if (c == '-' || is_digit(c))
      return number();
    if (!is_letter(c)) {
      fail("expected a value, got " + seen());
      return {};
    }
    auto text = word();
    if (text == "true" || text == "false")
      return {text == "true", where};
    if (text == "null")
      return {std::monostate{}, where};
    fail_at(where, "text must be in double quotes: " + text);
    return {};
  }

  bool enter() {
    if (depth_ == nesting_depth_max) {
      fail("nested deeper than " + std::to_string(nesting_depth_max));
      return false;
    }
    ++depth_;
    return true;
  }

  /// @pre at '{'
  value object() {
    value out{value_object{}, in_.where()};
    if (!enter())
      return out;
    in_.next();
    out.data = members(true);
    --depth_;
    return out;
  }

  /// @pre at '['
  value list() {
    value out{value_list{}, in_.where()};
    if (!enter())
      return out;
    in_.next();
    value_list items;
    for (;;) {
      skip_blank();
      if (failure_ || in_.peek() == ']')
        break;
      items.push_back(any_value());
      skip_blank();
      if (in_.peek() == ',')
        in_.next();
      else if (in_.peek() != ']')
        fail("expected ',' or ']' in a list, got " + seen());
    }
    if (!failure_)
      in_.next();
    --depth_;
    out.data = std::move(items);
    return out;
  }

  /// Reads 12, -3, 0x1F, 0755, 1.5, 2e9.
  value number() {
    value out{std::int64_t{0}, in_.where()};
    std::string text;
    while (is_digit(in_.peek()) || is_letter(in_.peek()) || in_.peek() == '.'
           || in_.peek() == '-' || in_.peek() == '+')
      text.push_back(in_.next());
    if (auto whole = integer(text))
      out.data = *whole;
    else if (auto real = floating(text))
      out.data = *real;
    else
      fail_at(out.where, "not a number: " + text);
    return out;
  }

  static std::optional<std::int64_t> integer(std::string_view text) {
    bool negative = text.starts_with('-');
    auto digits = text.substr(negative ? 1 : 0);
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
      base = 16;
      digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits[0] == '0') {
      base = 8;
      digits.remove_prefix(1);
    }
    if (digits.empty() || !(hex_digit(digits[0]) >= 0))
      return std::nullopt;
    // Parsed with its sign, so that the smallest number fits.
    auto signed_digits = (negative ? "-" : "") + std::string{digits};
    const char* begin = signed_digits.data();
    const char* end = begin + signed_digits.size();
    std::int64_t out = 0;
    auto [last, code] = std::from_chars(begin, end, out, base);
    if (code != std::errc{} || last != end)
      return std::nullopt;
    return out;
  }

  static std::optional<double> floating(std::string_view text) {
    if (text.find_first_of(".eE") == std::string_view::npos)
      return std::nullopt;
    double out = 0;
    const char* end = text.data() + text.size();
    auto [last, code] = std::from_chars(text.data(), end, out);
    if (code != std::errc{} || last != end || !std::isfinite(out))
      return std::nullopt;
    return out;
  }

  // -- strings --------------------------------------------------------------

  /// Reads a string. Inside `${...}` everything is literal, also quotes and
  /// line ends. @pre at '"'
  std::string quoted() {
    auto start = in_.where();
    std::string out;
    int braces = 0;
    in_.next();
    while (!failure_) {
      if (in_.at_end() || (in_.peek() == '\n' && braces == 0)) {
        fail_at(start, "literal not terminated");
        break;
      }
      if (braces == 0 && in_.peek() == '"') {
        in_.next();
        break;
      }
      if (braces == 0 && in_.peek() == '\\') {
        escape(out);
        continue;
      }
      if (in_.starts_with("${") || (braces > 0 && in_.peek() == '{'))
        ++braces;
      if (braces > 0 && in_.peek() == '}')
        --braces;
      if (in_.starts_with("${"))
        out.push_back(in_.next());
      out.push_back(in_.next());
    }
    return out;
  }

  /// @pre at '\\'
  void escape(std::string& out) {
    auto start = in_.where();
    in_.next();
    char c = in_.at_end() ? '\0' : in_.next();
    switch (c) {
      case 'a': out.push_back('\a'); return;
      case 'b': out.push_back('\b'); return;
      case 'f': out.push_back('\f'); return;
      case 'n': out.push_back('\n'); return;
      case 'r': out.push_back('\r'); return;
      case 't': out.push_back('\t'); return;
      case 'v': out.push_back('\v'); return;
      case '"':
      case '\\':
      case '/': out.push_back(c); return;
      case 'x': return code_point(out, start, 2);
      case 'u': return code_point(out, start, 4);
      case 'U': return code_point(out, start, 8);
      default: fail_at(start, "illegal char escape");
    }
  }

  void code_point(std::string& out, position start, int digits) {
    std::uint32_t code = 0;
    for (int i = 0; i < digits; ++i) {
      int digit = hex_digit(in_.peek());
      if (digit < 0)
        return fail_at(start, "illegal char escape");
      code = code * 16 + static_cast<std::uint32_t>(digit);
      in_.next();
    }
    append_utf8(out, code);
  }

  std::string rest_of_line() {
    std::string out;
    while (!in_.at_end() && in_.peek() != '\n')
      out.push_back(in_.next());
    if (!in_.at_end())
      in_.next();
    if (out.ends_with('\r'))
      out.pop_back();
    return out;
  }

  /// Reads `<<X` up to the line X. `<<-X` also removes the blanks that all
  /// lines start with. @pre at "<<"
  std::string heredoc() {
    auto start = in_.where();
    in_.skip(2);
    bool unindent = in_.peek() == '-';
    if (unindent)
      in_.next();
    auto anchor = rest_of_line();
    anchor.erase(anchor.find_last_not_of(" \t") + 1);
    if (anchor.empty()) {
      fail_at(start, "heredoc needs a word after <<");
      return {};
    }
    std::vector<std::string> lines;
    for (;;) {
      if (in_.at_end()) {
        fail_at(start, "heredoc not terminated: no line " + anchor);
        return {};
      }
      auto line = rest_of_line();
      auto text = line.find_first_not_of(" \t");
      if (text != std::string::npos && line.substr(text) == anchor)
        break;
      lines.push_back(std::move(line));
    }
    std::string out;
    auto indent = unindent ? common_indent(lines) : 0;
    for (const auto& line : lines)
      out.append(line, std::min(indent, line.size())).push_back('\n');
    return out;
  }

  static std::size_t common_indent(const std::vector<std::string>& lines) {
    auto least = std::numeric_limits<std::size_t>::max();
    for (const auto& line : lines)
      if (auto text = line.find_first_not_of(" \t"); text != std::string::npos)
        least = std::min(least, text);
    return least;
  }

  cursor in_;
  int depth_ = 0;
  std::optional<error> failure_;
};

} // namespace

result<value> parse_hcl(std::string_view text) {
  if (text.size() > document_bytes_max)
    return error{errc::invalid_argument, "larger than "
                                           + std::to_string(document_bytes_max)
                                           + " bytes"};
  return hcl_parser{text}.run();
}

} // namespace praetor::config
