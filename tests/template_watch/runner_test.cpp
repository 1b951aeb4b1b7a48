// Goal: passes find dependencies level by level, watch each once, render when
// everything is there and quiet, and run each command once.
// Method: templates are functions over the names that have data, time is
// virtual. The number of passes is the original's.

#include "actors/template/watch/runner.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace praetor;
using namespace praetor::templates;
using namespace std::chrono_literals;

namespace {

const time_point start{1h};

dependency key(const std::string& name) {
  auto out = parse_dependency(dependency_kind::key_value, name);
  REQUIRE(out);
  return *out;
}

/// A set of templates and the data they see.
struct scene {
  using body = std::function<void(evaluation&, scene&)>;

  std::vector<body> bodies;
  std::map<std::string, std::string> data;

  /// What a template's `key "name"` does.
  std::string ask(evaluation& in, const std::string& name) {
    const auto x = key(name);
    if (std::ranges::find(in.used, x) == in.used.end())
      in.used.push_back(x);
    const auto found = data.find(name);
    if (found != data.end())
      return found->second;
    in.missing.push_back(x);
    return {};
  }

  pass_result pass(runner& x, time_point now = start) {
    return x.pass(now, [this](std::size_t i) {
      evaluation out;
      bodies[i](out, *this);
      return out;
    });
  }
};

scene::body prints(std::string name) {
  return [name](evaluation& out, scene& all) {
    out.output = name + "=" + all.ask(out, name);
  };
}

std::vector<std::string> names(const std::vector<dependency>& all) {
  std::vector<std::string> out;
  for (const auto& x : all)
    out.push_back(x.name());
  return out;
}

using texts = std::vector<std::string>;

runner make_runner(std::vector<runner::unit_options> units) {
  return runner{std::move(units), rng{1}};
}

} // namespace

TEST_CASE("runner: a template without dependencies renders at once",
          "[template][core]") {
  scene all{{[](evaluation& out, scene&) { out.output = "hello"; }}, {}};
  auto x = make_runner({{}});
  const auto done = all.pass(x);
  CHECK(done.watch.empty());
  REQUIRE(done.outputs.size() == 1);
  CHECK(done.outputs[0].content == "hello");
  CHECK_FALSE(x.all_rendered());
  x.written(0, true);
  CHECK(x.all_rendered());
}

TEST_CASE("runner: dependencies are found level by level", "[template][core]") {
  scene all{{[](evaluation& out, scene& in) {
              const auto next = in.ask(out, "a");
              out.output = next.empty() ? "" : in.ask(out, next);
            }},
            {}};
  auto x = make_runner({{}});
  auto done = all.pass(x);
  CHECK(names(done.watch) == texts{"kv.block(a)"});
  CHECK(done.outputs.empty());
  all.data["a"] = "b";
  done = all.pass(x);
  CHECK(names(done.watch) == texts{"kv.block(b)"});
  CHECK(done.outputs.empty());
  all.data["b"] = "end";
  done = all.pass(x);
  CHECK(done.watch.empty());
  REQUIRE(done.outputs.size() == 1);
  CHECK(done.outputs[0].content == "end");
  SECTION("and what is no longer used is forgotten") {
    all.data["a"] = "c";
    done = all.pass(x);
    CHECK(names(done.watch) == texts{"kv.block(c)"});
    CHECK(done.forget == texts{"kv.block(b)"});
    CHECK_FALSE(x.watches("kv.block(b)"));
    CHECK(x.watched().size() == 2);
  }
}

TEST_CASE("runner: templates share a dependency", "[template][core]") {
  scene all{{prints("a"), prints("a")}, {}};
  auto x = make_runner({{}, {}});
  CHECK(names(all.pass(x).watch) == texts{"kv.block(a)"});
  CHECK(x.watched().size() == 1);
  all.data["a"] = "1";
  CHECK(all.pass(x).outputs.size() == 2);
}

TEST_CASE("runner: data that was there before it was asked for waits for the "
          "watch",
          "[template][core]") {
  scene all{{prints("a")}, {{"a", "1"}}};
  auto x = make_runner({{}});
  CHECK(all.pass(x).outputs.empty());
  CHECK(all.pass(x).outputs.size() == 1);
}

TEST_CASE("runner: a failure keeps what was watched", "[template][core]") {
  bool fails = false;
  scene all{{[&fails](evaluation& out, scene& in) {
              out.output = in.ask(out, "a");
              if (fails) {
                out.used = {};
                out.failure = "boom";
              }
            }},
            {{"a", "1"}}};
  auto x = make_runner({{}});
  all.pass(x);
  fails = true;
  const auto done = all.pass(x);
  REQUIRE(done.failures.size() == 1);
  CHECK(done.failures[0].text == "boom");
  CHECK(done.outputs.empty());
  CHECK(done.forget.empty());
  CHECK(x.watches("kv.block(a)"));
}

TEST_CASE("runner: equal commands run once, in the order of the templates",
          "[template][core]") {
  scene all{{prints("a"), prints("a"), prints("a"), prints("a")}, {{"a", "1"}}};
  auto x = make_runner({{.wait = {}, .command = {"two"}},
                        {.wait = {}, .command = {"one"}},
                        {.wait = {}, .command = {"two"}},
                        {.wait = {}, .command = {}}});
  all.pass(x);
  all.pass(x);
  for (std::size_t i = 0; i < 4; ++i)
    x.written(i, true);
  const auto due = x.commands();
  REQUIRE(due.size() == 2);
  CHECK(due[0].unit == 0);
  CHECK(due[0].words == texts{"two"});
  CHECK(due[1].unit == 1);
  CHECK(due[1].words == texts{"one"});
  CHECK(x.take_changed());
  CHECK_FALSE(x.take_changed());
  CHECK(x.commands().empty());
}

TEST_CASE("runner: what did not change runs no command", "[template][core]") {
  scene all{{prints("a")}, {{"a", "1"}}};
  auto x = make_runner({{.wait = {}, .command = {"c"}}});
  all.pass(x);
  all.pass(x);
  x.written(0, false);
  CHECK(x.commands().empty());
  CHECK_FALSE(x.take_changed());
  CHECK(x.all_rendered());
}

TEST_CASE("runner: the first output does not wait, later ones do",
          "[template][core]") {
  scene all{{prints("a")}, {{"a", "1"}}};
  auto x = make_runner({{.wait = wait_range{1s, 3s}, .command = {}}});
  all.pass(x);
  REQUIRE(all.pass(x).outputs.size() == 1);
  x.written(0, true);
  CHECK_FALSE(x.deadline());

  all.data["a"] = "2";
  CHECK(all.pass(x, start + 10s).outputs.empty());
  REQUIRE(x.deadline());
  CHECK(*x.deadline() >= start + 11s);
  SECTION("until it is quiet") {
    const auto done = all.pass(x, start + 11s + 100ms);
    REQUIRE(done.outputs.size() == 1);
    CHECK(done.outputs[0].content == "a=2");
    CHECK_FALSE(x.deadline());
  }
  SECTION("a pass without a change does not prolong it") {
    const auto before = x.deadline();
    CHECK(all.pass(x, start + 10500ms).outputs.empty());
    CHECK(x.deadline() == before);
  }
  SECTION("but not longer than max") {
    for (int i = 1; i < 6; ++i) {
      all.data["a"] = "2" + std::to_string(i);
      CHECK(all.pass(x, start + 10s + i * 500ms).outputs.empty());
    }
    CHECK(*x.deadline() == start + 13s);
    const auto done = all.pass(x, start + 13s);
    REQUIRE(done.outputs.size() == 1);
    CHECK(done.outputs[0].content == "a=25");
  }
  SECTION("and not at all once the change is undone") {
    all.data["a"] = "1";
    const auto done = all.pass(x, start + 10500ms);
    REQUIRE(done.outputs.size() == 1);
    CHECK(done.outputs[0].content == "a=1");
    CHECK_FALSE(x.deadline());
  }
}

TEST_CASE("runner: what another process watches is not watched here",
          "[template][core]") {
  scene all{{[](evaluation& out, scene& in) {
              out.output = in.ask(out, "a");
              auto file = parse_dependency(dependency_kind::file, "/f");
              REQUIRE(file);
              out.used.push_back(*file);
            }},
            {}};
  auto x = make_runner({{}});
  x.follow(0, true);
  CHECK(names(all.pass(x).watch) == texts{"file(/f)"});
  all.data["a"] = "1";
  CHECK(all.pass(x).outputs.size() == 1);
  x.follow(0, false);
  CHECK(names(all.pass(x).watch) == texts{"kv.block(a)"});
}
