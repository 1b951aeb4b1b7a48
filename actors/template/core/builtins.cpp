// The functions that Go's templates always have.
//
// Source: Go 1.19, text/template/funcs.go.

#include "actors/template/core/compare.hpp"
#include "actors/template/core/format.hpp"
#include "actors/template/core/function.hpp"
#include "actors/template/core/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace praetor::templates {

namespace {

// -- logic -------------------------------------------------------------------

/// `and` and `or` are carried out by the evaluator, which stops at the answer;
/// this runs when they are called as function values.
result<value> last_of(const call& c) {
  return c[c.size() - 1];
}

result<value> negate(const call& c) {
  return value::boolean(!is_true(c[0]));
}

// -- comparison --------------------------------------------------------------

result<value> eq(const call& c) {
  if (c.size() < 2)
    return failure("missing argument for comparison");
  for (std::size_t i = 1; i < c.size(); ++i) {
    const auto same = equal(c[0], c[i]);
    if (!same)
      return same.error();
    if (*same)
      return value::boolean(true);
  }
  return value::boolean(false);
}

result<value> ne(const call& c) {
  const auto same = equal(c[0], c[1]);
  if (!same)
    return same.error();
  return value::boolean(!*same);
}

result<value> lt(const call& c) {
  const auto x = less(c[0], c[1]);
  if (!x)
    return x.error();
  return value::boolean(*x);
}

result<value> le(const call& c) {
  const auto x = less(c[0], c[1]);
  if (!x || *x)
    return lt(c);
  const auto same = equal(c[0], c[1]);
  if (!same)
    return same.error();
  return value::boolean(*same);
}

result<value> inverted(const result<value>& x) {
  if (!x)
    return x;
  return value::boolean(!x->as_boolean());
}

result<value> gt(const call& c) {
  return inverted(le(c));
}

result<value> ge(const call& c) {
  return inverted(lt(c));
}

// -- parts of values ---------------------------------------------------------

result<value> length(const call& c) {
  if (!c[0].valid() && !c[0].boxed())
    return failure("reflect: call of reflect.Value.Type on zero Value");
  const auto [x, nil] = indirect(c[0]);
  if (nil)
    return failure("len of nil pointer");
  std::size_t size = 0;
  switch (x.what()) {
    case kind::text: size = x.as_text().size(); break;
    case kind::list: size = x.as_list().items.size(); break;
    case kind::map: size = x.as_map().entries.size(); break;
    case kind::channel: break; // they hold nothing back
    default: return failure("len of type " + type_name(x));
  }
  return value::integer(static_cast<std::int64_t>(size));
}

result<std::size_t> index_argument(const value& boxed, std::size_t most) {
  const auto x = boxed.unbox();
  if (!x.valid())
    return failure("cannot index slice/array with nil");
  if (!is_integer(x.what()))
    return failure("cannot index slice/array with type " + type_name(x));
  const auto at = is_signed(x.what())
                    ? x.as_integer()
                    : static_cast<std::int64_t>(x.as_natural());
  if (at < 0 || static_cast<std::uint64_t>(at) > most)
    return failure("index out of range: " + std::to_string(at));
  return static_cast<std::size_t>(at);
}

/// Makes an argument fit a declared type, integers by conversion.
result<value> prepared(const value& boxed, const type_ref& declared) {
  const auto x = boxed.unbox();
  if (!x.valid()) {
    if (!can_be_nil(*declared))
      return failure("value is nil; should be of type " + declared->name);
    return zero_of(declared).unbox();
  }
  if (assignable(*type_of(x), *declared))
    return x;
  if (is_integer(x.what()) && is_integer(declared->what)) {
    const auto bits = is_signed(x.what())
                        ? static_cast<std::uint64_t>(x.as_integer())
                        : x.as_natural();
    if (is_signed(declared->what))
      return value::integer(static_cast<std::int64_t>(bits), declared->what);
    return value::natural(bits, declared->what);
  }
  return failure("value has type " + type_name(x) + "; should be "
                 + declared->name);
}

result<value> element_at(const value& x, const value& index) {
  if (x.what() == kind::map) {
    const auto& map = x.as_map();
    const auto key = prepared(index, map.what->key);
    if (!key)
      return key.error();
    const auto found = map.entries.find(*key);
    if (found == map.entries.end())
      return zero_of(map.what->element);
    return element_of(*map.what->element, found->second);
  }
  if (x.what() != kind::list && x.what() != kind::text)
    return failure("can't index item of type " + type_name(x));
  const bool text = x.what() == kind::text;
  const auto size = text ? x.as_text().size() : x.as_list().items.size();
  const auto at = index_argument(index, size);
  if (!at)
    return at.error();
  if (*at == size)
    return failure(text ? "reflect: string index out of range"
                        : "reflect: slice index out of range");
  if (text)
    return value::natural(static_cast<unsigned char>(x.as_text()[*at]),
                          kind::uint8);
  return element_of(*x.as_list().what->element, x.as_list().items[*at]);
}

result<value> index(const call& c) {
  auto x = c[0].unbox();
  if (!x.valid())
    return failure("index of untyped nil");
  for (std::size_t i = 1; i < c.size(); ++i) {
    const auto [end, nil] = indirect(x);
    if (nil)
      return failure("index of nil pointer");
    auto found = element_at(end, c[i]);
    if (!found)
      return found;
    x = std::move(*found);
  }
  return x;
}

result<value> slice(const call& c) {
  const auto x = c[0].unbox();
  const auto count = c.size() - 1;
  if (!x.valid())
    return failure("slice of untyped nil");
  if (count > 3)
    return failure("too many slice indexes: " + std::to_string(count));
  const bool text = x.what() == kind::text;
  if (text && count == 3)
    return failure("cannot 3-index slice a string");
  if (!text && x.what() != kind::list)
    return failure("can't slice item of type " + type_name(x));
  const auto size = text ? x.as_text().size() : x.as_list().items.size();
  std::array<std::size_t, 3> at{0, size, size};
  for (std::size_t i = 0; i < count; ++i) {
    const auto given = index_argument(c[i + 1], size);
    if (!given)
      return given.error();
    at[i] = *given;
  }
  for (std::size_t i = 0; i + 1 < std::max<std::size_t>(count, 2); ++i)
    if (at[i] > at[i + 1])
      return failure("invalid slice index: " + std::to_string(at[i]) + " > "
                     + std::to_string(at[i + 1]));
  if (text)
    return value::text(x.as_text().substr(at[0], at[1] - at[0]));
  const auto begin = x.as_list().items.begin();
  return make_list(x.as_list().what,
                   {begin + static_cast<std::ptrdiff_t>(at[0]),
                    begin + static_cast<std::ptrdiff_t>(at[1])});
}

result<value> call_value(const call& c) {
  const auto x = c[0].unbox();
  if (!x.valid())
    return failure("call of nil");
  if (x.what() != kind::function)
    return failure("non-function of type " + type_name(x));
  const auto& f = x.as_function();
  const auto given = c.arguments.subspan(1);
  const auto declared = f.parameters.size();
  if (f.variadic ? given.size() + 1 < declared : given.size() != declared)
    return failure("wrong number of args: got " + std::to_string(given.size())
                   + " want " + (f.variadic ? "at least " : "")
                   + std::to_string(declared - (f.variadic ? 1 : 0)));
  std::vector<value> values;
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto x_i = prepared(given[i], f.parameters[std::min(i, declared - 1)]);
    if (!x_i)
      return failure("arg " + std::to_string(i) + ": " + x_i.error().context);
    values.push_back(std::move(*x_i));
  }
  return f.body({c.env, values, {}});
}

// -- texts -------------------------------------------------------------------

result<value> print_function(const call& c) {
  return value::text(print(c.arguments));
}

result<value> printf_function(const call& c) {
  return value::text(print_formatted(c.text(0), c.arguments.subspan(1)));
}

result<value> println_function(const call& c) {
  return value::text(print_line(c.arguments));
}

/// What the escaping functions work on: the text that `print` would print.
std::string printed(const call& c) {
  if (c.size() == 1 && c[0].what() == kind::text)
    return c.text(0);
  std::vector<value> shown;
  for (const auto& x : c.arguments)
    shown.push_back(is_printable(x) ? printable(x) : x);
  return print(shown);
}

result<value> html(const call& c) {
  std::string out;
  for (const auto x : printed(c)) {
    switch (x) {
      case '\0': append_rune(out, replacement_rune); break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += x; break;
    }
  }
  return value::text(std::move(out));
}

result<value> js(const call& c) {
  const auto text = printed(c);
  std::string_view rest = text;
  std::string out;
  while (!rest.empty()) {
    const auto x = first_rune(rest);
    constexpr std::string_view backslashed = "\\'\"";
    constexpr std::u32string_view escaped = U"<>&=";
    if (x.rune < 0x80 && backslashed.find(rest[0]) != std::string_view::npos) {
      out += {'\\', rest[0]};
    } else if (escaped.find(x.rune) != std::u32string_view::npos
               || !is_printable(x.rune)) {
      char buffer[16];
      std::snprintf(buffer, sizeof buffer, "\\u%04X",
                    static_cast<unsigned>(x.rune));
      out += buffer;
    } else {
      out += rest.substr(0, x.size);
    }
    rest.remove_prefix(x.size);
  }
  return value::text(std::move(out));
}

result<value> urlquery(const call& c) {
  std::string out;
  for (const auto x : printed(c)) {
    const auto byte = static_cast<unsigned char>(x);
    constexpr std::string_view kept = "-_.~";
    if (byte < 0x80
        && (is_letter(byte) || is_digit(byte)
            || kept.find(x) != std::string_view::npos)) {
      out += x;
    } else if (x == ' ') {
      out += '+';
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      out += {'%', digits[byte >> 4U], digits[byte & 0xFU]};
    }
  }
  return value::text(std::move(out));
}

constexpr function_row rows[] = {
  {"and", "func(reflect.Value, ...reflect.Value) reflect.Value", last_of},
  {"call", "func(reflect.Value, ...reflect.Value) (reflect.Value, error)",
   call_value},
  {"eq", "func(reflect.Value, ...reflect.Value) (bool, error)", eq},
  {"ge", "func(reflect.Value, reflect.Value) (bool, error)", ge},
  {"gt", "func(reflect.Value, reflect.Value) (bool, error)", gt},
  {"html", "func(...interface {}) string", html},
  {"index", "func(reflect.Value, ...reflect.Value) (reflect.Value, error)",
   index},
  {"js", "func(...interface {}) string", js},
  {"le", "func(reflect.Value, reflect.Value) (bool, error)", le},
  {"len", "func(reflect.Value) (int, error)", length},
  {"lt", "func(reflect.Value, reflect.Value) (bool, error)", lt},
  {"ne", "func(reflect.Value, reflect.Value) (bool, error)", ne},
  {"not", "func(reflect.Value) bool", negate},
  {"or", "func(reflect.Value, ...reflect.Value) reflect.Value", last_of},
  {"print", "func(...interface {}) string", print_function},
  {"printf", "func(string, ...interface {}) string", printf_function},
  {"println", "func(...interface {}) string", println_function},
  {"slice", "func(reflect.Value, ...reflect.Value) (reflect.Value, error)",
   slice},
  {"urlquery", "func(...interface {}) string", urlquery},
};

} // namespace

const function_table& builtin_functions() {
  static const auto table = [] {
    function_table out;
    add_functions(out, rows);
    out.at("and").lazy = true;
    out.at("or").lazy = true;
    return out;
  }();
  return table;
}

} // namespace praetor::templates
