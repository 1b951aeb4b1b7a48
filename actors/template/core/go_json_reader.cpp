#include "actors/template/core/format.hpp"
#include "actors/template/core/go_json.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"

#include <optional>

namespace praetor::templates {

namespace {

constexpr std::string_view white_space = " \t\r\n";

/// Recursive descent with Go's error texts. Stops at the first error.
class reader {
public:
  explicit reader(std::string_view text) : text_{text} {}

  result<value> run() {
    auto out = read_value("looking for beginning of value", 0);
    skip_space();
    if (error_.empty() && at_ < text_.size())
      unexpected("after top-level value");
    if (!error_.empty())
      return error{errc::invalid_argument, error_};
    return out;
  }

private:
  void fail(std::string text) {
    if (error_.empty())
      error_ = std::move(text);
  }

  /// Complains about the character at hand.
  void unexpected(std::string_view context) {
    if (at_ >= text_.size())
      return fail("unexpected end of JSON input");
    // Go looks at bytes here.
    const auto byte = static_cast<unsigned char>(text_[at_]);
    auto shown = quote_rune(byte);
    if (byte == '\'')
      shown = R"('\'')";
    else if (byte == '"')
      shown = "'\"'";
    fail("invalid character " + shown + " " + std::string{context});
  }

  void skip_space() {
    at_ = std::min(text_.find_first_not_of(white_space, at_), text_.size());
  }

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }

  value read_value(std::string_view context, int depth);
  value read_object(int depth);
  value read_array(int depth);
  value read_literal(std::string_view word, value x);
  value read_number();
  std::size_t digits(std::string_view context);
  std::string read_string();
  void read_escape(std::string& out);
  std::optional<char32_t> read_hex();

  std::string_view text_;
  std::size_t at_ = 0;
  std::string error_;
};

value reader::read_value(std::string_view context, int depth) {
  skip_space();
  if (depth > json_depth_max) {
    fail("exceeded max depth");
    return {};
  }
  const auto c = at_ < text_.size() ? text_[at_] : '\0';
  switch (c) {
    case '{': return read_object(depth);
    case '[': return read_array(depth);
    case '"': return value::text(read_string());
    case 't': return read_literal("true", value::boolean(true));
    case 'f': return read_literal("false", value::boolean(false));
    case 'n': return read_literal("null", {});
    default: break;
  }
  if (c == '-' || (c >= '0' && c <= '9'))
    return read_number();
  unexpected(context);
  return {};
}

value reader::read_object(int depth) {
  ++at_;
  const auto out = make_any_map();
  if (take('}'))
    return out;
  do {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != '"') {
      unexpected("looking for beginning of object key string");
      return out;
    }
    auto key = read_string();
    if (error_.empty() && !take(':'))
      unexpected("after object key");
    if (!error_.empty())
      return out;
    auto x = read_value("looking for beginning of value", depth + 1);
    put(out, std::move(key), std::move(x));
  } while (error_.empty() && take(','));
  if (error_.empty() && !take('}'))
    unexpected("after object key:value pair");
  return out;
}

value reader::read_array(int depth) {
  ++at_;
  std::vector<value> items;
  if (take(']'))
    return make_any_list({});
  do {
    items.push_back(read_value("looking for beginning of value", depth + 1));
  } while (error_.empty() && take(','));
  if (error_.empty() && !take(']'))
    unexpected("after array element");
  return make_any_list(std::move(items));
}

value reader::read_literal(std::string_view word, value x) {
  for (std::size_t i = 0; i < word.size(); ++i, ++at_)
    if (at_ >= text_.size() || text_[at_] != word[i]) {
      unexpected("in literal " + std::string{word} + " (expecting "
                 + quote_rune(static_cast<unsigned char>(word[i])) + ")");
      return {};
    }
  return x;
}

std::size_t reader::digits(std::string_view context) {
  const auto start = at_;
  while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9')
    ++at_;
  if (at_ == start)
    unexpected(context);
  return at_ - start;
}

value reader::read_number() {
  const auto start = at_;
  if (text_[at_] == '-')
    ++at_;
  if (at_ < text_.size() && text_[at_] == '0')
    ++at_;
  else
    digits("in numeric literal");
  if (error_.empty() && at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    digits("after decimal point in numeric literal");
  }
  if (error_.empty() && at_ < text_.size()
      && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-'))
      ++at_;
    digits("in exponent of numeric literal");
  }
  const auto text = text_.substr(start, at_ - start);
  const auto x = read_real(text);
  if (x.flaw)
    fail("json: cannot unmarshal number " + std::string{text}
         + " into Go value of type float64");
  return value::real(x.value);
}

std::string reader::read_string() {
  std::string out;
  ++at_;
  while (at_ < text_.size()) {
    const auto c = text_[at_];
    if (c == '"') {
      ++at_;
      return out;
    }
    if (static_cast<unsigned char>(c) < ' ') {
      unexpected("in string literal");
      return out;
    }
    if (c == '\\') {
      ++at_;
      read_escape(out);
      if (!error_.empty())
        return out;
      continue;
    }
    const auto x = first_rune(text_.substr(at_));
    append_rune(out, x.rune);
    at_ += x.size;
  }
  unexpected("");
  return out;
}

void reader::read_escape(std::string& out) {
  constexpr std::string_view letters = "bfnrt\"\\/";
  constexpr std::string_view codes = "\b\f\n\r\t\"\\/";
  if (at_ >= text_.size())
    return unexpected("");
  const auto found = letters.find(text_[at_]);
  if (found != std::string_view::npos) {
    out.push_back(codes[found]);
    ++at_;
    return;
  }
  if (text_[at_] != 'u')
    return unexpected("in string escape code");
  ++at_;
  const auto first = read_hex();
  if (!first)
    return;
  const bool high = *first >= 0xD800 && *first < 0xDC00;
  if (high && text_.substr(at_).starts_with("\\u")) {
    const auto before = at_;
    at_ += 2;
    const auto second = read_hex();
    if (!second)
      return;
    if (*second >= 0xDC00 && *second < 0xE000)
      return append_rune(out, 0x10000 + ((*first - 0xD800) << 10U)
                                + (*second - 0xDC00));
    at_ = before;
  }
  append_rune(out, *first); // half a pair becomes U+FFFD
}

std::optional<char32_t> reader::read_hex() {
  char32_t x = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const auto c =
      at_ < text_.size() ? static_cast<char>(text_[at_] | 0x20) : '\0';
    if (c >= '0' && c <= '9')
      x = x * 16 + static_cast<char32_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      x = x * 16 + static_cast<char32_t>(c - 'a') + 10;
    else {
      unexpected("in \\u hexadecimal character escape");
      return std::nullopt;
    }
  }
  return x;
}

} // namespace

result<value> parse_json(std::string_view text) {
  return reader{text}.run();
}

} // namespace praetor::templates
