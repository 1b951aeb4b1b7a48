// The evaluator's expressions: pipelines, fields, calls and their arguments.

#include "actors/template/core/evaluator.hpp"
#include "actors/template/core/quoting.hpp"

#include <algorithm>

namespace praetor::templates {

namespace {

/// Cuts an integer constant to a narrow parameter, as reflection does.
value narrowed(std::int64_t x, kind to) {
  switch (to) {
    case kind::int8: return value::integer(static_cast<std::int8_t>(x), to);
    case kind::int16: return value::integer(static_cast<std::int16_t>(x), to);
    case kind::int32: return value::integer(static_cast<std::int32_t>(x), to);
    default: return value::integer(x, to);
  }
}

value narrowed(std::uint64_t x, kind to) {
  switch (to) {
    case kind::uint8: return value::natural(static_cast<std::uint8_t>(x), to);
    case kind::uint16: return value::natural(static_cast<std::uint16_t>(x), to);
    case kind::uint32: return value::natural(static_cast<std::uint32_t>(x), to);
    default: return value::natural(x, to);
  }
}

bool is_hex_integer(std::string_view text) {
  return text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x'
         && text.find_first_of("pP") == std::string_view::npos;
}

/// Roughly what a result occupies, without what it shares.
std::size_t size_of(const value& x) {
  switch (x.what()) {
    case kind::text: return x.as_text().size();
    case kind::list: return x.as_list().items.size() * sizeof(value);
    case kind::map: return x.as_map().entries.size() * 3 * sizeof(value);
    default: return 0;
  }
}

std::string shown(const node& x) {
  std::string out;
  x.write(out);
  return out;
}

} // namespace

value evaluator::evaluate(const pipeline& x, const value& dot) {
  at(x);
  value last;
  for (std::size_t i = 0; i < x.commands.size(); ++i) {
    last = evaluate(x.commands[i], dot, i == 0 ? nullptr : &last).unbox();
    if (failed())
      return {};
  }
  for (const auto& name : x.variables) {
    if (x.assigns)
      set_variable(name, last);
    else
      variables_.push_back({name, last});
  }
  return last;
}

value evaluator::evaluate(const command& x, const value& dot,
                          const value* last) {
  const auto& first = x.arguments[0];
  const std::span<const operand> rest{x.arguments.begin() + 1,
                                      x.arguments.end()};
  switch (first.what) {
    case operand_kind::field:
      at(first);
      return evaluate_fields(dot, first.names, first, dot, rest, last);
    case operand_kind::chain: return evaluate_chain(first, dot, rest, last);
    case operand_kind::identifier:
      return call_function(first, x, dot, rest, last);
    case operand_kind::pipeline:
      refuse_arguments(first, rest.size(), last);
      return failed() ? value{} : evaluate(*first.nested, dot);
    case operand_kind::variable: {
      at(first);
      auto content = get_variable(first.names[0]);
      if (first.names.size() > 1)
        return evaluate_fields(std::move(content),
                               std::span{first.names}.subspan(1), first, dot,
                               rest, last);
      refuse_arguments(first, rest.size(), last);
      return content;
    }
    default: break;
  }
  at(first);
  refuse_arguments(first, rest.size(), last);
  switch (first.what) {
    case operand_kind::dot: return dot;
    case operand_kind::nil: fail("nil is not a command"); return {};
    default: return constant(first);
  }
}

void evaluator::refuse_arguments(const operand& x, std::size_t count,
                                 const value* last) {
  if (count > 0 || last != nullptr)
    fail("can't give argument to non-function "
         + (x.nested ? shown(*x.nested) : shown(x)));
}

value evaluator::constant(const operand& x) {
  at(x);
  if (x.what != operand_kind::number)
    return x.constant;
  const auto& n = x.numeric;
  if (n.complex)
    return value::complex(*n.complex);
  const std::string_view text = x.text;
  if (n.real && !text.starts_with('\'') && !is_hex_integer(text)
      && text.find_first_of(".eEpP") != std::string_view::npos)
    return value::real(*n.real);
  if (n.integer)
    return value::integer(*n.integer);
  fail(x.text + " overflows int");
  return {};
}

// -- fields ------------------------------------------------------------------

value evaluator::evaluate_chain(const operand& x, const value& dot,
                                std::span<const operand> arguments,
                                const value* last) {
  at(x);
  value start;
  if (x.inner->what == operand_kind::pipeline)
    start = evaluate(*x.inner->nested, dot);
  else
    start = call_function(*x.inner, *x.inner, dot, {}, nullptr);
  if (failed())
    return {};
  return evaluate_fields(std::move(start), x.names, x, dot, arguments, last);
}

value evaluator::evaluate_fields(value receiver,
                                 std::span<const std::string> names,
                                 const operand& at_node, const value& dot,
                                 std::span<const operand> arguments,
                                 const value* last) {
  // Only the last one may be a method with arguments.
  for (const auto& name : names.first(names.size() - 1)) {
    receiver = evaluate_field(receiver, name, at_node, dot, {}, nullptr);
    if (failed())
      return {};
  }
  return evaluate_field(receiver, names.back(), at_node, dot, arguments, last);
}

value evaluator::evaluate_field(const value& receiver, const std::string& name,
                                const operand& at_node, const value& dot,
                                std::span<const operand> arguments,
                                const value* last) {
  if (!receiver.valid() && !receiver.boxed()) {
    if (env_.options().missing == missing_key::error)
      fail("nil data; no entry for key " + quote(name));
    return {};
  }
  const auto [end, nil] = indirect(receiver);
  if (nil && end.nil_interface()) {
    fail("nil pointer evaluating " + type_of(receiver)->name + "." + name);
    return {};
  }
  const auto* method = find_method(end, name);
  const bool by_pointer = receiver.what() == kind::pointer;
  if (method != nullptr && (by_pointer || !method->on_pointer))
    return call(*method, name, at_node, dot, arguments, last, end);
  const bool has_arguments = !arguments.empty() || last != nullptr;
  if (end.what() == kind::record) {
    const auto& record = end.as_record();
    const auto i = field_index(*record.what, name);
    if (i >= 0) {
      if (name[0] >= 'a' && name[0] <= 'z')
        fail(name + " is an unexported field of struct type "
             + type_of(receiver)->name);
      else if (has_arguments)
        fail(name + " has arguments but cannot be invoked as function");
      const auto at_index = static_cast<std::size_t>(i);
      return element_of(*record.what->fields[at_index].what,
                        record.fields[at_index]);
    }
  } else if (end.what() == kind::map) {
    const auto key = end.as_map().what->key->what;
    if (key == kind::text || key == kind::any)
      return map_entry(end, name, has_arguments);
  } else if (end.what() == kind::pointer) {
    const auto& target = *end.as_pointer().what->element;
    if (target.what != kind::record || field_index(target, name) >= 0) {
      fail("nil pointer evaluating " + type_of(receiver)->name + "." + name);
      return {};
    }
  }
  fail("can't evaluate field " + name + " in type " + type_of(receiver)->name);
  return {};
}

value evaluator::map_entry(const value& receiver, const std::string& name,
                           bool has_arguments) {
  if (has_arguments) {
    fail(name + " is not a method but has arguments");
    return {};
  }
  const auto& map = receiver.as_map();
  if (const auto* found = find(receiver, name))
    return element_of(*map.what->element, *found);
  switch (env_.options().missing) {
    case missing_key::invalid: return {};
    case missing_key::zero: return zero_of(map.what->element);
    case missing_key::error: break;
  }
  fail("map has no entry for key " + quote(name));
  return {};
}

// -- calls -------------------------------------------------------------------

value evaluator::call_function(const operand& x, const node& at_node,
                               const value& dot,
                               std::span<const operand> arguments,
                               const value* last) {
  at(x);
  if (x.target->lazy && x.builtin && !(arguments.empty() && last == nullptr))
    return call_lazily(*x.target, dot, arguments, last);
  return call(*x.target, x.text, at_node, dot, arguments, last, {});
}

value evaluator::call_lazily(const function& f, const value& dot,
                             std::span<const operand> arguments,
                             const value* last) {
  const bool stop_at = f.name == "or";
  value x;
  for (const auto& each : arguments) {
    x = argument(each, f.parameters[0], dot);
    if (failed() || is_true(x) == stop_at)
      return x;
  }
  return last == nullptr ? x : validated(*last, f.parameters[0]);
}

value evaluator::call(const function& f, const std::string& name,
                      const node& at_node, const value& dot,
                      std::span<const operand> arguments, const value* last,
                      const value& receiver) {
  const auto given = arguments.size() + (last == nullptr ? 0 : 1);
  const auto declared = f.parameters.size();
  if (f.variadic ? given + 1 < declared : given != declared) {
    fail("wrong number of args for " + name + ": want "
         + (f.variadic ? "at least " : "")
         + std::to_string(declared - (f.variadic ? 1 : 0)) + " got "
         + std::to_string(f.variadic ? arguments.size() : given));
    return {};
  }
  std::vector<value> values;
  values.reserve(given);
  for (std::size_t i = 0; i < given; ++i) {
    const auto& what = f.parameters[std::min(i, declared - 1)];
    values.push_back(i < arguments.size() ? argument(arguments[i], what, dot)
                                          : validated(*last, what));
    if (failed())
      return {};
  }
  if (!spend_step())
    return {};
  const auto refuse = [&](const std::string& message) {
    at(at_node);
    fail("error calling " + name + ": " + message);
    return value{};
  };
  if (env_.denied(name))
    return refuse("function is disabled");
  if (receiver.what() == kind::pointer && !f.on_pointer) {
    const auto type = receiver.as_pointer().what->element->name;
    return refuse("value method " + type + "." + name + " called using nil *"
                  + type.substr(type.rfind('.') + 1) + " pointer");
  }
  const auto outcome = f.body({env_, values, receiver});
  if (!outcome)
    return refuse(outcome.error().context);
  if (!env_.spend_bytes(size_of(*outcome)))
    return refuse("values take more than "
                  + std::to_string(env_.options().bounds.value_bytes_max)
                  + " bytes");
  return f.returns_any ? outcome->box() : *outcome;
}

// -- arguments ---------------------------------------------------------------

value evaluator::argument(const operand& x, const type_ref& declared,
                          const value& dot) {
  at(x);
  switch (x.what) {
    case operand_kind::dot: return validated(dot, declared);
    case operand_kind::nil:
      if (!can_be_nil(*declared)) {
        fail("cannot assign nil to " + declared->name);
        return {};
      }
      return zero_of(declared).unbox();
    case operand_kind::field: {
      const auto found = evaluate_fields(dot, x.names, x, dot, {}, nullptr);
      return failed() ? value{} : validated(found, declared);
    }
    case operand_kind::variable: {
      auto found = get_variable(x.names[0]);
      if (!failed() && x.names.size() > 1)
        found = evaluate_fields(std::move(found), std::span{x.names}.subspan(1),
                                x, dot, {}, nullptr);
      return failed() ? value{} : validated(found, declared);
    }
    case operand_kind::pipeline: {
      const auto found = evaluate(*x.nested, dot);
      return failed() ? value{} : validated(found, declared);
    }
    case operand_kind::identifier: {
      const auto found = call_function(x, x, dot, {}, nullptr);
      return failed() ? value{} : validated(found, declared);
    }
    case operand_kind::chain: {
      const auto found = evaluate_chain(x, dot, {}, nullptr);
      return failed() ? value{} : validated(found, declared);
    }
    default: return adapted_constant(x, *declared);
  }
}

/// Gives a constant the type of a parameter.
value evaluator::adapted_constant(const operand& x, const type& declared) {
  const bool numeric = x.what == operand_kind::number;
  const auto expected = [&](const char* what) {
    fail("expected " + std::string{what} + "; found " + shown(x));
    return value{};
  };
  const auto what = declared.what;
  if (what == kind::any || what == kind::raw)
    return constant(x);
  if (what == kind::boolean)
    return x.what == operand_kind::boolean ? x.constant : expected("bool");
  if (what == kind::text)
    return x.what == operand_kind::string ? x.constant : expected("string");
  if (is_signed(what))
    return numeric && x.numeric.integer ? narrowed(*x.numeric.integer, what)
                                        : expected("integer");
  if (is_unsigned(what))
    return numeric && x.numeric.natural ? narrowed(*x.numeric.natural, what)
                                        : expected("unsigned integer");
  if (is_real(what))
    return numeric && x.numeric.real ? value::real(*x.numeric.real, what)
                                     : expected("float");
  if (what == kind::complex128)
    return numeric && x.numeric.complex ? value::complex(*x.numeric.complex)
                                        : expected("complex");
  fail("can't handle " + shown(x) + " for arg of type " + declared.name);
  return {};
}

/// Checks that a value may be passed for a parameter, unpacking it if needed.
value evaluator::validated(const value& x, const type_ref& declared) {
  if (!x.valid() && !x.boxed()) {
    if (can_be_nil(*declared))
      return zero_of(declared).unbox();
    fail("invalid value; expected " + declared->name);
    return {};
  }
  if (declared->what == kind::raw)
    return x;
  const auto content = x.unbox();
  if (declared->what == kind::any)
    return content;
  if (content.valid()) {
    const auto actual = type_of(content);
    if (assignable(*actual, *declared))
      return content;
    if (content.what() == kind::pointer
        && assignable(*actual->element, *declared)) {
      const auto& target = content.as_pointer().target;
      if (target)
        return *target;
      fail("dereference of nil pointer of type " + declared->name);
      return {};
    }
  }
  fail("wrong type for value; expected " + declared->name + "; got "
       + (content.valid() ? type_name(content) : "interface {}"));
  return {};
}

} // namespace praetor::templates
