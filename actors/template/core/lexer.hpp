// Cuts a template's text into tokens. Pure; total: any bytes give tokens, the
// last of which is the end or an error.
//
// Source: Go 1.19, text/template/parse/lex.go.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::templates {

enum class token_kind : std::uint8_t {
  error, ///< `text` is the message
  end,
  text,
  left_delimiter,
  right_delimiter,
  space,
  boolean,
  character,
  character_constant,
  complex,
  number,
  string,
  raw_string,
  field,
  identifier,
  variable,
  assign,
  declare,
  pipe,
  left_paren,
  right_paren,
  // Keywords, shown in angle brackets, from here on.
  dot,
  nil,
  block_,
  break_,
  continue_,
  define,
  else_,
  end_,
  if_,
  range,
  template_,
  with,
};

struct token {
  token_kind what = token_kind::error;
  std::size_t position = 0; ///< bytes from the start of the template
  std::size_t line = 1;
  std::string_view text;
};

class lexer {
public:
  struct delimiters {
    std::string left = "{{";
    std::string right = "}}";
    bool break_is_keyword = true;
    bool continue_is_keyword = true;
  };

  /// @pre `text` outlives the tokens.
  lexer(std::string_view text, delimiters options)
    : text_{text}, options_{std::move(options)} {}

  lexer(const lexer&) = delete; // error tokens point into it
  lexer& operator=(const lexer&) = delete;

  /// Returns the next token; after an error or the end, the same again.
  token next();

private:
  enum class place : std::uint8_t { text, left_delimiter, action, done };

  std::optional<token> in_text();
  std::optional<token> at_left_delimiter();
  std::optional<token> in_comment();
  token in_action();
  token at_right_delimiter(bool trim);
  token at_space();
  token at_word();
  token at_field_or_variable(token_kind what);
  token at_number();
  token at_quoted(char quotes, token_kind what, std::string_view flaw);
  token at_raw_string();
  token at_parenthesis(char c);

  bool scan_number();
  bool accept(std::string_view any_of);
  void accept_run(std::string_view any_of);
  bool ends_here() const;
  std::optional<bool> right_delimiter_ahead() const;
  std::string_view rest() const { return text_.substr(position_); }
  token emit(token_kind what);
  token fail(std::string message);
  void skip_to(std::size_t position);

  std::string_view text_;
  delimiters options_;
  std::size_t start_ = 0;    // of the token
  std::size_t position_ = 0; // how far it goes
  std::size_t line_ = 1;     // at `start_`
  int open_parens_ = 0;
  place place_ = place::text;
  std::string message_; // of the error token
  token last_;
};

} // namespace praetor::templates
