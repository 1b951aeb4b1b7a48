// Goal: rendering takes time in proportion to the data: 1,000 services of 20
// instances each stay far below the 150 ms that a burst may take.
// Method: the same template over 100 and 1,000 services; steps are counted
// exactly by the budget, so that no clock decides. What a clock says:
// build/tests/template_tests "[.bench]"

#include "actors/template/core/render.hpp"
#include "tests/template_cases/no_host.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace praetor::templates {

namespace {

constexpr const char* text =
  "{{range services}}upstream {{.Name}} {\n{{range service .Name}}"
  "  server {{.Address}}:{{.Port}};\n{{end}}}\n{{end}}";

constexpr int instances = 20;

/// For 1,000 services, after a change.
constexpr double render_ms_max = 150;

void store(data_cache& data, dependency_kind what, const std::string& argument,
           const std::string& body) {
  const auto x = parse_dependency(what, argument);
  REQUIRE(x);
  const auto answer = decode_answer(*x, body);
  REQUIRE(answer);
  REQUIRE(answer->has_value());
  data.store(x->name(), **answer);
}

data_cache cluster(int services) {
  data_cache data;
  std::string names;
  for (int i = 0; i < services; ++i) {
    const auto name = "service-" + std::to_string(i);
    names += (names.empty() ? "{\"" : ",\"") + name + "\":[]";
    std::string body;
    for (int k = 0; k < instances; ++k)
      body +=
        (body.empty() ? "[" : ",")
        + (R"({"Node":{"Node":"n","Address":"10.0.0.1"},"Service":{"ID":")"
           + name + "-" + std::to_string(k) + R"(","Service":")" + name
           + R"(","Port":80,"Tags":["a"]},"Checks":[]})");
    store(data, dependency_kind::service, name, body + "]");
  }
  store(data, dependency_kind::services, "", names + "}");
  return data;
}

/// The smallest budget, to a quarter, that a rendering gets by with.
std::size_t steps_needed(int services) {
  const auto data = cluster(services);
  const auto parsed = parse_template(text);
  REQUIRE(parsed);
  cases::no_host machine;
  render_options options;
  for (options.bounds.steps_max = 1000;;
       options.bounds.steps_max *= 5, options.bounds.steps_max /= 4)
    if (!render(*parsed, data, machine, options).error)
      return options.bounds.steps_max;
}

} // namespace

TEST_CASE("rendering: work grows in proportion to the data", "[template]") {
  const auto small = steps_needed(100);
  const auto large = steps_needed(1000);
  CHECK(large >= small * 7);
  CHECK(large <= small * 13);
}

TEST_CASE("rendering: 1,000 services of 20 instances", "[.bench]") {
  const auto parsed = parse_template(text);
  REQUIRE(parsed);
  cases::no_host machine;
  using clock = std::chrono::steady_clock;
  using milliseconds = std::chrono::duration<double, std::milli>;
  for (const auto services : {250, 500, 1000, 2000, 4000}) {
    const auto data = cluster(services);
    std::vector<double> times;
    for (int i = 0; i < 9; ++i) {
      const auto start = clock::now();
      const auto done = render(*parsed, data, machine);
      times.push_back(milliseconds{clock::now() - start}.count());
      CHECK(done.complete());
    }
    std::ranges::sort(times);
    std::printf("%d services of %d instances: median %.1f ms, worst %.1f ms\n",
                services, instances, times[times.size() / 2], times.back());
    CHECK((services > 1000 || times[times.size() / 2] < render_ms_max));
  }
}

} // namespace praetor::templates
