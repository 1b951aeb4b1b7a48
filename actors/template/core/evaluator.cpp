#include "actors/template/core/evaluator.hpp"

#include "actors/template/core/format.hpp"
#include "actors/template/core/quoting.hpp"
#include "runtime/base/assert.hpp"

#include <algorithm>

namespace praetor::templates {

std::optional<std::string> evaluator::run(std::string_view name,
                                          const value& data) {
  const auto definition = file_.definitions.find(name);
  PRAETOR_ASSERT(definition != file_.definitions.end());
  template_ = definition->first;
  variables_.push_back({"$", data});
  frames_.push_back({&definition->second, data});
  while (!frames_.empty() && !failed()) {
    auto& top = frames_.back();
    if (top.next < top.body->size())
      step((*top.body)[top.next++]);
    else if (top.range == nullptr || !next_iteration(top))
      leave_body();
  }
  return error_;
}

void evaluator::step(const statement& x) {
  at(x);
  if (!spend_step())
    return;
  switch (x.what) {
    case statement_kind::text: return write(x.text);
    case statement_kind::action: return print(x);
    case statement_kind::if_:
    case statement_kind::with: return enter_branch(x);
    case statement_kind::range: return enter_range(x);
    case statement_kind::template_: return enter_template(x);
    case statement_kind::break_:
    case statement_kind::continue_: return jump(x.what);
  }
}

void evaluator::print(const statement& x) {
  const auto shown = evaluate(*x.pipe, frames_.back().dot);
  if (failed() || !x.pipe->variables.empty())
    return;
  at(x);
  if (shown.what() == kind::text)
    return write(shown.as_text());
  if (!is_printable(shown)) {
    std::string text;
    x.write(text);
    return fail("can't print " + text + " of type " + type_name(shown));
  }
  std::string text;
  print_value(text, printable(shown));
  write(text);
}

void evaluator::enter_branch(const statement& x) {
  const auto mark = variables_.size();
  const auto dot = frames_.back().dot;
  auto chosen = evaluate(*x.pipe, dot);
  if (failed())
    return;
  if (is_true(chosen))
    enter_body(x.body, x.what == statement_kind::with ? std::move(chosen) : dot,
               mark);
  else if (x.otherwise)
    enter_body(*x.otherwise, dot, mark);
  else
    variables_.resize(mark);
}

void evaluator::enter_range(const statement& x) {
  const auto mark = variables_.size();
  const auto dot = frames_.back().dot;
  const auto elements = indirect(evaluate(*x.pipe, dot)).end;
  if (failed())
    return;
  loop found;
  if (!begin_loop(found, elements))
    return;
  frame body{&x.body, dot, x.body.size(), mark};
  body.range = &x;
  body.elements = std::move(found);
  body.loop_variables = variables_.size();
  frames_.push_back(std::move(body));
  if (next_iteration(frames_.back()))
    return;
  frames_.pop_back();
  if (failed())
    return;
  if (x.otherwise)
    enter_body(*x.otherwise, dot, mark);
  else
    variables_.resize(mark);
}

void evaluator::enter_template(const statement& x) {
  const auto definition = file_.definitions.find(x.text);
  if (definition == file_.definitions.end())
    return fail("template " + quote(x.text) + " not defined");
  if (templates_ == template_depth_max)
    return fail("exceeded maximum template depth ("
                + std::to_string(template_depth_max) + ")");
  value data;
  if (x.pipe)
    data = evaluate(*x.pipe, frames_.back().dot);
  if (failed())
    return;
  frame body{&definition->second, data, 0, variables_.size()};
  body.is_template = true;
  body.caller = template_;
  body.caller_base = base_;
  frames_.push_back(std::move(body));
  ++templates_;
  template_ = definition->first;
  base_ = variables_.size();
  variables_.push_back({"$", std::move(data)});
}

void evaluator::enter_body(const statement_list& body, value dot,
                           std::size_t mark) {
  frames_.push_back({&body, std::move(dot), 0, mark});
}

void evaluator::leave_body() {
  const auto& top = frames_.back();
  variables_.resize(top.variables);
  if (top.is_template) {
    template_ = top.caller;
    base_ = top.caller_base;
    --templates_;
  }
  frames_.pop_back();
}

void evaluator::jump(statement_kind what) {
  while (frames_.back().range == nullptr)
    frames_.pop_back(); // the parser made sure that there is a range
  auto& range = frames_.back();
  if (what == statement_kind::break_)
    leave_body();
  else
    range.next = range.body->size();
}

// -- ranges ------------------------------------------------------------------

bool evaluator::begin_loop(loop& out, const value& x) {
  out.source = x;
  switch (x.what()) {
    case kind::invalid:
    case kind::list:
    case kind::channel: return true;
    case kind::map:
      out.entries.assign(x.as_map().entries.begin(), x.as_map().entries.end());
      return true;
    default: break;
  }
  if (is_integer(x.what()) && file_.range_over_integers)
    return true;
  std::string shown;
  print_value(shown, x);
  fail("range can't iterate over " + shown);
  return false;
}

/// Sets index and element of the next iteration; false at the end.
bool evaluator::next_element(loop& x, value& index, value& element) {
  const auto count = x.next++;
  index = value::integer(static_cast<std::int64_t>(count));
  switch (x.source.what()) {
    case kind::invalid: return false;
    case kind::list: {
      const auto& list = x.source.as_list();
      if (count >= list.items.size())
        return false;
      element = element_of(*list.what->element, list.items[count]);
      return true;
    }
    case kind::map: {
      const auto& map = x.source.as_map();
      if (count >= x.entries.size())
        return false;
      index = element_of(*map.what->key, x.entries[count].first);
      element = element_of(*map.what->element, x.entries[count].second);
      return true;
    }
    case kind::channel: {
      auto& channel = x.source.as_channel();
      if (channel.next >= channel.stop)
        return false;
      element = value::integer(channel.next++, kind::int64);
      return true;
    }
    default: break;
  }
  const auto what = x.source.what();
  const bool more = is_signed(what)
                      ? static_cast<std::int64_t>(count) < x.source.as_integer()
                      : count < x.source.as_natural();
  element = is_signed(what)
              ? value::integer(static_cast<std::int64_t>(count), what)
              : value::natural(count, what);
  return more;
}

/// Prepares the next iteration of a range; false at its end.
bool evaluator::next_iteration(frame& x) {
  value index;
  value element;
  if (!spend_step() || !next_element(x.elements, index, element))
    return false;
  variables_.resize(x.loop_variables);
  const auto& pipe = *x.range->pipe;
  const auto count = pipe.variables.size();
  const auto assign = [&](std::size_t i, const value& to) {
    if (pipe.assigns)
      set_variable(pipe.variables[i], to);
    else
      variables_[x.loop_variables - count + i].content = to;
  };
  if (count == 1)
    assign(0, element);
  if (count == 2) {
    assign(0, index);
    assign(1, element);
  }
  x.dot = std::move(element);
  x.next = 0;
  return true;
}

// -- state -------------------------------------------------------------------

void evaluator::write(std::string_view text) {
  const auto most = env_.options().bounds.output_bytes_max;
  if (text.size() > most || out_.size() > most - text.size())
    return fail("output is larger than " + std::to_string(most) + " bytes");
  out_ += text;
}

bool evaluator::spend_step() {
  if (env_.spend_steps(1))
    return true;
  fail("template takes more than "
       + std::to_string(env_.options().bounds.steps_max) + " steps");
  return false;
}

value* evaluator::find_variable(std::string_view name) {
  for (auto i = variables_.size(); i-- > base_;)
    if (variables_[i].name == name)
      return &variables_[i].content;
  fail("undefined variable: " + std::string{name});
  return nullptr;
}

value evaluator::get_variable(const std::string& name) {
  const auto* found = find_variable(name);
  return found == nullptr ? value{} : *found;
}

void evaluator::set_variable(const std::string& name, const value& x) {
  if (auto* found = find_variable(name))
    *found = x;
}

void evaluator::fail(const std::string& message) {
  if (failed())
    return;
  const auto before = std::string_view{file_.text}.substr(0, node_->position);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto newline = before.rfind('\n');
  const auto column = newline == std::string_view::npos
                        ? before.size()
                        : before.size() - newline - 1;
  std::string context;
  node_->write(context);
  error_ = "template: " + file_.name + ":" + std::to_string(line) + ":"
           + std::to_string(column) + ": executing " + quote(template_)
           + " at <" + context + ">: " + message;
}

} // namespace praetor::templates
