// Goal: waiters of a query are woken when one of its topics moves, and only
// then; answers are kept exactly as long as they hold.
// Method: tables of topics; then a random comparison with a model that keeps
// nothing and searches everything.

#include "actors/owner/core/live_queries.hpp"

#include "runtime/base/rng.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace praetor;
using namespace std::chrono_literals;

namespace {

using live = owner::live_queries<std::string, int>;

constexpr time_point later = time_point{} + 10s;

answer at_index(log_index i) {
  return {i, true, share("body" + std::to_string(i))};
}

/// Settles with answers of index `i`; waiters accept anything above 0.
std::vector<int> woken(live& x, log_index i) {
  std::vector<int> out;
  x.settle([i](const std::string&) { return at_index(i); },
           [](int, const answer& a) { return a.index > 0; },
           [&out](int w, const answer&) { out.push_back(w); });
  return out;
}

} // namespace

TEST_CASE("live queries: a change wakes what depends on it", "[owner][core]") {
  struct row {
    const char* name;
    topic watched;
    std::string touched;
    bool wakes;
  };
  const row rows[] = {
    {"same name", {"k/a", false}, "k/a", true},
    {"other name", {"k/a", false}, "k/b", false},
    {"exact topics are no prefixes", {"k/a", false}, "k/ab", false},
    {"below a prefix", {"k/a", true}, "k/ab/c", true},
    {"the prefix itself", {"k/a", true}, "k/a", true},
    {"shorter than the prefix", {"k/ab", true}, "k/a", false},
    {"beside the prefix", {"k/ab", true}, "k/ac", false},
    {"empty prefix", {"k/", true}, "k/x", true},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      live x;
      x.wait("q", {row.watched}, 1, later, 7);
      x.touch({row.touched});
      CHECK(woken(x, 5)
            == (row.wakes ? std::vector<int>{7} : std::vector<int>{}));
      CHECK(x.waiter_count() == (row.wakes ? 0U : 1U));
    }
  }
}

TEST_CASE("live queries: all waiters share one evaluation", "[owner][core]") {
  live x;
  for (auto id = 1; id <= 100; ++id)
    x.wait("q", {{"t", false}}, static_cast<std::uint64_t>(id), later, id);
  x.touch({"t"});
  x.touch({"t"});
  auto evaluations = 0;
  auto wakes = 0;
  x.settle(
    [&](const std::string&) {
      ++evaluations;
      return at_index(3);
    },
    [](int, const answer&) { return true; },
    [&](int, const answer&) { ++wakes; });
  CHECK(evaluations == 1);
  CHECK(wakes == 100);
  CHECK(x.find("q")->index == 3);
}

TEST_CASE("live queries: an index that did not rise leaves waiters waiting",
          "[owner][core]") {
  live x;
  x.wait("q", {{"t", false}}, 1, later, 1);
  x.touch({"t"});
  CHECK(woken(x, 0).empty());
  CHECK(x.waiter_count() == 1);
  x.touch({"t"});
  CHECK(woken(x, 9).size() == 1);
}

TEST_CASE("live queries: answers are kept until a topic moves",
          "[owner][core]") {
  live x;
  x.keep("q", {{"t", false}, {"p", true}}, at_index(1));
  CHECK(x.find("q")->index == 1);
  x.touch({"u"});
  CHECK(x.find("q").has_value());
  x.touch({"p/x"});
  CHECK(!x.find("q").has_value());
  CHECK(x.record_count() == 0);
}

TEST_CASE("live queries: the least recently used answers go first",
          "[owner][core]") {
  live x{{2, 1000}};
  x.keep("a", {{"a", false}}, at_index(1));
  x.keep("b", {{"b", false}}, at_index(1));
  CHECK(x.find("a").has_value());
  x.keep("c", {{"c", false}}, at_index(1));
  CHECK(x.find("a").has_value());
  CHECK(!x.find("b").has_value());
  CHECK(x.find("c").has_value());
}

TEST_CASE("live queries: kept bytes have a limit", "[owner][core]") {
  live x{{100, 12}};
  x.keep("a", {{"a", false}}, at_index(1)); // 5 bytes each
  x.keep("b", {{"b", false}}, at_index(1));
  x.keep("c", {{"c", false}}, at_index(1));
  CHECK(x.record_count() == 2);
}

TEST_CASE("live queries: deadlines and hang-ups remove waiters",
          "[owner][core]") {
  live x;
  x.wait("q", {{"t", false}}, 1, time_point{} + 1s, 1);
  x.wait("q", {{"t", false}}, 2, time_point{} + 2s, 2);
  x.wait("r", {{"t", false}}, 3, time_point{} + 3s, 3);
  CHECK(x.next_deadline() == time_point{} + 1s);
  std::vector<std::string> expired;
  const auto note = [&expired](const std::string& q, int w) {
    expired.push_back(q + std::to_string(w));
  };
  x.expire(time_point{} + 2s, note);
  CHECK(expired == std::vector<std::string>{"q1", "q2"});
  x.forget(3);
  x.forget(3);
  CHECK(x.waiter_count() == 0);
  CHECK(x.record_count() == 0);
  CHECK(!x.next_deadline());
}

TEST_CASE("live queries: random use agrees with a model", "[owner][core]") {
  for (auto seed = 1U; seed <= 50; ++seed) {
    rng random{seed};
    live x{{3, 1U << 20U}};
    // The model: query i depends on the prefix topic of its first letter and on
    // its own exact topic.
    std::map<std::uint64_t, std::string> waiting;
    std::uint64_t next_id = 1;
    for (auto step = 0; step < 400; ++step) {
      const std::string q{static_cast<char>('a' + random.below(3)),
                          static_cast<char>('a' + random.below(3))};
      const std::vector<topic> topics{{q, false}, {q.substr(0, 1), true}};
      switch (random.below(4)) {
        case 0:
          waiting[next_id] = q;
          x.wait(q, topics, next_id, later, static_cast<int>(next_id));
          ++next_id;
          break;
        case 1: x.keep(q, topics, at_index(1)); break;
        case 2:
          if (!waiting.empty()) {
            const auto id = waiting.begin()->first;
            x.forget(id);
            waiting.erase(id);
          }
          break;
        default: {
          x.touch({q});
          std::vector<int> expected;
          for (auto i = waiting.begin(); i != waiting.end();) {
            if (i->second.front() != q.front()) {
              ++i;
              continue;
            }
            expected.push_back(static_cast<int>(i->first));
            i = waiting.erase(i);
          }
          auto got = woken(x, 2);
          std::sort(got.begin(), got.end());
          REQUIRE(got == expected);
        }
      }
      REQUIRE(x.waiter_count() == waiting.size());
    }
  }
}

TEST_CASE("live queries: what is not there is not kept when it wakes someone",
          "[owner][core]") {
  live x;
  const auto settle = [&x](log_index wanted) {
    auto count = 0;
    x.settle(
      [](const std::string&) {
        return answer{5, false, share("")};
      },
      [wanted](int, const answer& a) { return a.index >= wanted; },
      [&count](int, const answer&) { ++count; });
    return count;
  };
  x.wait("q", {{"k/a", false}}, 1, later, 7);
  x.touch({"k/a"});
  CHECK(settle(6) == 0);
  CHECK(!x.find("q"));
  CHECK(x.waiter_count() == 1);
  x.touch({"k/a"});
  CHECK(settle(5) == 1);
  CHECK(!x.find("q"));
  CHECK(x.record_count() == 0);
}
