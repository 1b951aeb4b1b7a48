#include "actors/kv/core/draft.hpp"

#include <algorithm>
#include <utility>

namespace praetor::kv {

const entry* draft::find(std::string_view key) const {
  const auto at = changes_.keys.find(key);
  if (at != changes_.keys.end())
    return at->second ? &*at->second : nullptr;
  return in_erased_prefix(key) ? nullptr : base_.find(key);
}

void draft::put(std::string_view key, entry x) {
  changes_.keys.insert_or_assign(std::string{key}, std::move(x));
}

void draft::erase(std::string_view key) {
  changes_.keys.insert_or_assign(std::string{key}, std::nullopt);
}

void draft::erase_prefix(std::string_view prefix) {
  // Stay on the list, so that their indexes move although they are new.
  for (auto at = changes_.keys.lower_bound(prefix);
       at != changes_.keys.end() && at->first.starts_with(prefix); ++at)
    at->second.reset();
  changes_.erased_prefixes.emplace_back(prefix);
}

std::map<std::string, const entry*>
draft::below(std::string_view prefix) const {
  std::map<std::string, const entry*> out;
  base_.visit(prefix, [this, &out](const std::string& key, const entry& x) {
    if (!in_erased_prefix(key))
      out.emplace_hint(out.end(), key, &x);
    return std::size_t{0};
  });
  for (auto at = changes_.keys.lower_bound(prefix);
       at != changes_.keys.end() && at->first.starts_with(prefix); ++at) {
    if (at->second)
      out[at->first] = &*at->second;
    else
      out.erase(at->first);
  }
  return out;
}

bool draft::in_erased_prefix(std::string_view key) const {
  return std::any_of(
    changes_.erased_prefixes.begin(), changes_.erased_prefixes.end(),
    [key](const std::string& prefix) { return key.starts_with(prefix); });
}

} // namespace praetor::kv
