// Whether calls with overlapping times can be put in an order that a sequential
// object allows: for any object, blind to what servers say of their order.
//
// Pure. The search of Wing and Gong, just in time: configurations are a state
// together with the set of open calls that have taken effect in it. At a call's
// return each configuration is extended by open calls until that one has taken
// effect; equal configurations are kept once (Lowe's memo). Calls that never
// return may take effect at any time or never. At moments without open calls
// only states are left, so that long histories cost no more than busy ones.
//
// Source: Wing, Gong: "Testing and verifying concurrent objects"; Lowe:
// "Testing for linearizability".

#pragma once

#include "runtime/base/time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace praetor::sim {

enum class linearize_verdict : std::uint8_t { yes, no, inconclusive };

struct linearize_result {
  linearize_verdict what = linearize_verdict::yes;
  /// If not: the first call (its position) that fits nowhere.
  std::size_t culprit = 0;
  /// Configurations that were looked at.
  std::size_t effort = 0;
};

/// A call with its times.
struct call_times {
  duration from{0};
  /// Nothing: it never returned.
  std::optional<duration> to;
};

/// `Object::state` is ordered. `step(state, call)` returns all states in
/// which the call with its known answer can leave the object; none if it cannot
/// have been given that answer.
template <class Object>
class linearizer {
public:
  using state = typename Object::state;

  linearizer(const Object& object, std::vector<call_times> calls,
             std::size_t effort_max)
    : object_{object}, calls_{std::move(calls)}, effort_max_{effort_max} {}

  linearize_result run(state initial) {
    configurations_.insert({std::move(initial), {}});
    for (const auto& [when, returns, call] : events()) {
      if (!returns) {
        open_.insert(call);
        continue;
      }
      if (!close(call))
        return {linearize_verdict::inconclusive, call, effort_};
      if (configurations_.empty())
        return {linearize_verdict::no, call, effort_};
    }
    return {linearize_verdict::yes, 0, effort_};
  }

private:
  struct event {
    duration when;
    bool returns;
    std::size_t call;

    friend bool operator<(const event& a, const event& b) {
      // At one moment calls come first: they may overlap.
      return std::tie(a.when, a.returns, a.call)
             < std::tie(b.when, b.returns, b.call);
    }
  };

  using done_set = std::set<std::size_t>;
  using configuration = std::pair<state, done_set>;
  using configurations = std::set<configuration>;

  std::vector<event> events() const {
    std::vector<event> out;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      out.push_back({calls_[i].from, false, i});
      if (calls_[i].to)
        out.push_back({*calls_[i].to, true, i});
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  /// Keeps what can be reached with `call` having taken effect. False: too
  /// much effort.
  bool close(std::size_t call) {
    configurations seen;
    configurations kept;
    std::vector<configuration> todo{configurations_.begin(),
                                    configurations_.end()};
    while (!todo.empty()) {
      auto at = std::move(todo.back());
      todo.pop_back();
      if (at.second.contains(call)) {
        at.second.erase(call);
        kept.insert(std::move(at));
        continue;
      }
      if (!seen.insert(at).second)
        continue;
      if (++effort_ > effort_max_)
        return false;
      for (const auto next : open_) {
        if (at.second.contains(next))
          continue;
        for (auto& after : object_.step(at.first, next)) {
          // Nobody will ever tell that it changed nothing.
          if (!calls_[next].to && after == at.first)
            continue;
          auto done = at.second;
          done.insert(next);
          todo.emplace_back(std::move(after), std::move(done));
        }
      }
    }
    open_.erase(call);
    configurations_ = std::move(kept);
    return true;
  }

  const Object& object_;
  std::vector<call_times> calls_;
  std::size_t effort_max_;
  std::size_t effort_ = 0;
  std::set<std::size_t> open_;
  configurations configurations_;
};

} // namespace praetor::sim
