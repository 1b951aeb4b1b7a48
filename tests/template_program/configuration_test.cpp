// Goal: files, flags and environment become the settings they mean, in the
// right order, and mistakes are named.
// Method: tables over texts; nothing is read from disk.

#include "runtime/template/agent_address.hpp"
#include "runtime/template/flags.hpp"
#include "runtime/template/settings_reader.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::templates;
using namespace std::chrono_literals;

namespace {

settings read_texts(std::initializer_list<const char*> texts) {
  settings out;
  std::vector<std::string> warnings;
  for (const auto* text : texts) {
    const auto good = read_settings(text, out, warnings);
    INFO(text);
    REQUIRE(good);
  }
  return out;
}

std::string failure_of(const char* text) {
  settings out;
  std::vector<std::string> warnings;
  const auto good = read_settings(text, out, warnings);
  return good ? "" : good.error().context;
}

settings from_flags(const std::vector<std::string>& args, settings to = {}) {
  const auto line = parse_command_line(args);
  REQUIRE(line);
  apply_flags(line->flags, to);
  return to;
}

std::string flag_failure(const std::vector<std::string>& args) {
  const auto line = parse_command_line(args);
  return line ? "" : line.error().context;
}

} // namespace

TEST_CASE("files: every block reaches its settings", "[template]") {
  const auto x = read_texts({R"(
    consul {
      address = "h:1" token = "t" namespace = "n"
      auth { username = "bob" password = "pw" }
      retry { attempts = 3 backoff = "1s" max_backoff = "5s" }
      ssl { verify = false ca_cert = "/ca" server_name = "s" }
      transport { dial_timeout = "7s" disable_keep_alives = true }
    }
    deduplicate { prefix = "p/" ttl = "20s" }
    exec { command = ["a", "b c"] kill_signal = "SIGTERM" splay = "2s"
           env { pristine = true custom = ["A=1"] denylist = ["B*"] } }
    kill_signal = "sigquit" reload_signal = "" log_level = "info"
    max_stale = "10m" pid_file = "/pid" wait { min = "5s" max = "10s" }
    syslog { facility = "LOCAL5" }
    vault { anything { goes = 1 } }
    template { source = "in" destination = "out" perms = 0600 backup = true
               command = "run it" command_timeout = "60s"
               left_delimiter = "<<" error_on_missing_key = true }
    template { contents = "x" perms = "0640" exec { command = "y" } }
  )"});
  CHECK(x.consul.address == "h:1");
  CHECK(x.consul.token == "t");
  CHECK(x.consul.name_space == "n");
  CHECK(x.consul.basic_auth == "bob:pw");
  CHECK(x.consul.retry.attempts == 3);
  CHECK(x.consul.retry.max_backoff == 5s);
  CHECK_FALSE(x.consul.tls.verify);
  CHECK(x.consul.tls.server_name == "s");
  CHECK(x.consul.transport.dial_timeout == 7s);
  CHECK(x.consul.transport.disable_keep_alives);
  CHECK(*x.dedup.enabled);
  CHECK(x.dedup.prefix == "p/");
  CHECK(x.exec.command == std::vector<std::string>{"a", "b c"});
  CHECK(x.exec.kill_signal == 15);
  CHECK(x.exec.splay == 2s);
  CHECK(x.exec.environment.pristine);
  CHECK(x.kill_signal == 3);
  CHECK(x.reload_signal == 0);
  CHECK(x.max_stale == 10min);
  CHECK(x.wait.range == wait_range{5s, 10s});
  CHECK(x.syslog.enabled);
  REQUIRE(x.templates.size() == 2);
  CHECK(*x.templates[0].perms == 0600);
  CHECK(x.templates[0].backup);
  CHECK(x.templates[0].command == std::vector<std::string>{"run it"});
  CHECK(x.templates[0].command_timeout == 60s);
  CHECK(x.templates[0].left_delimiter == "<<");
  CHECK(x.templates[0].error_on_missing_key);
  CHECK(*x.templates[1].contents == "x");
  CHECK(*x.templates[1].perms == 0640);
  CHECK(x.templates[1].command == std::vector<std::string>{"y"});
}

TEST_CASE("files: later ones win key by key, templates add up", "[template]") {
  const auto x =
    read_texts({R"(consul { address = "a" token = "t" retry { attempts = 3 } }
        template { source = "1" })",
                R"({"consul": {"address": "b", "retry": {"backoff": "1s"}},
         "template": [{"source": "2"}, {"source": "3"}]})"});
  CHECK(x.consul.address == "b");
  CHECK(x.consul.token == "t");
  CHECK(x.consul.retry.attempts == 3);
  CHECK(x.consul.retry.backoff == 1s);
  REQUIRE(x.templates.size() == 3);
  CHECK(x.templates[2].source == "3");
}

TEST_CASE("files: within one the last block counts", "[template]") {
  const auto x = read_texts({R"(consul { address = "a" }
                                consul { token = "t" })"});
  CHECK(x.consul.address.empty());
  CHECK(x.consul.token == "t");
}

TEST_CASE("files: old spellings are read", "[template]") {
  settings x;
  std::vector<std::string> warnings;
  REQUIRE(read_settings(R"(consul = "h:1" wait = "5s:10s")", x, warnings));
  CHECK(x.consul.address == "h:1");
  CHECK(x.wait.range == wait_range{5s, 10s});
  CHECK(warnings.size() == 1);
}

TEST_CASE("files: mistakes are named", "[template]") {
  struct row {
    const char* text;
    const char* failure;
  };
  const row rows[] = {
    {"bogus = 1", "'' has invalid keys: bogus"},
    {"b = 1 a = 2", "'' has invalid keys: a, b"},
    {"template { bogus = 1 }", "'template[0]' has invalid keys: bogus"},
    {"template { } template { x = 1 }", "'template[1]' has invalid keys: x"},
    {"consul { ssl { x = 1 } }", "'consul.ssl' has invalid keys: x"},
    {"once = \"maybe\"", "'once' is not a boolean: \"maybe\""},
    {"max_stale = \"5\"", "time: missing unit in duration \"5\""},
    {"kill_signal = \"X\"", "invalid signal \"X\" - valid signals are ["},
    {"consul = [1]", "'consul' expected a map, got 'int'"},
    {"template = 1", "'template[0]' expected a map, got 'int'"},
    {"template {", "error decoding config: At "},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION(x.text) {
      CHECK_THAT(failure_of(x.text), Catch::Matchers::Contains(x.failure));
    }
}

TEST_CASE("flags: each sets its setting, and wins over files", "[template]") {
  auto before = read_texts({R"(consul { address = "a" token = "t" }
                               template { source = "1" })"});
  const auto x = from_flags(
    {"-consul-addr=b", "-template", "in:out", "--once", "-dry=true", "-wait",
     "1s:2s", "-exec", "run", "-exec-kill-signal=SIGTERM", "-retry=3s",
     "-consul-retry-attempts=0", "-log-level", "debug", "-dedup",
     "-kill-signal=SIGTERM", "-max-stale=0", "-vault-addr=x", "-reap"},
    before);
  CHECK(x.consul.address == "b");
  CHECK(x.consul.token == "t");
  REQUIRE(x.templates.size() == 2);
  CHECK(x.templates[1].destination == "out");
  CHECK(x.once);
  CHECK(x.dry);
  CHECK(x.wait.range == wait_range{1s, 2s});
  CHECK(x.exec.command == std::vector<std::string>{"run"});
  CHECK(x.exec.kill_signal == 15);
  CHECK(x.consul.retry.backoff == 3s);
  CHECK(x.consul.retry.attempts == 0);
  CHECK(x.log_level == "debug");
  CHECK(*x.dedup.enabled);
  CHECK(x.kill_signal == 15);
  CHECK(x.max_stale == 0s);
}

TEST_CASE("flags: old names are applied", "[template]") {
  const auto x = from_flags({"-consul=h:1", "-token=t", "-ssl", "-auth=a:b"});
  CHECK(x.consul.address == "h:1");
  CHECK(x.consul.token == "t");
  CHECK(*x.consul.tls.enabled);
  CHECK(x.consul.basic_auth == "a:b");
}

TEST_CASE("flags: mistakes have Go's words", "[template]") {
  struct row {
    std::vector<std::string> args;
    const char* failure;
  };
  const row rows[] = {
    {{"-nope"}, "flag provided but not defined: -nope"},
    {{"-template"}, "flag needs an argument: -template"},
    {{"-once", "foo", "bar"}, "cli: extra args: [\"foo\" \"bar\"]"},
    {{"-wait", "x"},
     "invalid value \"x\" for flag -wait: time: invalid duration \"x\""},
    {{"-once=maybe"}, "invalid boolean value \"maybe\" for -once: parse error"},
    {{"-max-stale", "5"},
     "invalid value \"5\" for flag -max-stale: time: missing unit in duration "
     "\"5\""},
    {{"-template", " "},
     "invalid value \" \" for flag -template: template: cannot be empty"},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION(x.failure) {
      CHECK(flag_failure(x.args) == x.failure);
    }
}

TEST_CASE("environment: sets what nobody else does", "[template]") {
  const std::map<std::string, std::string, std::less<>> all = {
    {"CONSUL_HTTP_ADDR", "e:1"},        {"CONSUL_HTTP_TOKEN", "et"},
    {"CONSUL_HTTP_AUTH", "u:p"},        {"CONSUL_HTTP_SSL", "true"},
    {"CONSUL_CACERT", "/ca.pem"},       {"CT_LOG", "debug"},
    {"CONSUL_HTTP_SSL_VERIFY", "false"}};
  settings x;
  apply_environment(
    [&all](std::string_view name) {
      const auto found = all.find(name);
      return found == all.end() ? "" : found->second;
    },
    x);
  CHECK(x.consul.address == "e:1");
  CHECK(x.consul.token == "et");
  CHECK(x.consul.basic_auth == "u:p");
  CHECK(*x.consul.tls.enabled);
  CHECK_FALSE(x.consul.tls.verify);
  CHECK(x.consul.tls.ca_cert == "/ca.pem");
  CHECK(x.log_level == "debug");
}

TEST_CASE("address: every form leads somewhere", "[template]") {
  struct row {
    std::string text;
    std::string host;
    int port;
    std::string unix_path;
    bool tls;
  };
  const row rows[] = {
    {"", "127.0.0.1", 8500, "", false},
    {"h:1", "h", 1, "", false},
    {"http://h:1", "h", 1, "", false},
    {"http://h:1/", "h", 1, "", false},
    {"https://h:1", "h", 1, "", true},
    {"https://h", "h", 443, "", true},
    {"h", "h", 80, "", false},
    {"[::1]:9", "::1", 9, "", false},
    {"unix:///a/b.sock", "", 0, "/a/b.sock", false},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION("address " << x.text) {
      consul_settings how;
      how.address = x.text;
      const auto got = agent_address(how, "");
      REQUIRE(got);
      CHECK(got->host == x.host);
      CHECK(got->port == x.port);
      CHECK(got->unix_path == x.unix_path);
      CHECK(uses_tls(how) == x.tls);
    }
  for (const auto* text : {"ftp://h:1", "h:99999", "h:x"}) {
    consul_settings how;
    how.address = text;
    CHECK_FALSE(agent_address(how, ""));
  }
}

TEST_CASE("variables: a child gets what the settings select", "[template]") {
  const variable_map own = {{"PATH", "/bin"}, {"A_1", "x"}, {"A_2", "y"}};
  const variable_map derived = {{"CONSUL_HTTP_ADDR", "h:1"}};
  const auto names = [&](const environment_settings& how) {
    std::string out;
    for (const auto& [name, value] : child_environment(own, derived, how))
      out += name + "=" + value + " ";
    return out;
  };
  environment_settings how;
  CHECK(names(how) == "A_1=x A_2=y CONSUL_HTTP_ADDR=h:1 PATH=/bin ");
  how.allow = {"A_*"};
  CHECK(names(how) == "A_1=x A_2=y CONSUL_HTTP_ADDR=h:1 ");
  how.deny = {"*_2"};
  CHECK(names(how) == "A_1=x CONSUL_HTTP_ADDR=h:1 ");
  how.custom = {"B=z", "A_1=own"};
  CHECK(names(how) == "A_1=own B=z CONSUL_HTTP_ADDR=h:1 ");
  how.pristine = true;
  CHECK(names(how) == "A_1=own B=z CONSUL_HTTP_ADDR=h:1 ");
}

TEST_CASE("commands: blanks ask for a shell, if there is more than words",
          "[template]") {
  using words = std::vector<std::string>;
  struct row {
    words command;
    words arguments; ///< empty: a shell reads the command
  };
  const row rows[] = {
    {{"true"}, {"true"}},
    {{"/no/such"}, {"/no/such"}},
    {{"a", "b c"}, {"a", "b c"}},
    {{"sh -c 'echo a > b'"}, {"sh", "-c", "echo a > b"}},
    {{"sh -c \"trap 'x' USR1; y\""}, {"sh", "-c", "trap 'x' USR1; y"}},
    {{"/bin/nginx  -s reload"}, {"/bin/nginx", "-s", "reload"}},
    {{"sh -c ''"}, {"sh", "-c", ""}},
    {{"exit 3"}, {}},
    {{"echo a | cat"}, {}},
    {{"echo $HOME"}, {}},
    {{"sh -c \"echo $HOME\""}, {}},
    {{"A=1 env"}, {}},
    {{"echo 'a"}, {}},
    {{"echo a\\ b"}, {}},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION(x.command.front()) {
      const auto got = order_of(x.command, {});
      const bool shell = x.arguments.empty();
      CHECK(got.own_group == shell);
      CHECK(
        got.arguments
        == (shell ? words{"/bin/sh", "-c", x.command.front()} : x.arguments));
    }
}
