// The questions an owner is being asked: answers kept until they move, and
// clients who wait for them to move, shared by all who ask the same.
//
// Pure. Each distinct query has one record with the topics it depends on, its
// encoded answer if that still holds, and its waiters. When a topic moves, the
// record's answer is dropped, and if anyone waits the record becomes dirty: the
// shell evaluates it once, whatever the number of waiters. Ten thousand waiters
// of one query thus cost one evaluation and one buffer per change.
//
// Invariants
// - a record has an answer or at least one waiter, or is dirty;
// - every waiter is found by its watch id and by its deadline.

#pragma once

#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::owner {

/// Limits of `live_queries`.
struct live_limits {
  /// Answers kept although nobody waits for them.
  std::size_t answers_max = 4096;
  /// Bytes of such answers.
  std::size_t answer_bytes_max = std::size_t{64} << 20U;
};

/// See the head of the file. `Waiter` is what the shell needs to answer.
template <class Query, class Waiter>
class live_queries {
public:
  explicit live_queries(live_limits limits = {}) : limits_{limits} {}

  /// Returns the kept answer, if it still holds.
  std::optional<answer> find(const Query& q) {
    const auto at = records_.find(q);
    if (at == records_.end() || !at->second.kept)
      return std::nullopt;
    if (at->second.idle)
      idle_.splice(idle_.end(), idle_, *at->second.idle);
    return at->second.kept;
  }

  /// Keeps an answer until one of its topics moves.
  void keep(const Query& q, const std::vector<topic>& topics, answer x) {
    const auto at = record_of(q, topics);
    forget_bytes(at->second);
    at->second.kept = std::move(x);
    bytes_ += size_of(*at->second.kept);
    if (at->second.waiters.empty())
      make_idle(at);
    shrink();
  }

  /// Adds a waiter under an id that is not in use.
  void wait(const Query& q, const std::vector<topic>& topics, std::uint64_t id,
            time_point deadline, Waiter w) {
    PRAETOR_ASSERT(!by_id_.contains(id));
    const auto at = record_of(q, topics);
    leave_idle(at->second);
    at->second.waiters.emplace(id, std::move(w));
    by_id_.emplace(id, waiting{at, deadline});
    by_deadline_.emplace(deadline, id);
  }

  /// Drops answers that depend on the topics; records with waiters get dirty.
  void touch(const std::vector<std::string>& names) {
    if (records_.empty())
      return;
    for (const auto& name : names) {
      touch_in(exact_, name);
      for (auto i = lengths_.begin();
           i != lengths_.end() && i->first <= name.size(); ++i)
        touch_in(prefix_, std::string_view{name}.substr(0, i->first));
    }
    drop_untouched_idle();
  }

  /// Drops all answers; all records with waiters get dirty.
  void touch_all() {
    for (auto at = records_.begin(); at != records_.end(); ++at)
      touch_record(at);
    drop_untouched_idle();
  }

  bool dirty() const { return !dirty_.empty(); }

  /// Evaluates every dirty query once. `evaluate(query)` gives the answer;
  /// `wakes(waiter, answer)` tells whether it ends the waiting, after which
  /// `wake(waiter, answer)` is called.
  template <class Evaluate, class Wakes, class Wake>
  void settle(Evaluate evaluate, Wakes wakes, Wake wake) {
    auto todo = std::exchange(dirty_, {});
    for (const auto& at : todo) {
      auto& waiters = at->second.waiters;
      at->second.dirty = false;
      const auto x = evaluate(at->first);
      for (auto w = waiters.begin(); w != waiters.end();) {
        if (!wakes(w->second, x)) {
          ++w;
          continue;
        }
        wake(w->second, x);
        unlist(w->first);
        w = waiters.erase(w);
      }
      // Who was woken mostly asks again at once: keep the answer for them. The
      // index of what is not there moves without its topics.
      forget_bytes(at->second);
      if (x.found) {
        at->second.kept = x;
        bytes_ += size_of(x);
      }
      if (!waiters.empty())
        continue;
      if (x.found)
        make_idle(at);
      else
        erase(at);
    }
    shrink();
  }

  /// Removes a waiter whose asker is gone. Unknown ids are fine.
  void forget(std::uint64_t id) { take(id); }

  /// Removes all waiters whose time is up and hands them to
  /// `expired(query, waiter)`.
  template <class Expired>
  void expire(time_point now, Expired expired) {
    while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
      const auto id = by_deadline_.begin()->second;
      const auto query = by_id_.at(id).at->first;
      auto w = take(id);
      expired(query, std::move(*w));
    }
  }

  std::optional<time_point> next_deadline() const {
    if (by_deadline_.empty())
      return std::nullopt;
    return by_deadline_.begin()->first;
  }

  std::size_t waiter_count() const { return by_id_.size(); }
  std::size_t record_count() const { return records_.size(); }

private:
  struct record;
  using records = std::map<Query, record>;
  using position = typename records::iterator;

  struct by_query {
    bool operator()(const position& a, const position& b) const {
      return a->first < b->first;
    }
  };
  using positions = std::set<position, by_query>;
  using topic_index = std::map<std::string, positions, std::less<>>;

  struct record {
    std::vector<topic> topics;
    std::optional<answer> kept;
    std::map<std::uint64_t, Waiter> waiters;
    bool dirty = false;
    /// Place in `idle_`, if nobody waits.
    std::optional<typename std::list<position>::iterator> idle;
  };

  struct waiting {
    position at;
    time_point deadline;
  };

  static std::size_t size_of(const answer& x) {
    return x.body ? x.body->size() : 0;
  }

  position record_of(const Query& q, const std::vector<topic>& topics) {
    const auto [at, fresh] = records_.try_emplace(q);
    if (!fresh)
      return at;
    at->second.topics = topics;
    for (const auto& t : topics) {
      if (t.prefix)
        ++lengths_[t.name.size()];
      (t.prefix ? prefix_ : exact_)[t.name].insert(at);
    }
    return at;
  }

  void erase(position at) {
    leave_idle(at->second);
    forget_bytes(at->second);
    if (at->second.dirty)
      dirty_.erase(at);
    for (const auto& t : at->second.topics) {
      auto& index = t.prefix ? prefix_ : exact_;
      const auto entry = index.find(t.name);
      entry->second.erase(at);
      if (entry->second.empty())
        index.erase(entry);
      if (!t.prefix)
        continue;
      const auto length = lengths_.find(t.name.size());
      if (--length->second == 0)
        lengths_.erase(length);
    }
    records_.erase(at);
  }

  void touch_in(const topic_index& index, std::string_view name) {
    const auto entry = index.find(name);
    if (entry == index.end())
      return;
    for (const auto& at : entry->second)
      touch_record(at);
  }

  void touch_record(position at) {
    forget_bytes(at->second);
    if (at->second.waiters.empty()) {
      stale_.insert(at);
    } else if (!at->second.dirty) {
      at->second.dirty = true;
      dirty_.insert(at);
    }
  }

  /// Erasing while walking the topic index would invalidate the walk.
  void drop_untouched_idle() {
    for (const auto& at : std::exchange(stale_, {}))
      erase(at);
  }

  std::optional<Waiter> take(std::uint64_t id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end())
      return std::nullopt;
    const auto at = found->second.at;
    auto node = at->second.waiters.extract(id);
    unlist(id);
    if (at->second.waiters.empty())
      erase(at);
    return std::move(node.mapped());
  }

  void unlist(std::uint64_t id) {
    const auto found = by_id_.find(id);
    by_deadline_.erase({found->second.deadline, id});
    by_id_.erase(found);
  }

  void forget_bytes(record& r) {
    if (r.kept)
      bytes_ -= size_of(*r.kept);
    r.kept.reset();
  }

  void make_idle(position at) {
    if (!at->second.idle)
      at->second.idle = idle_.insert(idle_.end(), at);
  }

  void leave_idle(record& r) {
    if (r.idle)
      idle_.erase(*r.idle);
    r.idle.reset();
  }

  /// Least recently used answers go first.
  void shrink() {
    while (!idle_.empty()
           && (buggify("owner.evict_an_answer")
               || idle_.size() > limits_.answers_max
               || bytes_ > limits_.answer_bytes_max))
      erase(idle_.front());
  }

  live_limits limits_;
  records records_;
  topic_index exact_;
  topic_index prefix_;
  /// How many prefix topics have which length: bounds the look-ups per touch.
  std::map<std::size_t, std::size_t> lengths_;
  std::map<std::uint64_t, waiting> by_id_;
  std::set<std::pair<time_point, std::uint64_t>> by_deadline_;
  positions dirty_;
  positions stale_;
  std::list<position> idle_;
  std::size_t bytes_ = 0;
};

} // namespace praetor::owner
