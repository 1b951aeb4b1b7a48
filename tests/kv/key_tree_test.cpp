// Goal: the tree holds what a map would hold, and knows the index of each
// prefix as the contract defines it.
// Method: random operations over all keys of up to three letters out of two, so
// that nodes split, merge and bury each other all the time. After each one,
// every prefix is compared with a model that scans lists. A second tree is
// restored from the first one's rows and must agree.

#include "actors/kv/core/key_tree.hpp"

#include "runtime/base/rng.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::kv;

namespace {

/// Keys and tombstones as plain lists.
struct model {
  std::map<std::string, log_index> keys;
  std::map<std::string, log_index> tombstones;

  static void erase_below(std::map<std::string, log_index>& from,
                          const std::string& prefix) {
    std::erase_if(from,
                  [&](const auto& x) { return x.first.starts_with(prefix); });
  }

  void put(const std::string& key, log_index index) { keys[key] = index; }

  void erase(const std::string& key, log_index index) {
    keys.erase(key);
    tombstones[key] = index;
  }

  void erase_prefix(const std::string& prefix, log_index index) {
    if (list(prefix).empty())
      return;
    erase_below(keys, prefix);
    erase_below(tombstones, prefix);
    tombstones[prefix] = index;
  }

  std::vector<std::string> list(const std::string& prefix) const {
    std::vector<std::string> out;
    for (const auto& [key, index] : keys)
      if (key.starts_with(prefix))
        out.push_back(key);
    return out;
  }

  log_index index_of(const std::string& prefix) const {
    log_index out = 0;
    for (const auto* list : {&keys, &tombstones})
      for (const auto& [key, index] : *list)
        if (key.starts_with(prefix))
          out = std::max(out, index);
    return out;
  }
};

std::vector<std::string> words(std::size_t size_max) {
  std::vector<std::string> out = {""};
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i].size() < size_max)
      for (const auto* letter : {"a", "b"})
        out.push_back(out[i] + letter);
  return out;
}

entry at_index(log_index index) {
  return {"v" + std::to_string(index), 0, "", 0, index, index};
}

std::vector<std::string> list(const key_tree& tree, const std::string& prefix) {
  std::vector<std::string> out;
  tree.visit(prefix, [&out](const std::string& key, const entry&) {
    out.push_back(key);
    return std::size_t{0};
  });
  return out;
}

using floors = std::map<std::string, log_index>;

void store(floors& into, key_tree& tree) {
  for (const auto& [path, index] : tree.take_changed_floors()) {
    if (index)
      into[path] = *index;
    else
      into.erase(path);
  }
}

/// Rows come in any order: floors first, or last.
key_tree restore(const key_tree& tree, const floors& rows, bool floors_first,
                 std::size_t tombstones_max) {
  key_tree out{tombstones_max};
  const auto load_floors = [&] {
    for (const auto& [path, index] : rows)
      out.load_floor(path, index);
  };
  if (floors_first)
    load_floors();
  tree.visit("", [&out](const std::string& key, const entry& x) {
    REQUIRE(out.load(key, x));
    return std::size_t{0};
  });
  if (!floors_first)
    load_floors();
  out.check_invariants();
  return out;
}

/// Changes tree and model alike.
void change(key_tree& tree, model& m, rng& random, log_index index) {
  static const auto names = words(3);
  const auto& name = names[random.below(names.size())];
  const auto choice = random.below(8);
  if (choice == 0) {
    tree.erase_prefix(name, index, [](const std::string&, const entry&) {});
    m.erase_prefix(name, index);
  } else if (choice < 5 && tree.find(name) != nullptr) {
    tree.erase(name, index);
    m.erase(name, index);
  } else if (!name.empty()) {
    tree.put(name, at_index(index));
    m.put(name, index);
  }
}

} // namespace

TEST_CASE("key_tree: it agrees with plain lists", "[kv][core]") {
  const auto prefixes = words(4);
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed=" << seed);
    rng random{seed};
    key_tree tree;
    model m;
    floors rows;
    log_index index = 0;
    for (auto step = 0; step < 150; ++step) {
      // Several changes may share an index, as those of a transaction do.
      index += random.below(4) == 0 ? 0 : 1;
      index = std::max<log_index>(index, 1);
      change(tree, m, random, index);
      tree.check_invariants();
      store(rows, tree);
      const auto copy =
        restore(tree, rows, step % 2 == 0, key_tree::default_tombstones_max);
      for (const auto& prefix : prefixes) {
        INFO("prefix=" << prefix);
        const auto expected = m.index_of(prefix);
        REQUIRE(tree.index_of(prefix) == expected);
        REQUIRE(copy.index_of(prefix) == expected);
        REQUIRE(list(tree, prefix) == m.list(prefix));
        const auto* x = tree.find(prefix);
        REQUIRE((x != nullptr) == m.keys.contains(prefix));
        if (x != nullptr)
          REQUIRE(*x == at_index(m.keys.at(prefix)));
      }
      REQUIRE(tree.max_index() == m.index_of(""));
      REQUIRE(copy.max_index() == m.index_of(""));
    }
  }
}

TEST_CASE("key_tree: no prefix goes back when tombstones are forgotten",
          "[kv][core]") {
  const auto prefixes = words(4);
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed=" << seed);
    rng random{seed};
    const std::size_t limit = seed % 3;
    key_tree tree{limit};
    model m;
    floors rows;
    std::map<std::string, log_index> seen;
    for (log_index index = 1; index <= 150; ++index) {
      change(tree, m, random, index);
      tree.check_invariants();
      store(rows, tree);
      const auto copy = restore(tree, rows, index % 2 == 0, limit);
      for (const auto& prefix : prefixes) {
        INFO("prefix=" << prefix);
        REQUIRE(list(tree, prefix) == m.list(prefix));
        const auto shown = tree.index_of(prefix);
        REQUIRE(copy.index_of(prefix) == shown);
        const auto effective = shown != 0 ? shown : tree.max_index();
        REQUIRE(effective >= m.index_of(prefix));
        REQUIRE(effective >= seen[prefix]);
        seen[prefix] = effective;
      }
    }
  }
}

TEST_CASE("key_tree: deletes leave no more rows than their limit",
          "[kv][core]") {
  key_tree tree{100};
  floors rows;
  log_index index = 0;
  for (auto round = 0; round < 3; ++round) {
    for (auto i = 0; i < 500; ++i)
      tree.put("jobs/" + std::to_string(i), at_index(++index));
    for (auto i = 0; i < 500; ++i)
      tree.erase("jobs/" + std::to_string(i), ++index);
    tree.check_invariants();
    store(rows, tree);
    CHECK(rows.size() <= 100);
    CHECK(tree.index_of("jobs/") == index);
    CHECK(tree.index_of("jobs/499") == index);
    CHECK(tree.index_of("jobs/0") == 0);
  }
}

TEST_CASE("key_tree: a delete moves its prefixes, not its siblings",
          "[kv][core]") {
  key_tree tree;
  tree.put("a/b/x", at_index(1));
  tree.put("a/b/y", at_index(2));
  tree.put("a/c", at_index(3));
  tree.put("z", at_index(4));
  tree.erase("a/b/x", 5);
  struct row {
    const char* prefix;
    log_index index;
  };
  const std::vector<row> rows = {
    {"a/b/x", 5}, {"a/b/", 5}, {"a/b/y", 2}, {"a/", 5},
    {"a/c", 3},   {"z", 4},    {"", 5},      {"a/d", 0},
  };
  for (const auto& row : rows) {
    INFO(row.prefix);
    CHECK(tree.index_of(row.prefix) == row.index);
  }
}

TEST_CASE("key_tree: a visitor skips what shares its first bytes",
          "[kv][core]") {
  key_tree tree;
  log_index index = 0;
  for (const auto* key : {"a", "a/", "a/1", "a/2/3", "ab", "b/1", "b/2", "c"})
    tree.put(key, at_index(++index));
  std::vector<std::string> seen;
  tree.visit("", [&seen](const std::string& key, const entry&) {
    seen.push_back(key);
    const auto at = key.find('/');
    return at == std::string::npos ? 0 : at + 1;
  });
  CHECK(seen == std::vector<std::string>{"a", "a/", "ab", "b/1", "c"});
}

TEST_CASE("key_tree: keys may nest deeper than a stack", "[kv][core]") {
  key_tree tree;
  std::string key;
  for (log_index index = 1; index <= 20'000; ++index)
    tree.put(key += 'a', at_index(index));
  CHECK(list(tree, "").size() == 20'000);
  CHECK(tree.index_of(key) == 20'000);
}

TEST_CASE("key_tree: keys are bytes, not characters", "[kv][core]") {
  key_tree tree;
  const std::string zero("\0\xff", 2);
  tree.put("\xff", at_index(1));
  tree.put(zero, at_index(2));
  tree.put("a", at_index(3));
  CHECK(list(tree, "") == std::vector<std::string>{zero, "a", "\xff"});
  CHECK_FALSE(tree.load("a", at_index(4)));
}
