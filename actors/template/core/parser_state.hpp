// The parser at work on one file. Internal to parser.cpp (statements) and
// parser_pipelines.cpp (pipelines and their operands).

#pragma once

#include "actors/template/core/lexer.hpp"
#include "actors/template/core/parser.hpp"

#include <array>
#include <optional>
#include <vector>

namespace praetor::templates {

using tk = token_kind;

/// Where a body ended.
enum class ending : std::uint8_t { end, otherwise, failed };

/// What is known while one template (the main one, or a definition) is read.
struct scope {
  std::string name;
  std::vector<std::string> variables{"$"};
  // Up to three tokens of look-ahead; [0] is also the last one read.
  std::array<token, 3> tokens;
  std::size_t peeked = 0;
  std::size_t action_line = 0;
  int range_depth = 0;
};

/// Stops at the first error; `failed()` then stays true and every function
/// returns at once with something empty.
class parser {
public:
  parser(std::string_view text, const parser_options& options)
    : options_{options},
      file_{std::make_shared<template_file>()},
      lexer_{text, lexer_options(options)} {
    file_->name = options.name;
    file_->text = text;
    file_->range_over_integers = options.newest;
  }

  result<parsed_template> run();

private:
  static lexer::delimiters lexer_options(const parser_options& options) {
    lexer::delimiters out;
    if (!options.left_delimiter.empty())
      out.left = options.left_delimiter;
    if (!options.right_delimiter.empty())
      out.right = options.right_delimiter;
    out.break_is_keyword = !options.functions->contains("break");
    out.continue_is_keyword = !options.functions->contains("continue");
    return out;
  }

  // -- tokens --

  token next() {
    if (scope_.peeked > 0)
      --scope_.peeked;
    else
      scope_.tokens[0] = lexer_.next();
    return scope_.tokens[scope_.peeked];
  }

  token peek() {
    if (scope_.peeked == 0) {
      scope_.peeked = 1;
      scope_.tokens[0] = lexer_.next();
    }
    return scope_.tokens[scope_.peeked - 1];
  }

  void back_up() { ++scope_.peeked; }

  void back_up(const token& before) {
    scope_.tokens[1] = before;
    scope_.peeked = 2;
  }

  void back_up(const token& first, const token& second) {
    scope_.tokens[1] = second;
    scope_.tokens[2] = first;
    scope_.peeked = 3;
  }

  token next_non_space() {
    auto x = next();
    while (x.what == tk::space)
      x = next();
    return x;
  }

  token peek_non_space() {
    const auto x = next_non_space();
    back_up();
    return x;
  }

  // -- errors --

  bool failed() const { return !error_.empty(); }
  void fail(const std::string& message);
  void unexpected(const token& x, std::string_view context);
  void expect(tk what, std::string_view context);

  // -- grammar --

  void parse_main(statement_list& main);
  void parse_definition();
  void add_definition(statement_list body);
  ending parse_list(statement_list& out);
  ending parse_text_or_action(statement_list& out);
  ending parse_action(statement_list& out);
  ending parse_end();
  ending parse_else();
  void parse_jump(statement_list& out, statement_kind what);
  void parse_control(statement_list& out, statement_kind what);
  void parse_else_part(statement& x);
  void parse_block(statement_list& out);
  void parse_template(statement_list& out);
  bool parse_declarations(pipeline& pipe, std::string_view context);
  pipeline parse_pipeline(std::string_view context, tk end);
  void check_pipeline(const pipeline& pipe, std::string_view context);
  command parse_command();
  std::optional<operand> parse_operand();
  std::optional<operand> parse_term();
  std::optional<operand> parse_identifier(const token& x);
  std::optional<operand> parse_variable(const token& x);
  std::string template_name(const token& x, std::string_view context);

  bool enter() {
    if (++depth_ > nesting_max)
      fail("blocks or parentheses nest too deeply");
    return !failed();
  }

  const parser_options& options_;
  std::shared_ptr<template_file> file_;
  lexer lexer_;
  scope scope_;
  int depth_ = 0;
  std::string error_;
};

} // namespace praetor::templates
