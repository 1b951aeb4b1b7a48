// The keys in byte order, and for every prefix the index of its last change.
//
// Pure. A radix tree: each edge carries the bytes that all keys below share.
// Each node knows the highest index at which anything below it was written or
// deleted, so the index of a prefix is one descent, and never goes back.
//
// A delete can leave an index that no remaining key explains. The deepest node
// that still stands then keeps it as its *floor*. A floor without a key and
// without children is a *tombstone*; only the youngest are kept, an older one
// hands its index to its parent. Floors, unlike all other indexes, do not
// follow from the keys: they have rows in checkpoints.
//
// Invariants
// - below the root each node has a key, at least two children, or a floor;
// - a node has a floor iff its index is above its key's and its children's;
// - `tombstones_` holds exactly the tombstones and their indexes.
//
// Source: Consul, agent/consul/state/graveyard.go, for what an index means.

#pragma once

#include "runtime/base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::kv {

/// What is stored under a key.
struct entry {
  std::string value;
  std::uint64_t flags = 0;
  /// The session that holds the key as a lock, or empty.
  std::string session;
  /// How often the key was newly locked.
  log_index lock_index = 0;
  log_index create_index = 0;
  log_index modify_index = 0;

  friend bool operator==(const entry&, const entry&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, entry& x) {
    return f(x.value, x.flags, x.session, x.lock_index, x.create_index,
             x.modify_index);
  }
};

/// See the head of the file.
class key_tree {
public:
  /// Tombstones that are kept. Each costs about 300 bytes. A longer memory of
  /// deletes wakes fewer watches of prefixes that have become empty.
  static constexpr std::size_t default_tombstones_max = 1024;

  /// Called with each key; returns how many of its first bytes to skip past:
  /// 0 goes on with the next key, n with the next one that differs in its first
  /// n bytes.
  using visitor = std::function<std::size_t(const std::string&, const entry&)>;

  /// Called with each key that goes away.
  using farewell = std::function<void(const std::string&, const entry&)>;

  /// All replicas must have the same limit.
  explicit key_tree(std::size_t tombstones_max = default_tombstones_max);

  /// Returns what is stored under the key, or null. The pointer holds until the
  /// next change.
  const entry* find(std::string_view key) const;

  /// Stores `x` under the key, in place of what was there.
  /// @pre `x.modify_index` is not below `max_index()`.
  void put(std::string_view key, entry x);

  /// Deletes the key. The prefixes of a key that is not there move as well.
  /// @pre `index` is not below `max_index()`.
  void erase(std::string_view key, log_index index);

  /// Deletes all keys with the prefix; calls `f` with each before. Nothing
  /// moves if there is none.
  /// @pre `index` is not below `max_index()`.
  void erase_prefix(std::string_view prefix, log_index index,
                    const farewell& f);

  /// Visits the keys with the prefix in byte order.
  void visit(std::string_view prefix, const visitor& f) const;

  /// Returns the index of the last change below the prefix, as far as it is
  /// known; otherwise 0.
  log_index index_of(std::string_view prefix) const;

  /// Returns the index of the last change of any key.
  log_index max_index() const { return root_->index; }

  // -- checkpoints ------------------------------------------------------------

  /// Returns the path of each floor that came or went since last asked, with
  /// its index if it is there.
  std::vector<std::pair<std::string, std::optional<log_index>>>
  take_changed_floors();

  /// Stores an entry of a checkpoint; any order. False if the key is there.
  bool load(std::string_view key, entry x);

  /// Stores a floor of a checkpoint; any order.
  void load_floor(std::string_view path, log_index index);

  /// Asserts the invariants. Visits everything.
  void check_invariants() const;

private:
  struct node;

  struct child {
    unsigned char first;
    std::unique_ptr<node> at;
  };

  struct node {
    node() = default;
    node(const node&) = delete;
    node& operator=(const node&) = delete;
    ~node();

    bool tombstone() const { return floor && !stored && children.empty(); }

    /// The bytes between the parent and here; not empty below the root.
    std::string label;
    /// By first byte of the label.
    std::vector<child> children;
    std::unique_ptr<entry> stored;
    /// Of the last change here or below.
    log_index index = 0;
    bool floor = false;
  };

  /// A node on the way from the root, and the length of its path.
  struct step {
    node* at;
    std::size_t depth;
  };

  static std::vector<child>::iterator slot_of(node& parent, char first);
  static const node* child_of(const node& parent, char first);
  static log_index explained_index(const node& n);
  static void split(child& c, std::size_t at);

  /// Returns the highest node whose path starts with `prefix`, or null, and the
  /// length of its path.
  std::pair<const node*, std::size_t> below(std::string_view prefix) const;

  node& reach(std::string_view path);
  void raise(std::string_view path, log_index index);
  void set_floor(node& n, std::string_view path, bool on);
  void tidy_up();
  void bury(node& n, std::string_view path);
  void evict_oldest();

  std::size_t tombstones_max_;
  std::unique_ptr<node> root_;
  std::set<std::pair<log_index, std::string>> tombstones_;
  std::set<std::string> changed_floors_;

  /// The way of the last `reach`; a member to keep its memory.
  std::vector<step> way_;
};

} // namespace praetor::kv
