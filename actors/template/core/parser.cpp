#include "actors/template/core/parser.hpp"

#include "actors/template/core/parser_state.hpp"
#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"

#include <algorithm>
#include <utility>

namespace praetor::templates {

namespace {

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

} // namespace

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

result<parsed_template> parse(std::string_view text,
                              const parser_options& options) {
  // The tree refers to no part of `text`, tokens do: both live long enough.
  return parser{text, options}.run();
}

} // namespace praetor::templates
