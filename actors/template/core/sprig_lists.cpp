#include "actors/template/core/compare.hpp"
#include "actors/template/core/sprig.hpp"

#include <algorithm>

namespace praetor::templates::sprig {

bool is_empty(const value& x) {
  return x.what() != kind::record && !is_true(x);
}

result<std::vector<value>> items_of(const value& x, std::string_view function) {
  if (x.what() == kind::list)
    return x.as_list().items;
  return failure("Cannot " + std::string{function} + " on type "
                 + (x.valid() ? type_name(x) : "invalid"));
}

namespace {

using items = std::vector<value>;

result<value> list(const call& c) {
  return make_any_list({c.arguments.begin(), c.arguments.end()});
}

// -- ends --------------------------------------------------------------------

result<value> first(const call& c) {
  const auto found = items_of(c[0], "find first");
  if (!found)
    return found.error();
  return found->empty() ? value{} : found->front();
}

result<value> last(const call& c) {
  const auto found = items_of(c[0], "find last");
  if (!found)
    return found.error();
  return found->empty() ? value{} : found->back();
}

result<value> rest(const call& c) {
  auto found = items_of(c[0], "find rest");
  if (!found)
    return found.error();
  if (!found->empty())
    found->erase(found->begin());
  return make_any_list(std::move(*found));
}

result<value> initial(const call& c) {
  auto found = items_of(c[0], "find initial");
  if (!found)
    return found.error();
  if (!found->empty())
    found->pop_back();
  return make_any_list(std::move(*found));
}

result<value> append(const call& c) {
  auto found = items_of(c[0], "push");
  if (!found)
    return found.error();
  found->push_back(c[1]);
  return make_any_list(std::move(*found));
}

result<value> prepend(const call& c) {
  auto found = items_of(c[0], "prepend");
  if (!found)
    return found.error();
  found->insert(found->begin(), c[1]);
  return make_any_list(std::move(*found));
}

// -- all items ---------------------------------------------------------------

result<value> reverse(const call& c) {
  auto found = items_of(c[0], "find reverse");
  if (!found)
    return found.error();
  std::reverse(found->begin(), found->end());
  return make_any_list(std::move(*found));
}

result<value> compact(const call& c) {
  auto found = items_of(c[0], "compact");
  if (!found)
    return found.error();
  std::erase_if(*found, is_empty);
  return make_any_list(std::move(*found));
}

/// Whether a list has an item; gives up when the work gets too much.
result<bool> has_item(environment& env, const items& all, const value& x) {
  constexpr std::size_t steps_max = 1'000'000;
  auto steps = steps_max;
  bool found = false;
  for (const auto& item : all)
    if ((found = deep_equal(item, x, steps)))
      break;
  if (steps == 0 || !env.spend_steps(steps_max - steps))
    return failure("lists are too large");
  return found;
}

result<value> uniq(const call& c) {
  const auto found = items_of(c[0], "find uniq");
  if (!found)
    return found.error();
  items out;
  for (const auto& x : *found) {
    const auto known = has_item(c.env, out, x);
    if (!known)
      return known.error();
    if (!*known)
      out.push_back(x);
  }
  return make_any_list(std::move(out));
}

result<value> without(const call& c) {
  const auto found = items_of(c[0], "find without");
  if (!found)
    return found.error();
  const items unwanted{c.arguments.begin() + 1, c.arguments.end()};
  items out;
  for (const auto& x : *found) {
    const auto drop = has_item(c.env, unwanted, x);
    if (!drop)
      return drop.error();
    if (!*drop)
      out.push_back(x);
  }
  return make_any_list(std::move(out));
}

result<value> has(const call& c) {
  if (!c[1].valid())
    return value::boolean(false);
  const auto found = items_of(c[1], "find has");
  if (!found)
    return found.error();
  const auto known = has_item(c.env, *found, c[0]);
  if (!known)
    return known.error();
  return value::boolean(*known);
}

result<value> concat(const call& c) {
  items out;
  for (const auto& x : c.arguments) {
    const auto found = items_of(x, "concat type");
    if (!found)
      return found.error();
    if (!c.env.spend_bytes(found->size() * sizeof(value)))
      return failure("lists are too large");
    out.insert(out.end(), found->begin(), found->end());
  }
  return make_any_list(std::move(out));
}

// -- parts -------------------------------------------------------------------

result<value> slice(const call& c) {
  const auto found = items_of(c[0], "slice");
  if (!found)
    return found.error();
  const auto size = static_cast<std::int64_t>(found->size());
  if (size == 0)
    return value{};
  const auto start = c.size() > 1 ? to_integer(c[1]) : 0;
  const auto end = c.size() > 2 ? to_integer(c[2]) : size;
  if (start < 0 || end > size || start > end)
    return failure("reflect.Value.Slice: slice index out of bounds");
  return make_list(c[0].as_list().what,
                   {found->begin() + static_cast<std::ptrdiff_t>(start),
                    found->begin() + static_cast<std::ptrdiff_t>(end)});
}

result<value> chunk(const call& c) {
  static const auto what = type_named("[][]interface {}");
  const auto found = items_of(c[1], "chunk type");
  if (!found)
    return found.error();
  const auto size = c[0].as_integer();
  if (size <= 0)
    return failure("runtime error: integer divide by zero");
  items out;
  items part;
  for (const auto& x : *found) {
    part.push_back(x);
    if (static_cast<std::int64_t>(part.size()) == size)
      out.push_back(make_any_list(std::exchange(part, {})));
  }
  if (!part.empty())
    out.push_back(make_any_list(std::move(part)));
  return make_list(what, std::move(out));
}

// -- conditions --------------------------------------------------------------

result<value> coalesce(const call& c) {
  for (const auto& x : c.arguments)
    if (!is_empty(x))
      return x;
  return value{};
}

result<value> all(const call& c) {
  return value::boolean(
    std::none_of(c.arguments.begin(), c.arguments.end(), is_empty));
}

result<value> any(const call& c) {
  return value::boolean(
    !std::all_of(c.arguments.begin(), c.arguments.end(), is_empty));
}

constexpr std::string_view list_to_any = "func(interface {}) interface {}";
constexpr std::string_view list_to_list = "func(interface {}) []interface {}";
constexpr std::string_view list_and_any =
  "func(interface {}, interface {}) []interface {}";
constexpr std::string_view any_to_list = "func(...interface {}) []interface {}";
constexpr std::string_view list_and_many =
  "func(interface {}, ...interface {}) []interface {}";
constexpr std::string_view list_part =
  "func(interface {}, ...interface {}) interface {}";
constexpr std::string_view chunks = "func(int, interface {}) [][]interface {}";
constexpr std::string_view membership = "func(interface {}, interface {}) bool";

constexpr function_row rows[] = {
  {"sprig_all", "func(...interface {}) bool", all},
  {"sprig_any", "func(...interface {}) bool", any},
  {"sprig_append", list_and_any, append},
  {"sprig_chunk", chunks, chunk},
  {"sprig_coalesce", "func(...interface {}) interface {}", coalesce},
  {"sprig_compact", list_to_list, compact},
  {"sprig_concat", "func(...interface {}) interface {}", concat},
  {"sprig_first", list_to_any, first},
  {"sprig_has", membership, has},
  {"sprig_initial", list_to_list, initial},
  {"sprig_last", list_to_any, last},
  {"sprig_list", any_to_list, list},
  {"sprig_mustAppend", list_and_any, append},
  {"sprig_mustChunk", chunks, chunk},
  {"sprig_mustCompact", list_to_list, compact},
  {"sprig_mustFirst", list_to_any, first},
  {"sprig_mustHas", membership, has},
  {"sprig_mustInitial", list_to_list, initial},
  {"sprig_mustLast", list_to_any, last},
  {"sprig_mustPrepend", list_and_any, prepend},
  {"sprig_mustPush", list_and_any, append},
  {"sprig_mustRest", list_to_list, rest},
  {"sprig_mustReverse", list_to_list, reverse},
  {"sprig_mustSlice", list_part, slice},
  {"sprig_mustUniq", list_to_list, uniq},
  {"sprig_mustWithout", list_and_many, without},
  {"sprig_prepend", list_and_any, prepend},
  {"sprig_push", list_and_any, append},
  {"sprig_rest", list_to_list, rest},
  {"sprig_reverse", list_to_list, reverse},
  {"sprig_slice", list_part, slice},
  {"sprig_tuple", any_to_list, list},
  {"sprig_uniq", list_to_list, uniq},
  {"sprig_without", list_and_many, without},
};

} // namespace

std::span<const function_row> list_rows() {
  return rows;
}

} // namespace praetor::templates::sprig
