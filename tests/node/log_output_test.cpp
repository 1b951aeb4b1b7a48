// Goal: log lines look as operators' tools expect them, and listeners get
// exactly what they asked for.
// Method: fixed records, expected texts; a real output with a listener.

#include "runtime/node/log_output.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace praetor;

namespace {

// 2026-11-22T11:38:14.489Z
constexpr std::int64_t moment = 1795347494489;

} // namespace

TEST_CASE("log output: lines have Consul's form", "[node][core]") {
  struct row {
    log::record line;
    const char* plain;
    const char* json;
  };
  const row rows[] = {
    {{log::level::info, "agent", "Synced service", {{"service", "web"}}},
     "    2026-11-22T11:38:14.489Z [INFO]  agent: Synced service: service=web",
     R"({"@level":"info","@message":"Synced service","@module":"agent",)"
     R"("@timestamp":"2026-11-22T11:38:14.489Z","service":"web"})"},
    {{log::level::error, "agent.server", "no", {}},
     "    2026-11-22T11:38:14.489Z [ERROR] agent.server: no",
     R"({"@level":"error","@message":"no","@module":"agent.server",)"
     R"("@timestamp":"2026-11-22T11:38:14.489Z"})"},
    {{log::level::warn, "a", "b", {{"error", "say \"x\"\ny"}, {"n", ""}}},
     "    2026-11-22T11:38:14.489Z [WARN]  a: b: error=\"say \\\"x\\\"\\ny\" "
     "n=\"\"",
     R"({"@level":"warn","@message":"b","@module":"a",)"
     R"("@timestamp":"2026-11-22T11:38:14.489Z","error":"say \"x\"\ny",)"
     R"("n":""})"},
  };
  for (const auto& row : rows) {
    CHECK(node::format_line(row.line, moment) == row.plain);
    CHECK(node::format_json_line(row.line, moment) == row.json);
  }
}

TEST_CASE("log output: a listener gets its level and form, until ignored",
          "[node]") {
  node::log_options options;
  options.threshold = log::level::error;
  auto out = node::log_output::open(options);
  REQUIRE(out);
  std::vector<std::string> heard;
  const auto number =
    (*out)->listen(log::level::debug, true,
                   [&heard](std::string x) { heard.push_back(std::move(x)); });
  log::trace("a", "too quiet");
  log::debug("a", "heard");
  (*out)->ignore(number);
  log::debug("a", "too late");
  REQUIRE(heard.size() == 1);
  CHECK(heard.front().starts_with(R"({"@level":"debug","@message":"heard")"));
  CHECK(!log::enabled(log::level::debug));
}

TEST_CASE("log output: a folder that does not exist is refused", "[node]") {
  node::log_options options;
  options.file = "/nonexistent/folder/";
  const auto out = node::log_output::open(options);
  REQUIRE(!out);
  CHECK(out.error().code == errc::io_error);
  CHECK(out.error().context.find("/nonexistent/folder") != std::string::npos);
}
