#include "actors/template/core/lexer.hpp"

#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace praetor::templates {

namespace {

constexpr std::string_view white_space = " \t\r\n";
constexpr std::size_t trim_marker_size = 2; // a space and "-"

bool is_white(char c) {
  return white_space.find(c) != std::string_view::npos;
}

bool trims_left(std::string_view after_delimiter) {
  return after_delimiter.size() >= 2 && after_delimiter[0] == '-'
         && is_white(after_delimiter[1]);
}

bool trims_right(std::string_view ahead) {
  return ahead.size() >= 2 && is_white(ahead[0]) && ahead[1] == '-';
}

bool is_word_rune(char32_t x) {
  return x == '_' || is_letter(x) || is_digit(x);
}

constexpr std::array<std::pair<std::string_view, token_kind>, 11> keywords = {{
  {"block", token_kind::block_},
  {"break", token_kind::break_},
  {"continue", token_kind::continue_},
  {"define", token_kind::define},
  {"else", token_kind::else_},
  {"end", token_kind::end_},
  {"if", token_kind::if_},
  {"nil", token_kind::nil},
  {"range", token_kind::range},
  {"template", token_kind::template_},
  {"with", token_kind::with},
}};

} // namespace

token lexer::next() {
  for (;;) {
    std::optional<token> found;
    switch (place_) {
      case place::text: found = in_text(); break;
      case place::left_delimiter: found = at_left_delimiter(); break;
      case place::action: found = in_action(); break;
      case place::done: return last_;
    }
    if (!found)
      continue;
    last_ = *found;
    if (last_.what == token_kind::error || last_.what == token_kind::end)
      place_ = place::done;
    return last_;
  }
}

// -- outside actions ---------------------------------------------------------

std::optional<token> lexer::in_text() {
  const auto at = text_.find(options_.left, position_);
  if (at == std::string_view::npos) {
    position_ = text_.size();
    return emit(start_ < position_ ? token_kind::text : token_kind::end);
  }
  position_ = at;
  if (trims_left(text_.substr(at + options_.left.size())))
    while (position_ > start_ && is_white(text_[position_ - 1]))
      --position_;
  place_ = place::left_delimiter;
  std::optional<token> found;
  if (position_ > start_)
    found = emit(token_kind::text);
  skip_to(at);
  return found;
}

std::optional<token> lexer::at_left_delimiter() {
  position_ += options_.left.size();
  const auto marker = trims_left(rest()) ? trim_marker_size : 0;
  if (rest().substr(marker).starts_with("/*")) {
    skip_to(position_ + marker);
    return in_comment();
  }
  const auto found = emit(token_kind::left_delimiter);
  skip_to(position_ + marker);
  open_parens_ = 0;
  place_ = place::action;
  return found;
}

std::optional<token> lexer::in_comment() {
  const auto end = text_.find("*/", position_ + 2);
  if (end == std::string_view::npos)
    return fail("unclosed comment");
  position_ = end + 2;
  const auto trim = right_delimiter_ahead();
  if (!trim)
    return fail("comment ends before closing delimiter");
  (void)at_right_delimiter(*trim);
  return std::nullopt;
}

token lexer::at_right_delimiter(bool trim) {
  if (trim)
    skip_to(position_ + trim_marker_size);
  position_ += options_.right.size();
  const auto found = emit(token_kind::right_delimiter);
  if (trim) {
    const auto end = text_.find_first_not_of(white_space, position_);
    skip_to(end == std::string_view::npos ? text_.size() : end);
  }
  place_ = place::text;
  return found;
}

// -- inside actions ----------------------------------------------------------

token lexer::in_action() {
  if (const auto trim = right_delimiter_ahead())
    return open_parens_ == 0 ? at_right_delimiter(*trim)
                             : fail("unclosed left paren");
  if (open_parens_ < 0)
    return fail("unexpected right paren " + rune_description(')'));
  const auto first = first_rune(rest());
  if (first.size == 0)
    return fail("unclosed action");
  const auto c = first.rune < 0x80 ? static_cast<char>(first.rune) : '\0';
  if (is_white(c) && c != '\0')
    return at_space();
  if (is_word_rune(first.rune) && !(c >= '0' && c <= '9'))
    return at_word();
  if ((c >= '0' && c <= '9') || c == '+' || c == '-')
    return at_number();
  position_ += first.size;
  switch (c) {
    case '=': return emit(token_kind::assign);
    case ':':
      return accept("=") ? emit(token_kind::declare) : fail("expected :=");
    case '|': return emit(token_kind::pipe);
    case '"':
      return at_quoted('"', token_kind::string, "unterminated quoted string");
    case '\'':
      return at_quoted('\'', token_kind::character_constant,
                       "unterminated character constant");
    case '`': return at_raw_string();
    case '$':
      return ends_here() ? emit(token_kind::variable)
                         : at_field_or_variable(token_kind::variable);
    case '.':
      if (!rest().empty() && rest()[0] >= '0' && rest()[0] <= '9') {
        --position_;
        return at_number();
      }
      return at_field_or_variable(token_kind::field);
    case '(':
    case ')': return at_parenthesis(c);
    default: break;
  }
  if (c > ' ' && c < 0x7F)
    return emit(token_kind::character);
  return fail("unrecognized character in action: "
              + rune_description(first.rune));
}

token lexer::at_parenthesis(char c) {
  open_parens_ += c == '(' ? 1 : -1;
  return emit(c == '(' ? token_kind::left_paren : token_kind::right_paren);
}

token lexer::at_space() {
  while (position_ < text_.size() && is_white(text_[position_]))
    ++position_;
  // The last space may belong to a trim marker.
  const auto marker = text_.substr(position_ - 1);
  if (trims_right(marker)
      && marker.substr(trim_marker_size).starts_with(options_.right)) {
    --position_;
    if (position_ == start_)
      return at_right_delimiter(true);
  }
  return emit(token_kind::space);
}

token lexer::at_word() {
  for (auto x = first_rune(rest()); x.size > 0 && is_word_rune(x.rune);
       x = first_rune(rest()))
    position_ += x.size;
  if (!ends_here())
    return fail("bad character " + rune_description(first_rune(rest()).rune));
  const auto word = text_.substr(start_, position_ - start_);
  for (const auto& [name, what] : keywords) {
    if (name != word)
      continue;
    if ((what == token_kind::break_ && !options_.break_is_keyword)
        || (what == token_kind::continue_ && !options_.continue_is_keyword))
      break;
    return emit(what);
  }
  if (word == "true" || word == "false")
    return emit(token_kind::boolean);
  return emit(token_kind::identifier);
}

token lexer::at_field_or_variable(token_kind what) {
  if (ends_here())
    return emit(what == token_kind::variable ? what : token_kind::dot);
  for (auto x = first_rune(rest()); x.size > 0 && is_word_rune(x.rune);
       x = first_rune(rest()))
    position_ += x.size;
  if (!ends_here())
    return fail("bad character " + rune_description(first_rune(rest()).rune));
  return emit(what);
}

token lexer::at_number() {
  const auto bad = [this] {
    return fail("bad number syntax: "
                + quote(text_.substr(start_, position_ - start_)));
  };
  if (!scan_number())
    return bad();
  if (rest().empty() || (rest()[0] != '+' && rest()[0] != '-'))
    return emit(token_kind::number);
  // Complex: 1+2i, without spaces.
  if (!scan_number() || text_[position_ - 1] != 'i')
    return bad();
  return emit(token_kind::complex);
}

bool lexer::scan_number() {
  accept("+-");
  std::string_view digits = "0123456789_";
  bool decimal = true;
  bool hexadecimal = false;
  if (accept("0")) {
    hexadecimal = accept("xX");
    if (hexadecimal)
      digits = "0123456789abcdefABCDEF_";
    else if (accept("oO"))
      digits = "01234567_";
    else if (accept("bB"))
      digits = "01_";
    decimal = digits.size() == 11;
  }
  accept_run(digits);
  if (accept("."))
    accept_run(digits);
  if ((decimal && accept("eE")) || (hexadecimal && accept("pP"))) {
    accept("+-");
    accept_run("0123456789_");
  }
  accept("i");
  const auto after = first_rune(rest());
  if (after.size == 0 || !is_word_rune(after.rune))
    return true;
  position_ += after.size;
  return false;
}

token lexer::at_quoted(char quotes, token_kind what, std::string_view flaw) {
  for (;;) {
    if (rest().empty() || rest()[0] == '\n')
      return fail(std::string{flaw});
    const auto c = text_[position_++];
    if (c == quotes)
      return emit(what);
    if (c == '\\') {
      if (rest().empty() || rest()[0] == '\n')
        return fail(std::string{flaw});
      ++position_;
    }
  }
}

token lexer::at_raw_string() {
  const auto end = text_.find('`', position_);
  if (end == std::string_view::npos)
    return fail("unterminated raw quoted string");
  position_ = end + 1;
  return emit(token_kind::raw_string);
}

// -- bits --------------------------------------------------------------------

bool lexer::accept(std::string_view any_of) {
  if (rest().empty() || any_of.find(rest()[0]) == std::string_view::npos)
    return false;
  ++position_;
  return true;
}

void lexer::accept_run(std::string_view any_of) {
  while (accept(any_of)) {
  }
}

bool lexer::ends_here() const {
  if (rest().empty() || is_white(rest()[0])
      || std::string_view{".,|:)("}.find(rest()[0]) != std::string_view::npos)
    return true;
  return first_rune(rest()).rune == first_rune(options_.right).rune;
}

std::optional<bool> lexer::right_delimiter_ahead() const {
  if (trims_right(rest())
      && rest().substr(trim_marker_size).starts_with(options_.right))
    return true;
  if (rest().starts_with(options_.right))
    return false;
  return std::nullopt;
}

token lexer::emit(token_kind what) {
  const token out{what, start_, line_,
                  text_.substr(start_, position_ - start_)};
  skip_to(position_);
  return out;
}

token lexer::fail(std::string message) {
  message_ = std::move(message);
  return {token_kind::error, start_, line_, message_};
}

void lexer::skip_to(std::size_t position) {
  line_ += static_cast<std::size_t>(
    std::count(text_.begin() + static_cast<std::ptrdiff_t>(start_),
               text_.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
  start_ = position;
  position_ = position;
}

} // namespace praetor::templates
