#include "actors/template/core/sprig.hpp"

#include <algorithm>

namespace praetor::templates::sprig {

namespace {

result<value> dict(const call& c) {
  const auto out = make_any_map();
  for (std::size_t i = 0; i < c.size(); i += 2)
    put(out, to_text(c[i]), i + 1 < c.size() ? c[i + 1] : value::text(""));
  return out;
}

result<value> get(const call& c) {
  const auto* found = find(c[0], c.text(1));
  return found == nullptr ? value::text("") : *found;
}

result<value> set(const call& c) {
  if (c[0].as_map().nil)
    return failure("assignment to entry in nil map");
  const auto done = put_member(c.env, c[0], c.text(1), c[2]);
  if (!done)
    return done.error();
  return c[0];
}

result<value> unset(const call& c) {
  c[0].as_map().entries.erase(c[1]);
  return c[0];
}

result<value> has_key(const call& c) {
  return value::boolean(find(c[0], c.text(1)) != nullptr);
}

result<value> pluck(const call& c) {
  std::vector<value> out;
  for (const auto& map : c.arguments.subspan(1))
    if (const auto* found = find(map, c.text(0)))
      out.push_back(*found);
  return make_any_list(std::move(out));
}

result<value> keys(const call& c) {
  std::vector<std::string> out;
  for (const auto& map : c.arguments)
    for (const auto& [key, x] : map.as_map().entries)
      out.push_back(key.as_text());
  return make_texts(std::move(out));
}

result<value> values(const call& c) {
  std::vector<value> out;
  for (const auto& [key, x] : c[0].as_map().entries)
    out.push_back(x);
  return make_any_list(std::move(out));
}

result<value> pick(const call& c) {
  const auto out = make_any_map();
  for (const auto& key : c.arguments.subspan(1))
    if (const auto* found = find(c[0], key.as_text()))
      put(out, key.as_text(), *found);
  return out;
}

result<value> omit(const call& c) {
  const auto out = make_any_map();
  out.as_map().entries = c[0].as_map().entries;
  for (const auto& key : c.arguments.subspan(1))
    out.as_map().entries.erase(key);
  return out;
}

result<value> merge_all(const call& c, bool override) {
  if (c[0].as_map().nil)
    return failure("assignment to entry in nil map");
  for (const auto& from : c.arguments.subspan(1)) {
    const auto done = merge_into(c.env, c[0], from, override);
    if (!done)
      return done.error();
  }
  return c[0];
}

result<value> merge(const call& c) {
  return merge_all(c, false);
}

result<value> merge_overwrite(const call& c) {
  return merge_all(c, true);
}

/// KEY... DEFAULT DICT
result<value> dig(const call& c) {
  if (c.size() < 3)
    return failure("dig needs at least three arguments");
  auto at = c[c.size() - 1];
  for (const auto& key : c.arguments.first(c.size() - 2)) {
    if (at.what() != kind::map || key.what() != kind::text)
      return failure("dig needs keys that are texts, and maps");
    const auto* found = find(at, key.as_text());
    if (found == nullptr)
      return c[c.size() - 2];
    at = value{*found};
  }
  return at;
}

/// Copies lists and maps, so that changes do not show in the original.
result<value> copied(environment& env, const value& x, int depth) {
  constexpr int depth_max = 100;
  if (depth > depth_max || !env.spend_steps(1)
      || !env.spend_bytes(sizeof(value)))
    return failure("value is too large");
  if (x.what() == kind::list) {
    std::vector<value> out;
    for (const auto& item : x.as_list().items) {
      auto copy = copied(env, item, depth + 1);
      if (!copy)
        return copy;
      out.push_back(std::move(*copy));
    }
    return make_list(x.as_list().what, std::move(out));
  }
  if (x.what() != kind::map)
    return x;
  const auto out = make_map(x.as_map().what);
  for (const auto& [key, member] : x.as_map().entries) {
    auto copy = copied(env, member, depth + 1);
    if (!copy)
      return copy;
    out.as_map().entries.emplace(key, std::move(*copy));
  }
  return out;
}

result<value> deep_copy(const call& c) {
  return copied(c.env, c[0], 0);
}

constexpr std::string_view merging =
  "func(map[string]interface {}, ...map[string]interface {}) "
  "interface {}";
constexpr std::string_view selection =
  "func(map[string]interface {}, ...string) map[string]interface {}";
constexpr std::string_view copying = "func(interface {}) interface {}";

constexpr function_row rows[] = {
  {"sprig_deepCopy", copying, deep_copy},
  {"sprig_dict", "func(...interface {}) map[string]interface {}", dict},
  {"sprig_dig", "func(...interface {}) (interface {}, error)", dig},
  {"sprig_get", "func(map[string]interface {}, string) interface {}", get},
  {"sprig_hasKey", "func(map[string]interface {}, string) bool", has_key},
  {"sprig_keys", "func(...map[string]interface {}) []string", keys},
  {"sprig_merge", merging, merge},
  {"sprig_mergeOverwrite", merging, merge_overwrite},
  {"sprig_mustDeepCopy", copying, deep_copy},
  {"sprig_mustMerge", merging, merge},
  {"sprig_mustMergeOverwrite", merging, merge_overwrite},
  {"sprig_omit", selection, omit},
  {"sprig_pick", selection, pick},
  {"sprig_pluck", "func(string, ...map[string]interface {}) []interface {}",
   pluck},
  {"sprig_set",
   "func(map[string]interface {}, string, interface {}) "
   "map[string]interface {}",
   set},
  {"sprig_unset",
   "func(map[string]interface {}, string) map[string]interface {}", unset},
  {"sprig_values", "func(map[string]interface {}) []interface {}", values},
};

} // namespace

std::span<const function_row> map_rows() {
  return rows;
}

} // namespace praetor::templates::sprig
