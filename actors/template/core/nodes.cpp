#include "actors/template/core/nodes.hpp"

#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"

#include <algorithm>

namespace praetor::templates {

namespace {

void write_list(std::string& out, const statement_list& list) {
  for (const auto& x : list)
    x.write(out);
}

} // namespace

operand::operand(operand&&) noexcept = default;
operand& operand::operator=(operand&&) noexcept = default;
operand::~operand() = default;

void operand::write(std::string& out) const {
  switch (what) {
    case operand_kind::pipeline:
      out += '(';
      nested->write(out);
      out += ')';
      break;
    case operand_kind::chain: inner->write(out); [[fallthrough]];
    case operand_kind::field:
      for (const auto& name : names)
        out += "." + name;
      break;
    case operand_kind::variable:
      for (std::size_t i = 0; i < names.size(); ++i)
        out += (i == 0 ? "" : ".") + names[i];
      break;
    default: out += text; break;
  }
}

void command::write(std::string& out) const {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0)
      out += ' ';
    arguments[i].write(out);
  }
}

void pipeline::write(std::string& out) const {
  for (std::size_t i = 0; i < variables.size(); ++i)
    out += (i == 0 ? "" : ", ") + variables[i];
  if (!variables.empty())
    out += assigns ? " = " : " := ";
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (i > 0)
      out += " | ";
    commands[i].write(out);
  }
}

void statement::write(std::string& out) const {
  switch (what) {
    case statement_kind::text: out += text; return;
    case statement_kind::break_: out += "{{break}}"; return;
    case statement_kind::continue_: out += "{{continue}}"; return;
    case statement_kind::action: out += "{{"; break;
    case statement_kind::if_: out += "{{if "; break;
    case statement_kind::with: out += "{{with "; break;
    case statement_kind::range: out += "{{range "; break;
    case statement_kind::template_:
      out += "{{template " + quote(text) + (pipe ? " " : "");
      break;
  }
  if (pipe)
    pipe->write(out);
  out += "}}";
  if (what == statement_kind::action || what == statement_kind::template_)
    return;
  write_list(out, body);
  if (otherwise) {
    out += "{{else}}";
    write_list(out, *otherwise);
  }
  out += "{{end}}";
}

bool is_empty(const statement_list& body) {
  return std::all_of(body.begin(), body.end(), [](const statement& x) {
    return x.what == statement_kind::text && trim_space(x.text).empty();
  });
}

} // namespace praetor::templates
