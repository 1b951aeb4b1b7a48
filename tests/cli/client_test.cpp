// Goal: flags and environment lead to the right agent, and failures read as in
// Consul.
// Method: tables of flags and variables; requests to an agent of prepared
// answers.

#include "tests/cli/fake_agent.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::tools;

namespace {

using strings = std::map<std::string, std::string>;

result<client_options> resolve(strings flags, strings variables) {
  return resolve_client_options(
    [&flags](std::string_view name) { return flags[std::string{name}]; },
    [&variables](std::string_view name) {
      return variables[std::string{name}];
    },
    [](const std::string& path) -> result<std::string> {
      if (path == "token.txt")
        return std::string{" from-file\n"};
      return error{errc::not_found, "no such file or directory"};
    });
}

} // namespace

TEST_CASE("client options: a flag beats a variable beats the default",
          "[cli][core]") {
  CHECK(resolve({}, {})->address == "127.0.0.1:8500");
  CHECK(resolve({}, {{"CONSUL_HTTP_ADDR", "a:1"}})->address == "a:1");
  CHECK(resolve({{"http-addr", "b:2"}}, {{"CONSUL_HTTP_ADDR", "a:1"}})->address
        == "b:2");
  CHECK(resolve({{"token", "t"}}, {{"CONSUL_HTTP_TOKEN", "u"}})->token == "t");
  CHECK(resolve({{"token", "t"}, {"token-file", "token.txt"}}, {})->token
        == "from-file");
}

TEST_CASE("client options: the scheme comes with the address", "[cli][core]") {
  struct row {
    const char* address;
    const char* ssl;
    const char* scheme;
    const char* rest;
    bool unix_socket;
  };
  const auto x = GENERATE(values<row>({
    {"a:1", "", "http", "a:1", false},
    {"http://a:1", "", "http", "a:1", false},
    {"https://a:1", "", "https", "a:1", false},
    {"a:1", "true", "https", "a:1", false},
    {"unix:///run/c.sock", "", "http", "/run/c.sock", true},
  }));
  CAPTURE(x.address, x.ssl);
  const auto got =
    resolve({{"http-addr", x.address}}, {{"CONSUL_HTTP_SSL", x.ssl}});
  REQUIRE(got);
  CHECK(got->scheme == x.scheme);
  CHECK(got->address == x.rest);
  CHECK(got->unix_socket == x.unix_socket);
}

TEST_CASE("client options: what cannot work is refused", "[cli][core]") {
  CHECK(resolve({{"http-addr", "tcp://a"}}, {}).error().context
        == "Unknown protocol scheme: tcp");
  CHECK(resolve({{"token-file", "/nope"}}, {}).error().context
        == "Error loading token file: open /nope: no such file or directory");
}

TEST_CASE("client: errors name the method and the URL", "[cli][core]") {
  fake_agent agent{.failure = "EOF"};
  client_options options;
  SECTION("tcp") {
    options.datacenter = "dc2";
    client api{options, std::make_unique<fake_transport>(agent)};
    CHECK(api.send({.method = "DELETE", .path = "/v1/kv/a b"}).error().context
          == "Delete \"http://127.0.0.1:8500/v1/kv/a%20b?dc=dc2\": EOF");
  }
  SECTION("unix") {
    options.address = "/tmp/s";
    options.unix_socket = true;
    client api{options, std::make_unique<fake_transport>(agent)};
    CHECK(api.send({.path = "/v1/x"}).error().context
          == "Get \"http://%2Ftmp%2Fs/v1/x\": EOF");
  }
}

TEST_CASE("client: who asks stands in headers", "[cli][core]") {
  fake_agent agent;
  client_options options;
  options.token = "secret";
  options.basic_auth = "user";
  client api{options, std::make_unique<fake_transport>(agent)};
  CHECK(api.demand({.path = "/"}).error().context
        == "Unexpected response code: 404 (no answer prepared)");
  CHECK(agent.requests[0].headers
        == strings{{"X-Consul-Token", "secret"},
                   {"Authorization", "Basic dXNlcjo="}});
}

TEST_CASE("client: only reads may be stale", "[cli][core]") {
  fake_agent agent;
  client_options options;
  options.stale = true;
  client api{options, std::make_unique<fake_transport>(agent)};
  (void)api.read({.path = "/a"});
  (void)api.send({.path = "/b"});
  CHECK(agent.lines() == std::vector<std::string>{"GET /a?stale=", "GET /b"});
}
