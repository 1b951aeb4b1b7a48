// Goal: the agent's own endpoints pass on what was asked and answer with the
// contract's statuses and texts. Method: requests go through the real routes to
// the handlers; the test plays the agent.

#include "tests/http/handler_fixture.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace praetor::http {

namespace {

struct agent_fixture : handler_fixture {
  agent_fixture() {
    to.register_service = keep(services);
    to.deregister_service = keep(gone_services);
    to.register_check = keep(checks);
    to.deregister_check = keep(gone_checks);
    to.update_ttl = keep(updates);
    to.maintain_service = keep(service_maintenance);
    to.maintain_node = keep(node_maintenance);
    to.get_services = keep(service_questions);
    to.get_checks = keep(check_questions);
    to.get_service = keep(one_service_questions);
    to.get_service_health = keep(health_questions);
  }

  std::vector<agent::register_service> services;
  std::vector<agent::deregister_service> gone_services;
  std::vector<agent::register_check> checks;
  std::vector<agent::deregister_check> gone_checks;
  std::vector<agent::update_ttl> updates;
  std::vector<agent::maintain_service> service_maintenance;
  std::vector<agent::maintain_node> node_maintenance;
  std::vector<agent::get_services> service_questions;
  std::vector<agent::get_checks> check_questions;
  std::vector<agent::get_service> one_service_questions;
  std::vector<agent::get_service_health> health_questions;
};

struct refusal_row {
  const char* method;
  const char* target;
  const char* body;
  int status;
  const char* text;
};

constexpr const char* scripts_disabled =
  "Scripts are disabled on this agent from remote calls; to enable, configure "
  "'enable_script_checks' to true";

const refusal_row refusals[] = {
  {"PUT", "/v1/agent/service/register", "", 400, "Request decode failed: EOF"},
  {"PUT", "/v1/agent/service/register",
   R"({"Name":"x","Check":{"Args":["a"],"Interval":"1s"}})", 500,
   scripts_disabled},
  {"PUT", "/v1/agent/check/register",
   R"({"Name":"x","Args":["a"],"Interval":"1s"})", 500, scripts_disabled},
  {"PUT", "/v1/agent/check/register", "{}", 400, "Missing check name"},
  {"PUT", "/v1/agent/check/update/x", "", 400, "Request decode failed: EOF"},
  {"PUT", "/v1/agent/check/update/x", R"({"Statu":"bad"})", 400,
   "Request decode failed: json: unknown field \"Statu\""},
  {"PUT", "/v1/agent/check/update/x", R"({"Status":"bad"})", 400,
   "Invalid check status: 'bad'"},
  {"PUT", "/v1/agent/check/update/x", R"({"Output":"x"})", 400,
   "Invalid check status: ''"},
  {"PUT", "/v1/agent/check/deregister/", "", 500, "CheckID missing"},
  {"PUT", "/v1/agent/service/deregister/", "", 500, "ServiceID missing"},
  {"PUT", "/v1/agent/service/maintenance/", "", 400, "Missing service ID"},
  {"PUT", "/v1/agent/service/maintenance/x", "", 400,
   "Missing value for enable"},
  {"PUT", "/v1/agent/service/maintenance/x?enable=", "", 400,
   "Invalid value for enable: \"\""},
  {"PUT", "/v1/agent/maintenance", "", 400, "Missing value for enable"},
  {"PUT", "/v1/agent/maintenance?enable=7", "", 400,
   "Invalid value for enable: \"7\""},
  {"GET", "/v1/agent/service/x?hash=1&wait=q", "", 400, "Invalid wait time"},
  {"GET", "/v1/agent/health/service/id/", "", 500,
   "Bad request: Missing serviceID"},
  {"GET", "/v1/agent/health/service/name/", "", 500,
   "Bad request: Missing service Name"},
  {"GET", "/v1/agent/services?filter=Bogus==1", "", 500,
   "Failed to create boolean expression evaluator: Selector \"Bogus\" is not "
   "valid"},
  {"GET", "/v1/agent/checks?filter=Name", "", 500,
   "Failed to create boolean expression evaluator: 1:5 (4): no match found, "
   R"(expected: "!=", ".", "==", "[", [ \t\r\n] or [a-zA-Z0-9_])"},
};

} // namespace

TEST_CASE("agent_handlers: bad requests are refused without asking",
          "[http][api]") {
  for (const auto& row : refusals)
    DYNAMIC_SECTION(row.method << " " << row.target << " " << row.body) {
      agent_fixture f;
      const auto c = f.send(row.method, row.target, row.body);
      CHECK(c->status() == row.status);
      CHECK(c->body() == row.text);
      CHECK(f.services.empty());
      CHECK(f.checks.empty());
      CHECK(f.updates.empty());
    }
}

TEST_CASE("agent_handlers: a service is registered", "[http][api]") {
  agent_fixture f;
  f.to.facts.remote_scripts = true;
  const auto c = f.send("PUT", "/v1/agent/service/register",
                        R"({"Name":"x","Check":{"Args":["a"],"Interval":1}})");
  REQUIRE(f.services.size() == 1);
  CHECK(f.services[0].service.id == "x");
  CHECK(f.services[0].from == agent::origin::api);
  CHECK(c->status() == 0);
  f.services[0].to.complete(ok);
  CHECK(c->status() == 200);
  CHECK(c->body().empty());
  CHECK(c->answer->content_type.empty());
}

TEST_CASE("agent_handlers: old checks go only if that is asked for",
          "[http][api]") {
  const struct {
    const char* query;
    bool replace;
  } rows[] = {
    {"", false},
    {"?replace-existing-checks", true},
    {"?replace-existing-checks=true", true},
    {"?replace-existing-checks=false", false},
    {"?replace-existing-checks=q", false},
  };
  for (const auto& row : rows)
    DYNAMIC_SECTION(row.query) {
      agent_fixture f;
      f.send("PUT", std::string{"/v1/agent/service/register"} + row.query,
             R"({"Name":"x"})");
      CHECK(f.services.at(0).replace_existing_checks == row.replace);
    }
}

TEST_CASE("agent_handlers: a sidecar follows its service", "[http][api]") {
  agent_fixture f;
  const auto c =
    f.send("PUT", "/v1/agent/service/register",
           R"({"Name":"x","Port":9,"Connect":{"SidecarService":{}}})");
  REQUIRE(f.service_questions.size() == 1);
  f.service_questions[0].to.complete(
    share(R"({"a":{"Port":21000},"b":{"Port":21001}})"));
  REQUIRE(f.services.size() == 1);
  CHECK(f.services[0].service.id == "x");
  f.services[0].to.complete(ok);
  REQUIRE(f.services.size() == 2);
  CHECK(f.services[1].service.id == "x-sidecar-proxy");
  CHECK(f.services[1].service.port == 21002);
  CHECK(c->status() == 0);
  f.services[1].to.complete(ok);
  CHECK(c->status() == 200);
}

TEST_CASE("agent_handlers: a sidecar keeps the port it has", "[http][api]") {
  agent_fixture f;
  f.send("PUT", "/v1/agent/service/register",
         R"({"Name":"x","Connect":{"SidecarService":{}}})");
  f.service_questions.at(0).to.complete(
    share(R"({"x-sidecar-proxy":{"Port":21007}})"));
  f.services.at(0).to.complete(ok);
  CHECK(f.services.at(1).service.port == 21007);

  f.send("PUT", "/v1/agent/service/register",
         R"({"Name":"y","Connect":{"SidecarService":{"Port":7}}})");
  f.services.at(2).to.complete(ok);
  CHECK(f.services.at(3).service.port == 7);
  CHECK(f.services.at(3).checks.at(0).how.tcp == "127.0.0.1:7");
}

TEST_CASE("agent_handlers: a check is registered and its refusal told",
          "[http][api]") {
  agent_fixture f;
  const auto c = f.send("PUT", "/v1/agent/check/register",
                        R"({"Name":"c","TTL":"1s","ServiceID":"s"})");
  f.checks.at(0).to.complete(
    error{errc::rejected, "ServiceID \"s\" does not exist"});
  CHECK(c->status() == 500);
  CHECK(c->body() == "ServiceID \"s\" does not exist");
}

TEST_CASE("agent_handlers: deregistrations name what goes", "[http][api]") {
  agent_fixture f;
  f.send("PUT", "/v1/agent/service/deregister/s/1");
  CHECK(f.gone_services.at(0).id == "s/1");
  f.send("PUT", "/v1/agent/check/deregister/c");
  CHECK(f.gone_checks.at(0).id == "c");
}

TEST_CASE("agent_handlers: TTL updates carry status and output",
          "[http][api]") {
  const struct {
    const char* target;
    const char* body;
    const char* status;
    const char* output;
  } rows[] = {
    {"/v1/agent/check/pass/c?note=n", "", "passing", "n"},
    {"/v1/agent/check/warn/c", "", "warning", ""},
    {"/v1/agent/check/fail/c?note=", "", "critical", ""},
    {"/v1/agent/check/update/c", R"({"Status":"warning","Output":"o"})",
     "warning", "o"},
  };
  for (const auto& row : rows)
    DYNAMIC_SECTION(row.target) {
      agent_fixture f;
      const auto c = f.send("PUT", row.target, row.body);
      const auto& message = f.updates.at(0);
      CHECK(message.id == "c");
      CHECK(message.status == row.status);
      CHECK(message.output == row.output);
      message.to.complete(
        error{errc::rejected, "CheckID \"c\" does not have associated TTL"});
      CHECK(c->status() == 500);
      CHECK(c->body() == "CheckID \"c\" does not have associated TTL");
    }
}

TEST_CASE("agent_handlers: maintenance is passed on", "[http][api]") {
  agent_fixture f;
  const auto c = f.send(
    "PUT", "/v1/agent/service/maintenance/s?enable=true&reason=why%20not");
  CHECK(f.service_maintenance.at(0).enable);
  CHECK(f.service_maintenance.at(0).reason == "why not");
  f.service_maintenance.at(0).to.complete(error{errc::not_found, ""});
  CHECK(c->status() == 404);
  CHECK(c->body() == "No service registered with ID \"s\"");
  f.send("PUT", "/v1/agent/maintenance?enable=0");
  CHECK_FALSE(f.node_maintenance.at(0).enable);
}

TEST_CASE("agent_handlers: lists are filtered", "[http][api]") {
  agent_fixture f;
  auto c = f.send("GET", "/v1/agent/services?filter=Port==1");
  f.service_questions.at(0).to.complete(
    share(R"({"a":{"Port":1},"b":{"Port":2}})"));
  CHECK(c->body() == R"({"a":{"Port":1}})");
  c = f.send("GET", "/v1/agent/checks?filter=Status==passing");
  f.check_questions.at(0).to.complete(
    share(R"({"a":{"Status":"passing"},"b":{"Status":"x"}})"));
  CHECK(c->body() == R"({"a":{"Status":"passing"}})");
}

TEST_CASE("agent_handlers: selectors of checks are looked at with checks only",
          "[http][api]") {
  agent_fixture f;
  const auto c = f.send("GET", "/v1/agent/checks?filter=Bogus==1");
  f.check_questions.at(0).to.complete(share("{}"));
  CHECK(c->status() == 200);
  CHECK(c->body() == "{}");
  const auto d = f.send("GET", "/v1/agent/checks?filter=Bogus==1");
  f.check_questions.at(1).to.complete(share(R"({"a":{}})"));
  CHECK(d->status() == 500);
  CHECK(d->body() == "Selector \"Bogus\" is not valid");
}

TEST_CASE("agent_handlers: one service is answered with its hash",
          "[http][api]") {
  agent_fixture f;
  auto c = f.send("GET", "/v1/agent/service/s?hash=abc&wait=10s");
  const auto& message = f.one_service_questions.at(0);
  CHECK(message.id == "s");
  CHECK(message.hash == "abc");
  CHECK(message.wait >= std::chrono::seconds{10});
  CHECK(message.watch_id != 0);
  for (const auto& hang_up : c->hangups)
    hang_up();
  CHECK(f.forgotten == std::vector<std::uint64_t>{message.watch_id});
  message.to.complete(agent::get_service::found{share("{}"), "def"});
  CHECK(c->body() == "{}");
  CHECK(c->header("X-Consul-ContentHash") == "def");
  c = f.send("GET", "/v1/agent/service/none");
  f.one_service_questions.at(1).to.complete(error{errc::not_found, "x"});
  CHECK(c->status() == 404);
  CHECK(c->body() == "unknown service ID: none");
}

TEST_CASE("agent_handlers: health becomes a status code", "[http][api]") {
  using found = agent::get_service_health::found;
  const struct {
    const char* target;
    const char* health;
    bool exists;
    int status;
    const char* body;
    const char* type;
    const char* reason;
  } rows[] = {
    {"id/s", "passing", true, 200, "{1}", "application/json", "passing"},
    {"id/s", "warning", true, 429, "{1}", "application/json", "warning"},
    {"id/s", "critical", true, 503, "{1}", "application/json", "critical"},
    {"name/s", "maintenance", true, 503, "{1}", "application/json",
     "maintenance"},
    {"id/s?format=text", "warning", true, 429, "warning", "text/plain",
     "warning"},
    {"id/s?format=TEXT", "passing", true, 200, "{1}", "application/json",
     "passing"},
    {"id/s", "critical", false, 404,
     R"({"AggregatedStatus":"critical","Service":null,"Checks":null})",
     "application/json", "ServiceId s not found"},
    {"id/s?format=text", "critical", false, 404, R"("ServiceId s not found")",
     "application/json", "ServiceId s not found"},
    {"name/s", "critical", false, 404, "[]", "application/json",
     "ServiceName s Not Found"},
    {"name/s?format=text", "critical", false, 404, "ServiceName s Not Found",
     "text/plain", "ServiceName s Not Found"},
  };
  for (const auto& row : rows)
    DYNAMIC_SECTION(row.target << " " << row.health << row.exists) {
      agent_fixture f;
      const auto c =
        f.send("GET", std::string{"/v1/agent/health/service/"} + row.target);
      const auto& message = f.health_questions.at(0);
      CHECK(message.name_or_id == "s");
      CHECK(message.by_name
            == std::string_view{row.target}.starts_with("name"));
      message.to.complete(found{row.health, row.exists, share("{1}")});
      CHECK(c->status() == row.status);
      CHECK(c->body() == row.body);
      CHECK(c->answer->content_type == row.type);
      CHECK(c->header("X-Consul-Reason") == row.reason);
    }
}

TEST_CASE("agent_handlers: Accept can ask for text too", "[http][api]") {
  agent_fixture f;
  const auto c = f.send("GET", "/v1/agent/health/service/id/s", "",
                        {{"accept", "text/plain, */*"}});
  f.health_questions.at(0).to.complete(
    agent::get_service_health::found{"passing", true, share("{}")});
  CHECK(c->body() == "passing");
}

} // namespace praetor::http
