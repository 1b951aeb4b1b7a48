#include "api/http/filter_syntax.hpp"

#include "api/http/go_text.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace praetor::http::filter {

namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

/// An operator as a sequence of words; blanks around it are needed, except for
/// the two signs.
struct operator_form {
  match_operator op;
  std::array<std::string_view, 2> words;
};

constexpr operator_form value_follows[] = {
  {match_operator::equal, {"=="}},
  {match_operator::not_equal, {"!="}},
  {match_operator::in, {"contains"}},
  {match_operator::not_in, {"not", "contains"}},
  {match_operator::matches, {"matches"}},
  {match_operator::not_matches, {"not", "matches"}},
};

/// Recursive descent with the bookkeeping of a PEG parser: each function either
/// takes its piece and returns true, or leaves the position as it was. What was
/// expected at the furthest position is remembered.
class parser {
public:
  explicit parser(std::string_view text) : text_{text} {}

  result<expression> run() {
    expression tree;
    maybe_space();
    auto done = any_of(tree);
    if (done) {
      maybe_space();
      done = at_end();
    }
    if (!errors_.empty())
      return failed(joined_errors());
    if (!done)
      return failed(position(furthest_)
                    + ": no match found, expected: " + expectations());
    return tree;
  }

private:
  static error failed(std::string text) {
    return {errc::invalid_argument, std::move(text)};
  }

  // -- logic

  bool any_of(expression& to) {
    return chain(to, expression::kind::any_of, "or", &parser::all_of);
  }

  bool all_of(expression& to) {
    return chain(to, expression::kind::all_of, "and", &parser::negated);
  }

  bool chain(expression& to, expression::kind what, std::string_view word,
             bool (parser::*part)(expression&)) {
    std::vector<expression> parts(1);
    if (!(this->*part)(parts.back()))
      return false;
    for (;;) {
      const auto start = at_;
      expression next;
      if (!space() || !literal(word) || !space() || !(this->*part)(next)) {
        at_ = start;
        break;
      }
      parts.push_back(std::move(next));
    }
    if (parts.size() > 1) {
      to.what = what;
      to.parts = std::move(parts);
    } else {
      auto only = std::move(parts.front());
      to = std::move(only);
    }
    return true;
  }

  bool negated(expression& to) {
    if (depth_ >= expression_depth_max) {
      note("not", "expression is nested too deep");
      return false;
    }
    ++depth_;
    const auto start = at_;
    expression inner;
    auto done = literal("not") && space() && negated(inner);
    if (done) {
      to.what = expression::kind::negation;
      to.parts.push_back(std::move(inner));
    } else {
      at_ = start;
      done = grouped(to) || comparison(to);
    }
    --depth_;
    return done;
  }

  bool grouped(expression& to) {
    const auto start = at_;
    if (literal("(")) {
      maybe_space();
      if (any_of(to)) {
        maybe_space();
        if (literal(")"))
          return true;
        note("grouping", "Unmatched parentheses");
      }
    }
    to = {};
    at_ = start;
    return false;
  }

  // -- comparisons

  bool comparison(expression& to) {
    return selector_operator_value(to.leaf) || selector_is_empty(to.leaf)
           || value_in_selector(to.leaf);
  }

  bool selector_operator_value(match& to) {
    const auto start = at_;
    if (selector(to.selector))
      for (const auto& form : value_follows)
        if (operator_words(form)) {
          to.op = form.op;
          if (value(to.value))
            return true;
          break;
        }
    to = {};
    at_ = start;
    return false;
  }

  bool selector_is_empty(match& to) {
    const auto start = at_;
    if (selector(to.selector)) {
      const auto after = at_;
      if (space() && literal("is") && space() && literal("empty")) {
        to.op = match_operator::is_empty;
        return true;
      }
      at_ = after;
      if (space() && literal("is") && space() && literal("not") && space()
          && literal("empty")) {
        to.op = match_operator::is_not_empty;
        return true;
      }
    }
    to = {};
    at_ = start;
    return false;
  }

  bool value_in_selector(match& to) {
    const auto start = at_;
    if (value(to.value)) {
      const operator_form is_in{match_operator::in, {"in"}};
      const operator_form is_not_in{match_operator::not_in, {"not", "in"}};
      const auto plain = operator_words(is_in);
      if (plain || operator_words(is_not_in)) {
        to.op = plain ? match_operator::in : match_operator::not_in;
        if (selector(to.selector))
          return true;
        note("match", "Invalid selector");
      }
    }
    to = {};
    at_ = start;
    return false;
  }

  bool operator_words(const operator_form& form) {
    const auto start = at_;
    if (!is_letter(form.words[0].front())) {
      maybe_space();
      if (literal(form.words[0])) {
        maybe_space();
        return true;
      }
    } else if (space() && literal(form.words[0]) && space()
               && (form.words[1].empty()
                   || (literal(form.words[1]) && space()))) {
      return true;
    }
    at_ = start;
    return false;
  }

  // -- selectors and values

  bool selector(std::vector<std::string>& to) {
    to.clear();
    std::string part;
    if (!identifier(part))
      return false;
    do
      to.push_back(std::move(part));
    while (dotted(part) || index(part));
    return true;
  }

  bool identifier(std::string& to) {
    if (at_ == text_.size() || !is_letter(text_[at_]))
      return expect("[a-zA-Z]");
    const auto start = at_;
    while (at_ < text_.size() && is_word(text_[at_]))
      ++at_;
    expect("[a-zA-Z0-9_]");
    to = text_.substr(start, at_ - start);
    return true;
  }

  bool dotted(std::string& to) {
    const auto start = at_;
    if (literal(".") && identifier(to))
      return true;
    at_ = start;
    return false;
  }

  bool index(std::string& to) {
    const auto start = at_;
    if (literal("[")) {
      maybe_space();
      if (!string(to)) {
        note("index", "Invalid index");
      } else {
        maybe_space();
        if (literal("]"))
          return true;
        note("index", "Unclosed index expression");
      }
    }
    at_ = start;
    return false;
  }

  bool value(std::string& to) {
    std::vector<std::string> parts;
    if (!selector(parts))
      return number(to) || string(to);
    to.clear();
    for (const auto& part : parts)
      to.append(to.empty() ? "" : ".").append(part);
    return true;
  }

  bool number(std::string& to) {
    const auto start = at_;
    literal("-");
    if (!whole()) {
      at_ = start;
      return false;
    }
    fraction();
    const auto end = at_;
    const auto finished = space() || at_end() || literal(")");
    at_ = end;
    if (finished) {
      to = text_.substr(start, end - start);
      return true;
    }
    note("number", "Invalid number literal");
    at_ = start;
    return false;
  }

  bool whole() {
    if (literal("0"))
      return true;
    if (at_ == text_.size() || !is_digit(text_[at_]))
      return expect("[1-9]");
    digits();
    return true;
  }

  void fraction() {
    const auto start = at_;
    if (literal(".") && !digits())
      at_ = start;
  }

  bool digits() {
    const auto start = at_;
    while (at_ < text_.size() && is_digit(text_[at_]))
      ++at_;
    expect("[0-9]");
    return at_ > start;
  }

  bool string(std::string& to) {
    const auto start = at_;
    const auto raw = literal("`");
    if (!raw && !literal("\""))
      return false;
    const auto end = text_.find(raw ? '`' : '"', at_);
    if (end == std::string_view::npos) {
      at_ = text_.size();
      note("string", "Unterminated string literal");
      at_ = start;
      return false;
    }
    to = text_.substr(at_, end - at_);
    at_ = end + 1;
    if (raw) {
      std::erase(to, '\r');
    } else if (auto resolved = go_unquote(to)) {
      to = std::move(*resolved);
    } else {
      at_ = start;
      note("string", "invalid syntax");
      at_ = end + 1;
    }
    return true;
  }

  // -- terminals

  bool literal(std::string_view word) {
    if (!text_.substr(at_).starts_with(word))
      return expect(go_quote(word));
    at_ += word.size();
    return true;
  }

  bool space() {
    const auto start = at_;
    at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size());
    expect("[ \\t\\r\\n]");
    return at_ > start;
  }

  void maybe_space() { space(); }

  bool at_end() { return at_ == text_.size() || expect("EOF"); }

  // -- errors

  /// Remembers what would have been taken here; returns false.
  bool expect(std::string what) {
    if (at_ > furthest_) {
      furthest_ = at_;
      expected_.clear();
    }
    if (at_ == furthest_)
      expected_.insert(std::move(what));
    return false;
  }

  /// Records an error that no other way of parsing can undo.
  void note(std::string_view rule, std::string_view what) {
    auto text = position(at_) + ": rule \"" + std::string{rule}
                + "\": " + std::string{what};
    if (std::find(errors_.begin(), errors_.end(), text) == errors_.end())
      errors_.push_back(std::move(text));
  }

  std::string joined_errors() const {
    std::string out;
    for (const auto& e : errors_)
      out.append(out.empty() ? "" : "\n").append(e);
    return out;
  }

  std::string expectations() const {
    std::vector<std::string_view> sorted;
    for (const auto& what : expected_)
      if (what != "EOF")
        sorted.push_back(what);
    if (expected_.contains("EOF"))
      sorted.emplace_back("EOF");
    std::string out;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i > 0)
        out += i + 1 == sorted.size() ? " or " : ", ";
      out += sorted[i];
    }
    return out;
  }

  /// Returns `line:column (offset)`; columns count characters.
  std::string position(std::size_t at) const {
    auto line = 1;
    auto column = 1;
    for (std::size_t i = 0; i <= at && i < text_.size(); ++i) {
      if (text_[i] == '\n') {
        ++line;
        column = 0;
      }
      const auto last = i == at;
      const auto next_starts =
        i + 1 >= text_.size()
        || (static_cast<unsigned char>(text_[i + 1]) & 0xC0U) != 0x80;
      if (!last && next_starts)
        ++column;
    }
    return std::to_string(line) + ":" + std::to_string(column) + " ("
           + std::to_string(at) + ")";
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t furthest_ = 0;
  std::set<std::string> expected_;
  std::vector<std::string> errors_;
};

} // namespace

result<expression> parse(std::string_view text) {
  if (text.size() > expression_bytes_max)
    return error{errc::invalid_argument,
                 "expression is longer than "
                   + std::to_string(expression_bytes_max) + " bytes"};
  return parser{text}.run();
}

} // namespace praetor::http::filter
