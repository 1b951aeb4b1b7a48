// Goal: templates over a container see it as gliderlabs/registrator's do, have
// its functions, and fail with words.
// Method: a table of templates over one container.

#include "runtime/node/container_template.hpp"

#include <catch2/catch.hpp>

using namespace praetor;

namespace {

const std::string document = R"({
  "Id": "e3fc91ef7059", "Name": "/test-01", "RestartCount": 2,
  "State": {"Pid": 1234567, "Running": true},
  "Config": {"Hostname": "test01", "Env": ["A=1", "STAGE=dev", "B=2"],
             "Labels": {"env": "prod", "team": "a,b",
                        "com.docker.swarm.service.name": "web"}},
  "NetworkSettings": {"IPAddress": "172.17.0.2",
                      "Ports": {"80/tcp": [{"HostPort": "8080"}]}}})";

std::string read(const std::string& url) {
  return url == "http://x/" ? R"({"a":{"b":"c","n":7}})" : "";
}

std::string run(std::string_view text) {
  const auto made = node::container_template(text, read);
  if (!made)
    return "PARSE " + made.error().context;
  const auto out = (*made)(document);
  return out ? *out : "FAIL " + out.error().context;
}

struct row {
  const char* text;
  const char* output;
};

const row rows[] = {
  {"plain", "plain"},
  {"{{.ID}},{{.Name}}", "e3fc91ef7059,/test-01"},
  {"{{.State.Pid}} {{.RestartCount}} {{.State.Running}}", "1234567 2 true"},
  {"{{.Config.Hostname}},{{.NetworkSettings.IPAddress}}", "test01,172.17.0.2"},
  {"{{index .Config.Labels \"env\"}}", "prod"},
  {"{{index .Config.Labels `com.docker.swarm.service.name`}}", "web"},
  {"{{mIndex \"env\" .Config.Labels}}{{mIndex \"nope\" .Config.Labels}}",
   "prod"},
  {"{{range .Config.Env}}[{{.}}]{{end}}", "[A=1][STAGE=dev][B=2]"},
  {"{{sIndex 0 .Config.Env}} {{sIndex -1 .Config.Env}} {{sIndex 9 .Config.Env}}"
   " {{sIndex -9 .Config.Env}}",
   "A=1 B=2 B=2 A=1"},
  {"{{strSlice .ID 2}} {{strSlice .ID 0 4}} {{strSlice .ID 2 4}} "
   "{{strSlice .ID 99}}",
   "fc91ef7059 e3fc fc e3fc91ef7059"},
  {"{{toUpper .Config.Hostname}} {{toLower `AB`}}", "TEST01 ab"},
  {"{{replace 1 `t` `T` .Config.Hostname}} {{replace -1 `t` `T` `tt`}}",
   "Test01 TT"},
  {"{{join `;` .Config.Env}}", "A=1;STAGE=dev;B=2"},
  {"{{split `=` `k=v`}} {{splitIndex 1 `=` `k=v`}}", "[k v] v"},
  {"{{matchFirstElement `^STAGE=` .Config.Env | splitIndex 1 `=`}}", "dev"},
  {"{{matchAllElements `=[12]$` .Config.Env}}", "[A=1 B=2]"},
  {"{{matchFirstElement `x` .Config.Env}}", ""},
  {"{{jsonParse (httpGet `http://x/`) `a::b`}} {{jsonParse (httpGet "
   "`http://x/`) `a::n`}}{{jsonParse (httpGet `http://y/`) `a::b`}}",
   "c 7"},
  {"{{.Config.Nope}}", "<no value>"},
  {"{{.Nope}}", "FAIL template: tags:1:2: executing \"tags\" at <.Nope>: can't "
                "evaluate field Nope in type *docker.Container"},
  {"{{matchFirstElement `(` .Config.Env}}",
   "FAIL template: tags:1:2: executing \"tags\" at <matchFirstElement `(` "
   ".Config.Env>: error calling matchFirstElement: error parsing regexp: "
   "missing closing ): `(`"},
  {"{{nope}}", "PARSE template: tags:1: function \"nope\" not defined"},
  {"{{if}}", "PARSE template: tags:1: missing value for if"},
  {"{{service `web`}}", "PARSE template: tags:1: function \"service\" not "
                        "defined"},
};

} // namespace

TEST_CASE("container_template: a container's texts", "[node]") {
  for (const auto& x : rows) {
    CAPTURE(x.text);
    CHECK(run(x.text) == x.output);
  }
}

TEST_CASE("container_template: without a reader there is no httpGet",
          "[node]") {
  const auto made =
    node::container_template("{{httpGet `http://x/`}}", nullptr);
  REQUIRE_FALSE(made);
  CHECK(made.error().context
        == "template: tags:1: function \"httpGet\" not defined");
}

TEST_CASE("container_template: rubbish is no container", "[node]") {
  const auto made = node::container_template("{{.ID}}", nullptr);
  REQUIRE(made);
  CHECK_FALSE((*made)(""));
  CHECK_FALSE((*made)("7"));
  CHECK_FALSE((*made)("{"));
}
