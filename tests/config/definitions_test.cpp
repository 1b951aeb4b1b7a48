// Goal: service, check and watch definitions arrive complete, in both
// languages and both spellings of keys.
// Method: definitions as Consul's documentation writes them.

#include "tests/config/memory_files.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::config;
using namespace std::chrono_literals;

namespace {

using words = std::vector<std::string>;

} // namespace

TEST_CASE("service: every key of a definition is read", "[config]") {
  auto out = load_hcl(R"(
    service {
      id = "redis1" name = "redis" tags = ["primary", "v1"]
      address = "10.0.0.5" port = 8000 token = "t" enable_tag_override = true
      meta { version = "4" }
      tagged_addresses { lan { address = "192.168.0.55" port = 8001 } }
      weights { passing = 5 warning = 2 }
      checks = [{ args = ["/bin/check", "-x"] interval = "10s" }]
      check { http = "http://127.0.0.1/" header { X-A = ["1", "2"] }
              method = "POST" body = "b" tls_skip_verify = true
              timeout = "1500ms" interval = "1m"
              deregister_critical_service_after = "90m" }
    })");
  REQUIRE(out);
  REQUIRE(out->config.services.size() == 1);
  const auto& x = out->config.services[0];
  CHECK(x.id == "redis1");
  CHECK(x.name == "redis");
  CHECK(x.tags == words{"primary", "v1"});
  CHECK(x.address == "10.0.0.5");
  CHECK(x.port == 8000);
  CHECK(x.token == "t");
  CHECK(x.enable_tag_override);
  CHECK(x.meta == string_map{{"version", "4"}});
  CHECK(x.tagged_addresses.at("lan") == service_address{"192.168.0.55", 8001});
  CHECK(x.weights == service_weights{5, 2});
  REQUIRE(x.checks.size() == 2);
  CHECK(x.checks[0].args == words{"/bin/check", "-x"});
  CHECK(x.checks[0].interval == 10s);
  const auto& http = x.checks[1];
  CHECK(http.http == "http://127.0.0.1/");
  CHECK(http.header.at("X-A") == words{"1", "2"});
  CHECK(http.method == "POST");
  CHECK(http.tls_skip_verify);
  CHECK(http.timeout == 1500ms);
  CHECK(http.deregister_critical_service_after == 90min);
  CHECK(out->warnings.empty());
}

TEST_CASE("check: CamelCase keys are the same keys", "[config]") {
  memory_files files;
  files.texts["a.json"] = R"({
    "checks": [{"ID": "c", "Name": "n", "ServiceID": "s", "TTL": "30s",
                "Status": "passing", "Notes": "x",
                "DeregisterCriticalServiceAfter": "1h"},
               {"ScriptArgs": ["a"], "DockerContainerID": "d", "Shell": "sh",
                "Interval": "1s", "SuccessBeforePassing": 2,
                "FailuresBeforeCritical": 3, "output_max_size": 10},
               {"TCP": "h:1", "interval": "1s", "alias_node": null}],
    "check": {"grpc": "h:2/s", "GRPCUseTLS": true, "alias_service": "w"}})";
  auto out = load_agent({"-data-dir=/d", "-config-file=a.json"}, files);
  REQUIRE(out);
  const auto& checks = out->config.checks;
  REQUIRE(checks.size() == 4);
  CHECK(checks[0].id == "c");
  CHECK(checks[0].service_id == "s");
  CHECK(checks[0].ttl == 30s);
  CHECK(checks[0].status == "passing");
  CHECK(checks[0].deregister_critical_service_after == 1h);
  CHECK(checks[1].args == words{"a"});
  CHECK(checks[1].docker_container_id == "d");
  CHECK(checks[1].success_before_passing == 2);
  CHECK(checks[1].failures_before_critical == 3);
  CHECK(checks[1].output_max_size == 10);
  CHECK(checks[2].tcp == "h:1");
  CHECK(checks[3].grpc_use_tls);
  CHECK(checks[3].alias_service == "w");
}

TEST_CASE("service: keys that Consul removed are refused", "[config]") {
  CHECK(load_hcl("service { name = \"x\" check { script = \"a\" } }")
          .error()
          .context.find("invalid config key service.check.script")
        != std::string::npos);
  CHECK(load_hcl("service { enableTagOverride = true }").error().context
        == "failed to parse a.hcl: 1 error occurred:\n"
           "\t* invalid config key service.enableTagOverride (line 1, column "
           "11; did you mean enable_tag_override?)\n\n");
}

TEST_CASE("watch: parameters and handlers are read", "[config]") {
  auto out = load_hcl(R"(
    watches = [{ type = "key" key = "a/b" args = ["/bin/x", "-y"] }]
    watches { type = "service" service = "web" tag = "v1" passingonly = true
              handler_type = "http"
              http_handler_config { path = "http://h/" timeout = "3s" } })");
  REQUIRE(out);
  const auto& watches = out->config.watches;
  REQUIRE(watches.size() == 2);
  CHECK(watches[0].type == "key");
  CHECK(watches[0].key == "a/b");
  CHECK(watches[0].args == words{"/bin/x", "-y"});
  CHECK(watches[1].tag == words{"v1"});
  CHECK(watches[1].passing_only);
  CHECK(watches[1].handler_type == "http");
  CHECK(watches[1].http_handler.path == "http://h/");
  CHECK(watches[1].http_handler.method == "POST");
  CHECK(watches[1].http_handler.timeout == 3s);
}
