// Goal: texts of the command line mean what the original makes of them, and
// what follows from several settings is filled in.
// Method: tables; expectations from consul-template's releases 0.19.3 to 0.20.

#include "actors/template/watch/settings.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::templates;
using namespace std::chrono_literals;

TEST_CASE("settings: a template's text has up to three parts",
          "[template][core]") {
  struct row {
    std::string text;
    std::string source;
    std::string destination;
    std::string command;
  };
  const row rows[] = {
    {"in", "in", "", ""},
    {"in:out", "in", "out", ""},
    {"in:out:", "in", "out", ""},
    {"in:out:cmd", "in", "out", "cmd"},
    {"in:out:cmd a b", "in", "out", "cmd a b"},
    {"in:out:echo a:b", "in", "out", "echo a:b"},
    {"a:b:c:d", "a:b", "c", "d"},
    {"a:b", "a:b", "", ""},
    {"in:o:cmd", "in", "o", "cmd"},
    {" in :out", " in ", "out", ""},
    {"/t/in.ctmpl:/t/out:/usr/sbin/nginx -s reload", "/t/in.ctmpl", "/t/out",
     "/usr/sbin/nginx -s reload"},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION(x.text) {
      const auto got = parse_template_flag(x.text);
      REQUIRE(got);
      CHECK(got->source == x.source);
      CHECK(got->destination == x.destination);
      const auto command = got->command.empty() ? "" : got->command.front();
      CHECK(command == x.command);
    }
}

TEST_CASE("settings: a blank template is refused", "[template][core]") {
  for (const auto* text : {"", "  ", "\t"}) {
    const auto got = parse_template_flag(text);
    REQUIRE_FALSE(got);
    CHECK(got.error().context == "template: cannot be empty");
  }
}

TEST_CASE("settings: a wait is min or min:max", "[template][core]") {
  struct row {
    std::string text;
    wait_range range;
    std::string failure;
  };
  const row rows[] = {
    {"1s", {1s, 4s}, ""},
    {"5s:10s", {5s, 10s}, ""},
    {"1s:1s", {1s, 1s}, ""},
    {"0", {0s, 0s}, ""},
    {"", {}, "wait: cannot be empty"},
    {"1s:2s:3s", {}, "wait: invalid format"},
    {"-1s", {}, "wait: cannot be negative"},
    {"2s:1s", {}, "wait: min must be less than max"},
    {"x", {}, "time: invalid duration \"x\""},
    {"1s:y", {}, "time: invalid duration \"y\""},
    {"5", {}, "time: missing unit in duration \"5\""},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION("wait " << x.text) {
      const auto got = parse_wait(x.text);
      REQUIRE(static_cast<bool>(got) == x.failure.empty());
      if (got)
        CHECK(*got == x.range);
      else
        CHECK(got.error().context == x.failure);
    }
}

TEST_CASE("settings: templates inherit waits and delimiters",
          "[template][core]") {
  settings x;
  x.wait.range = {1s, 0s};
  x.left_delimiter = "<<";
  x.templates.resize(3);
  x.templates[1].wait.range = {2s, 3s};
  x.templates[1].left_delimiter = "[[";
  x.templates[2].wait.enabled = false;
  complete(x);
  CHECK(*x.templates[0].wait.enabled);
  CHECK(x.templates[0].wait.range == wait_range{1s, 4s});
  CHECK(x.templates[0].left_delimiter == "<<");
  CHECK(x.templates[1].wait.range == wait_range{2s, 3s});
  CHECK(x.templates[1].left_delimiter == "[[");
  CHECK_FALSE(*x.templates[2].wait.enabled);
}

TEST_CASE("settings: without a wait nothing waits", "[template][core]") {
  settings x;
  x.templates.resize(1);
  complete(x);
  CHECK_FALSE(*x.templates[0].wait.enabled);
}

TEST_CASE("settings: naming a certificate switches TLS on",
          "[template][core]") {
  settings x;
  complete(x);
  CHECK_FALSE(*x.consul.tls.enabled);
  settings y;
  y.consul.tls.ca_cert = "/ca.pem";
  complete(y);
  CHECK(*y.consul.tls.enabled);
  settings z;
  z.consul.tls.ca_cert = "/ca.pem";
  z.consul.tls.enabled = false;
  complete(z);
  CHECK_FALSE(*z.consul.tls.enabled);
}

TEST_CASE("settings: a failing command ends a run that is done once anyway",
          "[template][core]") {
  struct row {
    bool once;
    std::optional<bool> given;
    bool ends;
  };
  const row rows[] = {
    {false, {}, false},   {true, {}, true},      {false, true, true},
    {true, false, false}, {false, false, false},
  };
  for (const auto& row : rows) {
    settings x;
    x.once = row.once;
    x.exit_on_command_error = row.given;
    complete(x);
    CHECK(*x.exit_on_command_error == row.ends);
  }
}
