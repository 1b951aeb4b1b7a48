// Goal: catalog and ui endpoints ask the catalog the right question and answer
// in the shape that clients know. Method: requests go through the real routes
// to the handlers; the test plays the catalog.

#include "tests/http/handler_fixture.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace praetor::http {

namespace {

using catalog::query_kind;

struct read_row {
  const char* target;
  query_kind kind;
  const char* name;
  /// X-Consul-Effective-Consistency is sent.
  bool effective;
};

const read_row reads[] = {
  {"/v1/catalog/nodes", query_kind::nodes, "", true},
  {"/v1/catalog/services", query_kind::services, "", true},
  {"/v1/catalog/service/web", query_kind::service_nodes, "web", true},
  {"/v1/catalog/connect/web", query_kind::connect_nodes, "web", true},
  {"/v1/catalog/node/n1", query_kind::node, "n1", true},
  {"/v1/catalog/node-services/n1", query_kind::node_services, "n1", true},
  {"/v1/health/node/n1", query_kind::checks_of_node, "n1", true},
  {"/v1/health/checks/web", query_kind::checks_of_service, "web", true},
  {"/v1/health/state/any", query_kind::checks_in_state, "any", true},
  {"/v1/health/service/web", query_kind::health_service, "web", true},
  {"/v1/health/connect/web", query_kind::health_connect, "web", true},
  {"/v1/internal/ui/nodes", query_kind::ui_nodes, "", false},
  {"/v1/internal/ui/node/n1", query_kind::ui_node, "n1", false},
  {"/v1/internal/ui/services", query_kind::ui_services, "", false},
};

struct refusal_row {
  const char* target;
  int status;
  const char* text;
};

const refusal_row refusals[] = {
  {"/v1/catalog/service/", 400, "Missing service name"},
  {"/v1/catalog/connect/", 400, "Missing service name"},
  {"/v1/catalog/node/", 400, "Missing node name"},
  {"/v1/catalog/node-services/", 400, "Missing node name"},
  {"/v1/health/node/", 400, "Missing node name"},
  {"/v1/health/checks/", 400, "Missing service name"},
  {"/v1/health/state/", 400, "Missing check state"},
  {"/v1/health/service/?passing=q", 400, "Missing service name"},
  {"/v1/health/service/web?passing=q", 400, "Invalid value for ?passing"},
  {"/v1/health/connect/", 400, "Missing service name"},
  {"/v1/internal/ui/node/", 400, "Missing node name"},
  {"/v1/health/state/any?filter=zz&index=a", 400, "Invalid index"},
  {"/v1/catalog/nodes?stale&consistent", 400,
   "Cannot specify ?stale with ?consistent, conflicting semantics."},
  {"/v1/catalog/nodes?dc=zz&filter=a", 500, "No path to datacenter"},
};

// A selector that no kind of answer has, and the answer of Consul 1.8.7.
const refusal_row filter_refusals[] = {
  {"/v1/catalog/nodes?filter=Bogus==1", 500, ""},
  {"/v1/catalog/service/web?filter=Bogus==1", 500, ""},
  {"/v1/catalog/node/n1?filter=Bogus==1", 500, ""},
  {"/v1/health/service/web?filter=Bogus==1", 500, ""},
  {"/v1/health/state/any?filter=Bogus==1", 500, ""},
  {"/v1/internal/ui/nodes?filter=Bogus==1", 500, ""},
  {"/v1/internal/ui/services?filter=Bogus==1", 500, ""},
};

const catalog::command& last_command(const handler_fixture& f) {
  return std::get<catalog::command>(f.submits.back().command);
}

} // namespace

TEST_CASE("catalog_handlers: every read asks its question", "[http][api]") {
  for (const auto& row : reads)
    DYNAMIC_SECTION(row.target) {
      handler_fixture f;
      const auto c = f.send("GET", row.target);
      REQUIRE(f.catalog_reads.size() == 1);
      CHECK(f.catalog_reads[0].query.kind == row.kind);
      CHECK(f.catalog_reads[0].query.name == row.name);
      f.answer_catalog("[1]", 12);
      CHECK(c->status() == 200);
      CHECK(c->body() == "[1]");
      CHECK(c->header("X-Consul-Index") == "12");
      CHECK(c->header("X-Consul-Effective-Consistency")
            == (row.effective ? "leader" : ""));
    }
}

TEST_CASE("catalog_handlers: bad requests are refused without asking",
          "[http][api]") {
  for (const auto& row : refusals)
    DYNAMIC_SECTION(row.target) {
      handler_fixture f;
      const auto c = f.send("GET", row.target);
      CHECK(f.catalog_reads.empty());
      CHECK(c->status() == row.status);
      CHECK(c->body() == row.text);
    }
}

TEST_CASE("catalog_handlers: a bad filter is a failed read", "[http][api]") {
  for (const auto& row : filter_refusals)
    DYNAMIC_SECTION(row.target) {
      handler_fixture f;
      const auto c = f.send("GET", row.target);
      CHECK(f.catalog_reads.empty());
      CHECK(c->status() == 500);
      CHECK(c->body()
            == "Failed to create boolean expression evaluator: Selector "
               "\"Bogus\" is not valid");
      CHECK(c->header("X-Consul-Index") == "1");
      CHECK(c->header("X-Consul-KnownLeader") == "false");
    }
}

TEST_CASE("catalog_handlers: parameters of lists arrive", "[http][api]") {
  handler_fixture f;
  f.send("GET", "/v1/health/service/web?tag=a&tag=&passing"
                "&node-meta=b:1&node-meta=a&node-meta=b:2:3");
  const auto& q = f.catalog_reads.at(0).query;
  CHECK(q.tags == std::vector<std::string>{"a", ""});
  CHECK(q.passing);
  using pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(q.node_meta == pairs{{"a", ""}, {"b", "2:3"}});
  f.send("GET", "/v1/health/service/web?passing=0");
  CHECK_FALSE(f.catalog_reads.at(1).query.passing);
  f.send("GET", "/v1/health/node/n?node-meta=a:b");
  CHECK(f.catalog_reads.at(2).query.node_meta.empty());
}

TEST_CASE("catalog_handlers: filters keep elements of the answer",
          "[http][api]") {
  const struct {
    const char* target;
    const char* body;
    const char* kept;
  } rows[] = {
    {"/v1/catalog/nodes?filter=Node==b", R"([{"Node":"a"},{"Node":"b"}])",
     R"([{"Node":"b"}])"},
    {"/v1/catalog/service/web?filter=ServicePort==1",
     R"([{"ServicePort":1},{"ServicePort":2}])", R"([{"ServicePort":1}])"},
    {"/v1/catalog/node/n?filter=Port==1",
     R"({"Node":{},"Services":{"a":{"Port":1},"b":{"Port":2}}})",
     R"({"Node":{},"Services":{"a":{"Port":1}}})"},
    {"/v1/catalog/node-services/n?filter=Port==3",
     R"({"Node":{},"Services":[{"Port":1}]})", R"({"Node":{},"Services":[]})"},
    {"/v1/catalog/node/n?filter=Port==1", "null", "null"},
    {"/v1/health/service/web?filter=Service.Port==2",
     R"([{"Service":{"Port":1}},{"Service":{"Port":2}}])",
     R"([{"Service":{"Port":2}}])"},
    {"/v1/health/state/any?filter=Status==x",
     R"([{"Status":"x"},{"Status":"y"}])", R"([{"Status":"x"}])"},
    {"/v1/catalog/nodes?filter=", R"([{"Node":"a"}])", R"([{"Node":"a"}])"},
    {"/v1/catalog/services?filter=Bogus==1", R"({"a":[]})", R"({"a":[]})"},
  };
  for (const auto& row : rows)
    DYNAMIC_SECTION(row.target << row.body) {
      handler_fixture f;
      const auto c = f.send("GET", row.target);
      f.answer_catalog(row.body, 5);
      CHECK(c->status() == 200);
      CHECK(c->body() == row.kept);
      CHECK(c->header("X-Consul-Index") == "5");
    }
}

TEST_CASE("catalog_handlers: filtered services are summed up from instances",
          "[http][api]") {
  handler_fixture f;
  const auto c =
    f.send("GET", "/v1/internal/ui/services?filter=Checks.Status==passing");
  REQUIRE(f.catalog_reads.size() == 1);
  CHECK(f.catalog_reads[0].query.kind == query_kind::ui_nodes);
  f.answer_catalog(
    R"([{"Node":"n2","Services":[{"ID":"w2","Service":"web","Tags":["b"]}],)"
    R"("Checks":[{"Status":"passing","ServiceID":""}]},)"
    R"({"Node":"n1","Services":[)"
    R"({"ID":"w1","Service":"web","Tags":["b","a"],)"
    R"("Meta":{"external-source":"nomad"}},)"
    R"({"ID":"p","Kind":"connect-proxy","Service":"pr","Tags":null,)"
    R"("Proxy":{"DestinationServiceName":"web"}},)"
    R"({"ID":"d","Service":"db","Tags":[]}],"Checks":[)"
    R"({"Status":"passing","ServiceID":"w1"},)"
    R"({"Status":"passing","ServiceID":"p"},)"
    R"({"Status":"warning","ServiceID":"w1"},)"
    R"({"Status":"critical","ServiceID":""}]}])",
    9);
  CHECK(c->body()
        == R"([{"Kind":"connect-proxy","Name":"pr","Tags":null,)"
           R"("Nodes":["n1"],"InstanceCount":1,"ProxyFor":["web"],)"
           R"("ChecksPassing":1,"ChecksWarning":0,"ChecksCritical":1,)"
           R"("ExternalSources":null,"GatewayConfig":{}},)"
           R"({"Name":"web","Tags":["a","b"],"Nodes":["n1","n2"],)"
           R"("InstanceCount":2,"ChecksPassing":2,"ChecksWarning":1,)"
           R"("ChecksCritical":1,"ExternalSources":["nomad"],)"
           R"("GatewayConfig":{}}])");
}

TEST_CASE("catalog_handlers: an unknown node is 404 for the ui alone",
          "[http][api]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/internal/ui/node/none");
  f.answer_catalog("", 5, false);
  CHECK(c->status() == 404);
  CHECK(c->body().empty());
  CHECK(c->header("X-Consul-Index").empty());
}

TEST_CASE("catalog_handlers: datacenters are this one", "[http][api]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/catalog/datacenters?dc=zz");
  CHECK(c->body() == R"(["dc1"])");
  CHECK(c->header("X-Consul-Index").empty());
}

TEST_CASE("catalog_handlers: registrations become commands", "[http][api]") {
  handler_fixture f;
  const auto c = f.send("PUT", "/v1/catalog/register?dc=ignored",
                        R"({"Node":"n","Address":"1"})");
  REQUIRE(f.submits.size() == 1);
  CHECK(std::get<catalog::register_node>(last_command(f)).node.name == "n");
  f.answer_submit({}, "true");
  CHECK(c->status() == 200);
  CHECK(c->body() == "true");

  const auto refused = f.send("PUT", "/v1/catalog/register",
                              R"({"Node":"n","Address":"1",)"
                              R"("Check":{"Name":"c","ServiceID":"s"}})");
  f.answer_submit(errc::rejected,
                  "failed inserting check: Missing service registration on "
                  "node \"n\"");
  CHECK(refused->status() == 500);
  CHECK(refused->body()
        == "failed inserting check: Missing service registration on node "
           "\"n\"");

  CHECK(f.send("PUT", "/v1/catalog/register", "{")->status() == 400);
  CHECK(f.send("PUT", "/v1/catalog/register", "{}")->status() == 500);
  CHECK(f.submits.size() == 2);
}

TEST_CASE("catalog_handlers: deregistrations become commands", "[http][api]") {
  handler_fixture f;
  const auto c =
    f.send("PUT", "/v1/catalog/deregister", R"({"Node":"n","ServiceID":"s"})");
  const auto& command = std::get<catalog::deregister_node>(last_command(f));
  CHECK(command.node == "n");
  CHECK(command.service_id == "s");
  f.answer_submit({}, "true");
  CHECK(c->body() == "true");
}

} // namespace praetor::http
