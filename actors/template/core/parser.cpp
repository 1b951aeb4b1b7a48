#include "actors/template/core/parser.hpp"

#include "actors/template/core/lexer.hpp"
#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace praetor::templates {

namespace {

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

std::string show(const token& x) {
  if (x.what == tk::end)
    return "EOF";
  if (x.what == tk::error)
    return std::string{x.text};
  if (x.what >= tk::dot)
    return "<" + std::string{x.text} + ">";
  if (x.text.size() > 10)
    return quote(rune_prefix(x.text, 10)) + "...";
  return quote(x.text);
}

std::string_view keyword_of(statement_kind what) {
  switch (what) {
    case statement_kind::if_: return "if";
    case statement_kind::with: return "with";
    default: return "range";
  }
}

// -- errors ------------------------------------------------------------------

void parser::fail(const std::string& message) {
  if (!failed())
    error_ = "template: " + options_.name + ":"
             + std::to_string(scope_.tokens[0].line) + ": " + message;
}

void parser::unexpected(const token& x, std::string_view context) {
  if (x.what != tk::error)
    return fail("unexpected " + show(x) + " in " + std::string{context});
  std::string extra;
  if (scope_.action_line != 0 && scope_.action_line != x.line) {
    extra = x.text.ends_with(" action") ? "" : " in action";
    extra +=
      " started at " + options_.name + ":" + std::to_string(scope_.action_line);
  }
  fail(std::string{x.text} + extra);
}

void parser::expect(tk what, std::string_view context) {
  const auto x = next_non_space();
  if (x.what != what)
    unexpected(x, context);
}

// -- templates ---------------------------------------------------------------

result<parsed_template> parser::run() {
  scope_.name = options_.name;
  if (file_->text.size() > template_bytes_max)
    fail("template is larger than " + std::to_string(template_bytes_max)
         + " bytes");
  statement_list main;
  parse_main(main);
  add_definition(std::move(main));
  if (failed())
    return error{errc::invalid_argument, error_};
  return parsed_template{file_};
}

void parser::parse_main(statement_list& main) {
  while (!failed() && peek().what != tk::end) {
    if (peek().what == tk::left_delimiter) {
      const auto delimiter = next();
      if (next_non_space().what == tk::define) {
        parse_definition();
        continue;
      }
      back_up(delimiter);
    }
    const auto stopped = main.size();
    const auto how = parse_text_or_action(main);
    if (!failed() && how != ending::failed && main.size() == stopped)
      fail(how == ending::end ? "unexpected {{end}}" : "unexpected {{else}}");
  }
}

void parser::parse_definition() {
  constexpr std::string_view context = "define clause";
  const auto outer = std::exchange(scope_, scope{});
  const auto name = next_non_space();
  scope_.name = template_name(name, context);
  if (failed())
    return;
  expect(tk::right_delimiter, context);
  statement_list body;
  if (parse_list(body) == ending::otherwise)
    fail("unexpected {{else}} in " + std::string{context});
  add_definition(std::move(body));
  scope_ = outer;
}

void parser::add_definition(statement_list body) {
  if (failed())
    return;
  const auto i = file_->definitions.find(scope_.name);
  if (i == file_->definitions.end())
    file_->definitions.emplace(scope_.name, std::move(body));
  else if (is_empty(i->second))
    i->second = std::move(body);
  else if (!is_empty(body))
    fail("template: multiple definition of template " + quote(scope_.name));
}

std::string parser::template_name(const token& x, std::string_view context) {
  if (x.what != tk::string && x.what != tk::raw_string) {
    unexpected(x, context);
    return {};
  }
  auto name = unquote(x.text);
  if (!name)
    fail("invalid syntax");
  return name.value_or("");
}

// -- statements --------------------------------------------------------------

ending parser::parse_list(statement_list& out) {
  if (!enter())
    return ending::failed;
  while (!failed() && peek_non_space().what != tk::end) {
    const auto size = out.size();
    const auto how = parse_text_or_action(out);
    if (out.size() == size) {
      --depth_;
      return how;
    }
  }
  fail("unexpected EOF");
  return ending::failed;
}

/// Appends one statement, or nothing and tells what it met instead.
ending parser::parse_text_or_action(statement_list& out) {
  const auto x = next_non_space();
  if (x.what == tk::text) {
    out.emplace_back(statement_kind::text, x.position).text = x.text;
    return ending::end;
  }
  if (x.what != tk::left_delimiter) {
    unexpected(x, "input");
    return ending::failed;
  }
  scope_.action_line = x.line;
  const auto how = parse_action(out);
  scope_.action_line = 0;
  return failed() ? ending::failed : how;
}

ending parser::parse_action(statement_list& out) {
  const auto x = next_non_space();
  switch (x.what) {
    case tk::block_: parse_block(out); return ending::end;
    case tk::break_:
      parse_jump(out, statement_kind::break_);
      return ending::end;
    case tk::continue_:
      parse_jump(out, statement_kind::continue_);
      return ending::end;
    case tk::else_: return parse_else();
    case tk::end_: return parse_end();
    case tk::if_: parse_control(out, statement_kind::if_); return ending::end;
    case tk::range:
      parse_control(out, statement_kind::range);
      return ending::end;
    case tk::template_: parse_template(out); return ending::end;
    case tk::with: parse_control(out, statement_kind::with); return ending::end;
    default: break;
  }
  back_up();
  auto& action = out.emplace_back(statement_kind::action, peek().position);
  action.pipe = parse_pipeline("command", tk::right_delimiter);
  return ending::end;
}

ending parser::parse_end() {
  expect(tk::right_delimiter, "end");
  return ending::end;
}

ending parser::parse_else() {
  const auto x = peek_non_space();
  // The rest of `else if` is left for parse_else_part.
  if (x.what != tk::if_ && (x.what != tk::with || !options_.newest))
    expect(tk::right_delimiter, "else");
  return ending::otherwise;
}

void parser::parse_jump(statement_list& out, statement_kind what) {
  const std::string name =
    what == statement_kind::break_ ? "{{break}}" : "{{continue}}";
  const auto x = next_non_space();
  if (x.what != tk::right_delimiter)
    return unexpected(x, name);
  if (scope_.range_depth == 0)
    return fail(name + " outside {{range}}");
  out.emplace_back(what, x.position);
}

void parser::parse_control(statement_list& out, statement_kind what) {
  const auto visible = scope_.variables.size();
  auto pipe = parse_pipeline(keyword_of(what), tk::right_delimiter);
  statement x{what, pipe.position};
  x.pipe = std::move(pipe);
  const int ranges = what == statement_kind::range ? 1 : 0;
  scope_.range_depth += ranges;
  const auto how = parse_list(x.body);
  scope_.range_depth -= ranges;
  if (how == ending::otherwise)
    parse_else_part(x);
  if (failed())
    return;
  scope_.variables.resize(visible);
  out.push_back(std::move(x));
}

void parser::parse_else_part(statement& x) {
  x.otherwise.emplace();
  const auto ahead = peek().what;
  // `else if` is an `if` inside the `else`, with one `end` for both.
  if ((x.what == statement_kind::if_ && ahead == tk::if_)
      || (x.what == statement_kind::with && ahead == tk::with)) {
    next();
    if (enter())
      parse_control(*x.otherwise, x.what);
    --depth_;
    return;
  }
  if (parse_list(*x.otherwise) == ending::otherwise)
    fail("expected end; found {{else}}");
}

void parser::parse_block(statement_list& out) {
  constexpr std::string_view context = "block clause";
  const auto at = next_non_space();
  auto name = template_name(at, context);
  if (failed())
    return;
  auto pipe = parse_pipeline(context, tk::right_delimiter);
  auto outer = std::exchange(scope_, scope{});
  scope_.name = name;
  statement_list body;
  const auto how = parse_list(body);
  add_definition(std::move(body));
  scope_ = std::move(outer);
  if (how == ending::otherwise)
    return fail("unexpected {{else}} in " + std::string{context});
  auto& x = out.emplace_back(statement_kind::template_, at.position);
  x.text = std::move(name);
  x.pipe = std::move(pipe);
}

void parser::parse_template(statement_list& out) {
  constexpr std::string_view context = "template clause";
  const auto at = next_non_space();
  statement x{statement_kind::template_, at.position};
  x.text = template_name(at, context);
  if (failed())
    return;
  if (next_non_space().what != tk::right_delimiter) {
    back_up();
    x.pipe = parse_pipeline(context, tk::right_delimiter);
  }
  out.push_back(std::move(x));
}

// -- pipelines ---------------------------------------------------------------

/// Reads `$x :=`, `$x =` or, for a range, `$i, $x :=`. Returns whether another
/// variable must follow.
bool parser::parse_declarations(pipeline& pipe, std::string_view context) {
  const auto variable = peek_non_space();
  if (variable.what != tk::variable)
    return false;
  next();
  // In "$x foo" the token after the space decides, so up to three are read.
  const auto after = peek();
  const auto x = peek_non_space();
  const bool comma = x.what == tk::character && x.text == ",";
  if (!comma && x.what != tk::assign && x.what != tk::declare) {
    if (after.what == tk::space)
      back_up(variable, after);
    else
      back_up(variable);
    return false;
  }
  next_non_space();
  pipe.variables.emplace_back(variable.text);
  scope_.variables.emplace_back(variable.text);
  if (!comma) {
    pipe.assigns = x.what == tk::assign;
    return false;
  }
  if (context == "range" && pipe.variables.size() < 2) {
    const auto ahead = peek_non_space().what;
    if (ahead == tk::variable || ahead == tk::right_delimiter
        || ahead == tk::right_paren)
      return true;
    fail("range can only initialize variables");
  }
  fail("too many declarations in " + std::string{context});
  return false;
}

pipeline parser::parse_pipeline(std::string_view context, tk end) {
  pipeline pipe{peek_non_space().position};
  while (parse_declarations(pipe, context)) {
  }
  while (!failed()) {
    const auto x = next_non_space();
    if (x.what == end) {
      check_pipeline(pipe, context);
      break;
    }
    switch (x.what) {
      case tk::boolean:
      case tk::character_constant:
      case tk::complex:
      case tk::dot:
      case tk::field:
      case tk::identifier:
      case tk::number:
      case tk::nil:
      case tk::raw_string:
      case tk::string:
      case tk::variable:
      case tk::left_paren:
        back_up();
        pipe.commands.push_back(parse_command());
        break;
      default: unexpected(x, context); break;
    }
  }
  return pipe;
}

void parser::check_pipeline(const pipeline& pipe, std::string_view context) {
  if (pipe.commands.empty())
    return fail("missing value for " + std::string{context});
  for (std::size_t i = 1; i < pipe.commands.size(); ++i) {
    switch (pipe.commands[i].arguments[0].what) {
      case operand_kind::boolean:
      case operand_kind::dot:
      case operand_kind::nil:
      case operand_kind::number:
      case operand_kind::string:
        return fail("non executable command in pipeline stage "
                    + std::to_string(i + 1));
      default: break;
    }
  }
}

command parser::parse_command() {
  command out{peek_non_space().position};
  while (!failed()) {
    peek_non_space(); // skips spaces
    if (auto x = parse_operand())
      out.arguments.push_back(std::move(*x));
    if (failed())
      break;
    const auto after = next();
    if (after.what == tk::space)
      continue;
    if (after.what == tk::right_delimiter || after.what == tk::right_paren)
      back_up();
    else if (after.what != tk::pipe)
      unexpected(after, "operand");
    break;
  }
  if (out.arguments.empty())
    fail("empty command");
  return out;
}

std::optional<operand> parser::parse_operand() {
  auto x = parse_term();
  if (!x || failed() || peek().what != tk::field)
    return x;
  const auto position = peek().position;
  std::vector<std::string> names;
  while (peek().what == tk::field)
    names.emplace_back(next().text.substr(1));
  switch (x->what) {
    case operand_kind::field:
    case operand_kind::variable:
      x->position = position;
      x->names.insert(x->names.end(), names.begin(), names.end());
      return x;
    case operand_kind::boolean:
    case operand_kind::string:
    case operand_kind::number:
    case operand_kind::nil:
    case operand_kind::dot: {
      std::string text;
      x->write(text);
      fail("unexpected . after term " + quote(text));
      return x;
    }
    default: break;
  }
  operand chain{operand_kind::chain, position};
  chain.names = std::move(names);
  chain.inner = std::make_unique<operand>(std::move(*x));
  return chain;
}

std::optional<operand> parser::parse_term() {
  const auto x = next_non_space();
  const auto make = [&x](operand_kind what) {
    operand out{what, x.position};
    out.text = x.text;
    return out;
  };
  switch (x.what) {
    case tk::identifier: return parse_identifier(x);
    case tk::variable: return parse_variable(x);
    case tk::dot: return make(operand_kind::dot);
    case tk::nil: return make(operand_kind::nil);
    case tk::field: {
      auto out = make(operand_kind::field);
      out.names.emplace_back(x.text.substr(1));
      return out;
    }
    case tk::boolean: {
      auto out = make(operand_kind::boolean);
      out.constant = value::boolean(x.text == "true");
      return out;
    }
    case tk::character_constant:
    case tk::complex:
    case tk::number: {
      auto out = make(operand_kind::number);
      if (auto read = parse_number(x.text))
        out.numeric = std::move(*read);
      else
        fail(read.error().context);
      return out;
    }
    case tk::string:
    case tk::raw_string: {
      auto out = make(operand_kind::string);
      auto text = unquote(x.text);
      if (!text)
        fail("invalid syntax");
      out.constant = value::text(std::move(text).value_or(""));
      return out;
    }
    case tk::left_paren: {
      operand out{operand_kind::pipeline, x.position};
      if (!enter())
        return out;
      out.nested = std::make_unique<pipeline>(
        parse_pipeline("parenthesized pipeline", tk::right_paren));
      out.position = out.nested->position;
      --depth_;
      return out;
    }
    default: back_up(); return std::nullopt;
  }
}

std::optional<operand> parser::parse_identifier(const token& x) {
  operand out{operand_kind::identifier, x.position};
  out.text = x.text;
  const auto& own = builtin_functions();
  if (const auto i = options_.functions->find(x.text);
      i != options_.functions->end()) {
    out.target = &i->second;
  } else if (const auto j = own.find(x.text); j != own.end()) {
    out.target = &j->second;
    out.builtin = true;
  } else {
    fail("function " + quote(x.text) + " not defined");
  }
  return out;
}

std::optional<operand> parser::parse_variable(const token& x) {
  operand out{operand_kind::variable, x.position};
  out.names.emplace_back(x.text);
  const auto& known = scope_.variables;
  if (std::find(known.begin(), known.end(), x.text) == known.end())
    fail("undefined variable " + quote(x.text));
  return out;
}

} // namespace

result<parsed_template> parse(std::string_view text,
                              const parser_options& options) {
  // The tree refers to no part of `text`, tokens do: both live long enough.
  return parser{text, options}.run();
}

} // namespace praetor::templates
