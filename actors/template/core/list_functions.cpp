// Functions on lists and maps: grouping, membership, merging.

#include "actors/template/core/compare.hpp"
#include "actors/template/core/consul_types.hpp"
#include "actors/template/core/format.hpp"
#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"

#include <algorithm>

namespace praetor::templates {

namespace {

/// Whether a map can be reached from a value. Counts its steps down; says yes
/// if there are too many, or if the value nests too deeply to tell.
bool reaches(const value& x, const map& m, std::size_t& steps, int depth) {
  constexpr int depth_max = 100;
  if (steps == 0 || depth > depth_max)
    return true;
  --steps;
  if (x.what() == kind::map) {
    if (&x.as_map() == &m)
      return true;
    for (const auto& [key, inside] : x.as_map().entries)
      if (reaches(inside, m, steps, depth + 1))
        return true;
  } else if (x.what() == kind::list) {
    for (const auto& inside : x.as_list().items)
      if (reaches(inside, m, steps, depth + 1))
        return true;
  }
  return false; // records come from Consul and hold no such map
}

const type_ref& group_type() {
  static const auto x = type_named("map[string][]interface {}");
  return x;
}

/// Groups of a list, in the order of their keys.
using groups = std::map<std::string, std::vector<value>>;

value to_value(groups found) {
  const auto out = make_map(group_type());
  for (auto& [name, items] : found)
    put(out, name, make_any_list(std::move(items)));
  return out;
}

// -- grouping ----------------------------------------------------------------

/// "es/a" and "es/b" become {"es": {"a": ..., "b": ...}}.
result<value> by_key(const call& c) {
  static const auto inner = type_named("map[string]*dependency.KeyPair");
  static const auto outer =
    type_named("map[string]map[string]*dependency.KeyPair");
  const auto out = make_map(outer);
  for (const auto& pair : c[0].as_list().items) {
    const auto& key = field_of(pair, "Key")->as_text();
    const auto slash = key.find('/');
    if (slash == std::string::npos || slash + 1 == key.size())
      continue;
    const auto top = key.substr(0, slash);
    auto rest = key.substr(slash + 1);
    auto fields = pair.as_pointer().target->as_record().fields;
    fields[1] = value::text(rest);
    if (find(out, top) == nullptr)
      put(out, top, make_map(inner));
    put(*find(out, top), rest,
        make_pointer(make_record(key_pair_types().record, std::move(fields)),
                     key_pair_types().pointer));
  }
  return out;
}

result<value> by_tag(const call& c) {
  const auto& x = c[0];
  if (!x.valid())
    return to_value({});
  if (x.what() != kind::list)
    return failure("byTag: wrong argument type " + type_name(x));
  groups found;
  for (const auto& item : x.as_list().items) {
    const auto* tags = field_of(item, "Tags");
    if (tags == nullptr)
      return failure("byTag: wrong argument type " + type_name(x));
    for (const auto& tag : tags->as_list().items)
      found[tag.as_text()].push_back(item);
  }
  return to_value(std::move(found));
}

std::string name_safe(std::string text) {
  for (auto& c : text)
    if (!is_letter(static_cast<unsigned char>(c) & 0x7FU)
        && !is_digit(static_cast<unsigned char>(c) & 0x7FU) && c != '_'
        && c != '-')
      c = '_';
    else if (static_cast<unsigned char>(c) >= 0x80)
      c = '_';
  return text;
}

/// What one key of the metadata adds to the name of a group.
result<std::string> meta_part(const value& service, const std::string& key) {
  const bool number = key.ends_with("|int");
  const auto name = number ? key.substr(0, key.size() - 4) : key;
  const auto* meta = field_of(service, "ServiceMeta");
  const auto* found = meta == nullptr ? nullptr : find(*meta, name);
  if (!number)
    return found == nullptr ? "_no_" + name + "_" : name_safe(found->as_text());
  const auto x =
    found == nullptr ? parsed_integer{} : read_integer(found->as_text(), 10);
  if (x.flaw)
    return failure("byMeta: "
                   + flaw_text("ParseInt", found->as_text(), *x.flaw));
  const value digits[] = {value::integer(x.value)};
  return print_formatted("%05d", digits);
}

result<value> by_meta(const call& c) {
  const auto keys = split_text(c.text(0), ",");
  groups found;
  for (const auto& service : c[1].as_list().items) {
    std::string name;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto part = meta_part(service, std::string{trim_space(keys[i])});
      if (!part)
        return part.error();
      name += (i == 0 ? "" : "_") + *part;
    }
    found[name].push_back(service);
  }
  static const auto what = type_named("map[string][]*dependency.HealthService");
  const auto out = make_map(what);
  for (auto& [name, items] : found)
    put(out, name, make_list(health_service_types().list, std::move(items)));
  return out;
}

result<value> by_port(const call& c) {
  static const auto what = type_named("map[int][]*dependency.HealthService");
  std::map<std::int64_t, std::vector<value>> found;
  for (const auto& service : c[0].as_list().items)
    found[field_of(service, "Port")->as_integer()].push_back(service);
  const auto out = make_map(what);
  for (auto& [port, items] : found)
    out.as_map().entries[value::integer(port)] =
      make_list(health_service_types().list, std::move(items));
  return out;
}

// -- membership --------------------------------------------------------------

bool same_element(const value& a, const value& b) {
  if (is_signed(a.what()) && is_signed(b.what()))
    return a.as_integer() == b.as_integer();
  if (is_unsigned(a.what()) && is_unsigned(b.what()))
    return a.as_natural() == b.as_natural();
  if (is_real(a.what()) && is_real(b.what()))
    return a.as_real() == b.as_real();
  return a.what() == kind::text && b.what() == kind::text
         && a.as_text() == b.as_text();
}

bool contains_value(const value& list, const value& x) {
  if (list.what() == kind::text)
    return x.what() == kind::text
           && list.as_text().find(x.as_text()) != std::string::npos;
  if (list.what() != kind::list)
    return false;
  const auto& items = list.as_list().items;
  return std::any_of(items.begin(), items.end(),
                     [&x](const value& item) { return same_element(item, x); });
}

result<value> in(const call& c) {
  return value::boolean(contains_value(c[0], c[1]));
}

result<value> contains(const call& c) {
  return value::boolean(contains_value(c[1], c[0]));
}

bool all_wanted(const call& c) {
  const auto& wanted = c[0].as_list().items;
  return std::all_of(wanted.begin(), wanted.end(),
                     [&c](const value& x) { return contains_value(c[1], x); });
}

bool any_wanted(const call& c) {
  const auto& wanted = c[0].as_list().items;
  return std::any_of(wanted.begin(), wanted.end(),
                     [&c](const value& x) { return contains_value(c[1], x); });
}

result<value> contains_all(const call& c) {
  return value::boolean(all_wanted(c));
}

result<value> contains_not_all(const call& c) {
  return value::boolean(!all_wanted(c));
}

result<value> contains_any(const call& c) {
  return value::boolean(any_wanted(c));
}

result<value> contains_none(const call& c) {
  return value::boolean(!any_wanted(c));
}

// -- maps --------------------------------------------------------------------

/// Stores `x` under a path with slashes, making maps on the way.
status explode_into(const value& root, std::string_view path, const value& x) {
  auto at = root;
  auto before = path; // the original says the path one step above
  while (path.find('/') != std::string_view::npos) {
    const auto slash = path.find('/');
    const std::string top{path.substr(0, slash)};
    if (find(at, top) == nullptr)
      put(at, top, make_any_map());
    const auto next = *find(at, top);
    if (next.what() != kind::map) {
      std::string shown;
      print_value(shown, next);
      return failure("explode: not a map: " + quote(before) + ": " + quote(top)
                     + " already has value " + quote(shown));
    }
    before = path;
    path.remove_prefix(slash + 1);
    at = next;
  }
  if (!path.empty())
    put(at, std::string{path}, x);
  return ok;
}

result<value> explode(const call& c) {
  const auto out = make_any_map();
  for (const auto& pair : c[0].as_list().items) {
    const auto done = explode_into(out, field_of(pair, "Key")->as_text(),
                                   *field_of(pair, "Value"));
    if (!done)
      return done.error();
  }
  return out;
}

result<value> explode_map(const call& c) {
  const auto out = make_any_map();
  for (const auto& [key, x] : c[0].as_map().entries) {
    const auto done = explode_into(out, key.as_text(), x);
    if (!done)
      return done.error();
  }
  return out;
}

result<value> merge_maps(const call& c, bool override) {
  auto to = c[0];
  if (to.as_map().nil)
    to = make_any_map();
  const auto done = merge_into(c.env, to, c[1], override);
  if (!done)
    return done.error();
  return to;
}

result<value> merge_map(const call& c) {
  return merge_maps(c, false);
}

result<value> merge_map_with_override(const call& c) {
  return merge_maps(c, true);
}

result<value> split_to_map(const call& c) {
  const auto out = make_any_map();
  for (const auto& item : split_text(trim_space(c.text(2)), c.text(0))) {
    const auto at = item.find(c.text(1));
    if (at != std::string::npos)
      put(out, item.substr(0, at),
          value::text(item.substr(at + c.text(1).size())));
  }
  return out;
}

// -- counting ----------------------------------------------------------------

result<value> loop(const call& c) {
  if (c.size() != 1 && c.size() != 2)
    return failure("loop: wrong number of arguments, expected 1 or 2, but got "
                   + std::to_string(c.size()));
  static const auto what = type_named("<-chan int64");
  auto x = std::make_shared<channel>();
  x->what = what;
  x->next = c.size() == 1 ? 0 : c[0].as_integer();
  x->stop = c[c.size() - 1].as_integer();
  return value::of(std::move(x));
}

constexpr std::string_view membership =
  "func(interface {}, interface {}) (bool, error)";
constexpr std::string_view memberships =
  "func([]interface {}, interface {}) (bool, error)";
constexpr std::string_view merging =
  "func(map[string]interface {}, map[string]interface {}) "
  "(map[string]interface {}, error)";

constexpr function_row rows[] = {
  {"byKey",
   "func([]*dependency.KeyPair) "
   "(map[string]map[string]*dependency.KeyPair, error)",
   by_key},
  {"byMeta",
   "func(string, []*dependency.HealthService) "
   "(map[string][]*dependency.HealthService, error)",
   by_meta},
  {"byPort",
   "func([]*dependency.HealthService) "
   "(map[int][]*dependency.HealthService, error)",
   by_port},
  {"byTag", "func(interface {}) (map[string][]interface {}, error)", by_tag},
  {"contains", membership, contains},
  {"containsAll", memberships, contains_all},
  {"containsAny", memberships, contains_any},
  {"containsNone", memberships, contains_none},
  {"containsNotAll", memberships, contains_not_all},
  {"explode", "func([]*dependency.KeyPair) (map[string]interface {}, error)",
   explode},
  {"explodeMap",
   "func(map[string]interface {}) (map[string]interface {}, error)",
   explode_map},
  {"in", membership, in},
  {"loop", "func(...int64) (<-chan int64, error)", loop},
  {"mergeMap", merging, merge_map},
  {"mergeMapWithOverride", merging, merge_map_with_override},
  {"splitToMap",
   "func(string, string, string) (map[string]interface {}, error)",
   split_to_map},
};

} // namespace

status merge_into(environment& env, const value& to, const value& from,
                  bool override, int depth) {
  constexpr int depth_max = 100;
  if (depth > depth_max)
    return failure("maps nest too deeply");
  const auto members = from.as_map().entries; // `from` may be `to`
  for (const auto& [key, x] : members) {
    if (!env.spend_steps(1))
      return failure("maps are too large");
    const auto* there = find(to, key.as_text());
    if (there != nullptr && there->what() == kind::map
        && x.what() == kind::map) {
      const auto done = merge_into(env, value{*there}, x, override, depth + 1);
      if (!done)
        return done;
      continue;
    }
    const bool wanted =
      there == nullptr || !is_true(*there) || (override && is_true(x));
    if (!wanted)
      continue;
    if (const auto done = put_member(env, to, key.as_text(), x); !done)
      return done;
  }
  return ok;
}

status put_member(environment& env, const value& m, const std::string& key,
                  const value& x) {
  constexpr std::size_t looked_at_max = 1'000'000;
  auto steps = looked_at_max;
  if (reaches(x, m.as_map(), steps, 0))
    return failure("a map cannot contain itself");
  if (!env.spend_steps(looked_at_max - steps) || !env.spend_bytes(sizeof x))
    return failure("values are too large");
  put(m, key, x);
  return ok;
}

std::span<const function_row> list_rows() {
  return rows;
}

} // namespace praetor::templates
