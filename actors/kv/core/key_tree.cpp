#include "actors/kv/core/key_tree.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/mutant.hpp"

#include <algorithm>

namespace praetor::kv {

namespace {

std::size_t common_length(std::string_view a, std::string_view b) {
  const auto size = std::min(a.size(), b.size());
  std::size_t n = 0;
  while (n < size && a[n] == b[n])
    ++n;
  return n;
}

} // namespace

// Not recursive: clients decide how deep keys nest.
key_tree::node::~node() {
  auto doomed = std::move(children);
  while (!doomed.empty()) {
    const auto last = std::move(doomed.back());
    doomed.pop_back();
    std::move(last.at->children.begin(), last.at->children.end(),
              std::back_inserter(doomed));
    last.at->children.clear();
  }
}

key_tree::key_tree(std::size_t tombstones_max)
  : tombstones_max_{tombstones_max}, root_{std::make_unique<node>()} {}

// -- queries ------------------------------------------------------------------

const entry* key_tree::find(std::string_view key) const {
  const auto [n, depth] = below(key);
  return n != nullptr && depth == key.size() ? n->stored.get() : nullptr;
}

log_index key_tree::index_of(std::string_view prefix) const {
  const auto* n = below(prefix).first;
  return n == nullptr ? 0 : n->index;
}

void key_tree::visit(std::string_view prefix, const visitor& f) const {
  const auto [top, depth] = below(prefix);
  if (top == nullptr)
    return;
  auto path = std::string{prefix};
  path += std::string_view{top->label}.substr(top->label.size()
                                              - (depth - prefix.size()));
  if (top->stored && f(path, *top->stored) != 0)
    return;
  struct place {
    const node* at;
    std::size_t next = 0;
  };
  std::vector<place> stack{{top}};
  while (!stack.empty()) {
    auto& [at, next] = stack.back();
    if (next == at->children.size()) {
      path.resize(path.size() - at->label.size());
      stack.pop_back();
      continue;
    }
    const auto* n = at->children[next++].at.get();
    path += n->label;
    stack.push_back({n});
    const auto skip = n->stored ? f(path, *n->stored) : 0;
    // What shares the first `skip` bytes is below the nodes with longer paths.
    while (skip != 0 && !stack.empty() && path.size() >= skip) {
      path.resize(path.size() - stack.back().at->label.size());
      stack.pop_back();
    }
  }
}

std::pair<const key_tree::node*, std::size_t>
key_tree::below(std::string_view prefix) const {
  const auto* n = root_.get();
  auto rest = prefix;
  while (!rest.empty()) {
    n = child_of(*n, rest.front());
    if (n == nullptr)
      return {nullptr, 0};
    const auto common = common_length(n->label, rest);
    if (common == rest.size())
      return {n, prefix.size() + n->label.size() - common};
    if (common < n->label.size())
      return {nullptr, 0};
    rest.remove_prefix(common);
  }
  return {n, prefix.size()};
}

// -- changes ------------------------------------------------------------------

void key_tree::put(std::string_view key, entry x) {
  const auto index = x.modify_index;
  auto& n = reach(key);
  raise(key, index);
  if (n.stored)
    *n.stored = std::move(x);
  else
    n.stored = std::make_unique<entry>(std::move(x));
  tidy_up();
}

void key_tree::erase(std::string_view key, log_index index) {
  auto& n = reach(key);
  if (!mutant("F09")) // F09: a delete does not move the prefixes
    raise(key, index);
  n.stored.reset();
  bury(n, key);
}

void key_tree::erase_prefix(std::string_view prefix, log_index index,
                            const farewell& f) {
  auto any = false;
  visit(prefix, [&any, &f](const std::string& key, const entry& x) {
    f(key, x);
    any = true;
    return std::size_t{0};
  });
  if (!any)
    return;
  auto& n = reach(prefix);
  raise(prefix, index);
  // The floors below go with their nodes.
  std::vector<std::pair<node*, std::string>> todo;
  todo.emplace_back(&n, prefix);
  while (!todo.empty()) {
    const auto [at, path] = std::move(todo.back());
    todo.pop_back();
    set_floor(*at, path, false);
    for (const auto& c : at->children)
      todo.emplace_back(c.at.get(), path + c.at->label);
  }
  n.children.clear();
  n.stored.reset();
  bury(n, prefix);
}

/// Leaves the index of a node that lost its key as its floor.
void key_tree::bury(node& n, std::string_view path) {
  set_floor(n, path, n.index > explained_index(n));
  tidy_up();
  while (tombstones_.size() > tombstones_max_)
    evict_oldest();
}

void key_tree::evict_oldest() {
  const auto path = tombstones_.begin()->second;
  reach(path); // is no tombstone for the moment
  auto& gone = *way_.back().at;
  set_floor(gone, path, false);
  way_.pop_back();
  const auto [parent, depth] = way_.back();
  parent->children.erase(slot_of(*parent, gone.label.front()));
  const auto above = std::string_view{path}.substr(0, depth);
  set_floor(*parent, above, parent->index > explained_index(*parent));
  tidy_up();
}

/// Finds or makes the node with this path. Nodes on the way stop being
/// tombstones, as they are about to get children or a key.
key_tree::node& key_tree::reach(std::string_view path) {
  way_.clear();
  auto* n = root_.get();
  std::size_t depth = 0;
  while (true) {
    way_.push_back({n, depth});
    if (n->tombstone())
      tombstones_.erase({n->index, std::string{path.substr(0, depth)}});
    const auto rest = path.substr(depth);
    if (rest.empty())
      return *n;
    auto at = slot_of(*n, rest.front());
    if (at == n->children.end()
        || at->first != static_cast<unsigned char>(rest.front())) {
      auto leaf = std::make_unique<node>();
      leaf->label = rest;
      const auto first = static_cast<unsigned char>(rest.front());
      at = n->children.insert(at, child{first, std::move(leaf)});
    }
    const auto common = common_length(at->at->label, rest);
    if (common < at->at->label.size())
      split(*at, common);
    n = at->at.get();
    depth += common;
  }
}

/// Something changes at `path`, the last `reach`ed: no index on the way needs a
/// floor any more.
void key_tree::raise(std::string_view path, log_index index) {
  for (const auto [n, depth] : way_) {
    PRAETOR_ASSERT(n->index <= index);
    n->index = index;
    if (n->floor)
      changed_floors_.emplace(path.substr(0, depth));
    n->floor = false;
  }
}

void key_tree::set_floor(node& n, std::string_view path, bool on) {
  if (n.tombstone())
    tombstones_.erase({n.index, std::string{path}});
  if (n.floor != on || on)
    changed_floors_.emplace(path);
  n.floor = on;
  if (n.tombstone() && &n != root_.get())
    tombstones_.emplace(n.index, path);
}

/// Merges nodes on the way that have lost their reason into their only child.
void key_tree::tidy_up() {
  for (auto i = way_.size(); i > 1; --i) {
    auto& n = *way_[i - 1].at;
    if (n.stored || n.floor || n.children.size() != 1)
      continue;
    const auto only = std::move(n.children.front().at);
    n.label += only->label;
    n.stored = std::move(only->stored);
    n.index = only->index;
    n.floor = only->floor;
    n.children = std::move(only->children);
    only->children.clear();
  }
}

/// Puts a node in the middle of a child's edge.
void key_tree::split(child& c, std::size_t at) {
  auto upper = std::make_unique<node>();
  auto lower = std::move(c.at);
  upper->label = lower->label.substr(0, at);
  upper->index = lower->index;
  lower->label.erase(0, at);
  const auto first = static_cast<unsigned char>(lower->label.front());
  upper->children.push_back(child{first, std::move(lower)});
  c.at = std::move(upper);
}

/// Returns the child with this first byte, or where it would be.
std::vector<key_tree::child>::iterator key_tree::slot_of(node& parent,
                                                         char first) {
  return std::lower_bound(
    parent.children.begin(), parent.children.end(),
    static_cast<unsigned char>(first),
    [](const child& c, unsigned char x) { return c.first < x; });
}

const key_tree::node* key_tree::child_of(const node& parent, char first) {
  const auto x = static_cast<unsigned char>(first);
  const auto at = std::lower_bound(
    parent.children.begin(), parent.children.end(), x,
    [](const child& c, unsigned char y) { return c.first < y; });
  if (at == parent.children.end() || at->first != x)
    return nullptr;
  return at->at.get();
}

/// The index that a node has because of its key and its children.
log_index key_tree::explained_index(const node& n) {
  auto index = n.stored ? n.stored->modify_index : 0;
  for (const auto& c : n.children)
    index = std::max(index, c.at->index);
  return index;
}

// -- checkpoints --------------------------------------------------------------

std::vector<std::pair<std::string, std::optional<log_index>>>
key_tree::take_changed_floors() {
  std::vector<std::pair<std::string, std::optional<log_index>>> out;
  for (const auto& path : std::exchange(changed_floors_, {})) {
    const auto [n, depth] = below(path);
    if (n != nullptr && depth == path.size() && n->floor)
      out.emplace_back(path, n->index);
    else
      out.emplace_back(path, std::nullopt);
  }
  return out;
}

bool key_tree::load(std::string_view key, entry x) {
  auto& n = reach(key);
  if (n.stored)
    return false;
  n.stored = std::make_unique<entry>(std::move(x));
  for (const auto& s : way_)
    s.at->index = std::max(s.at->index, n.stored->modify_index);
  return true;
}

void key_tree::load_floor(std::string_view path, log_index index) {
  auto& n = reach(path);
  n.floor = true;
  for (const auto& s : way_)
    s.at->index = std::max(s.at->index, index);
  if (n.tombstone() && &n != root_.get())
    tombstones_.emplace(n.index, path);
}

void key_tree::check_invariants() const {
  std::set<std::pair<log_index, std::string>> tombstones;
  std::vector<std::pair<const node*, std::string>> todo;
  todo.emplace_back(root_.get(), "");
  while (!todo.empty()) {
    const auto [n, path] = std::move(todo.back());
    todo.pop_back();
    const auto explained = explained_index(*n);
    PRAETOR_ASSERT(n->index >= explained);
    PRAETOR_ASSERT(n->floor == (n->index > explained));
    if (n != root_.get()) {
      PRAETOR_ASSERT(!n->label.empty());
      PRAETOR_ASSERT(n->stored || n->floor || n->children.size() >= 2);
      if (n->tombstone())
        tombstones.emplace(n->index, path);
    }
    for (std::size_t i = 0; i < n->children.size(); ++i) {
      const auto& c = n->children[i];
      PRAETOR_ASSERT(c.first == static_cast<unsigned char>(c.at->label[0]));
      PRAETOR_ASSERT(i == 0 || n->children[i - 1].first < c.first);
      todo.emplace_back(c.at.get(), path + c.at->label);
    }
  }
  PRAETOR_ASSERT(tombstones == tombstones_);
}

} // namespace praetor::kv
