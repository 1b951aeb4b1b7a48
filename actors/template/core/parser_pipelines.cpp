#include "actors/template/core/parser_state.hpp"
#include "actors/template/core/quoting.hpp"

#include <algorithm>
#include <utility>

namespace praetor::templates {

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

} // namespace praetor::templates
