// Goal: /v1/coordinate answers as Consul does, and ?near= reaches the catalog.
// Method: requests through the front door; the test answers for the actors.
// Texts were recorded from Consul 1.8.7.

#include "tests/http/handler_fixture.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::http;

namespace {

const std::string update = "/v1/coordinate/update";

} // namespace

TEST_CASE("coordinate: lists all, or one", "[http]") {
  handler_fixture f;
  const auto all = f.send("GET", "/v1/coordinate/nodes");
  REQUIRE(f.catalog_reads.size() == 1);
  CHECK(f.catalog_reads[0].query.kind == catalog::query_kind::coordinates);
  f.answer_catalog("[]", 7);
  CHECK(all->status() == 200);
  CHECK(all->header("X-Consul-Index") == "7");
  f.send("GET", "/v1/coordinate/node/n1");
  CHECK(f.catalog_reads.back().query.kind
        == catalog::query_kind::coordinate_of_node);
  CHECK(f.catalog_reads.back().query.name == "n1");
}

TEST_CASE("coordinate: an update goes into the log", "[http]") {
  handler_fixture f;
  const auto x =
    f.send("PUT", update,
           R"({"Node":"n1","Coord":{"Vec":[1,2,3,4,5,6,7,0.5],"Error":1.5,)"
           R"("Adjustment":-0.25,"Height":1e-05}})");
  REQUIRE(f.submits.size() == 1);
  const auto& rows = std::get<catalog::update_coordinates>(
                       std::get<catalog::command>(f.submits[0].command))
                       .rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].node == "n1");
  CHECK(rows[0].where
        == coordinate{{1, 2, 3, 4, 5, 6, 7, 0.5}, 1.5, -0.25, 1e-05});
  f.answer_submit({}, "");
  CHECK(x->status() == 200);
  CHECK(x->body().empty());
}

TEST_CASE("coordinate: refuses what is none", "[http]") {
  handler_fixture f;
  const auto wrong =
    f.send("PUT", update, R"({"Node":"n","Coord":{"Vec":[1]}})");
  CHECK(wrong->status() == 500);
  CHECK(wrong->body() == "incompatible coordinate");
  const auto broken = f.send("PUT", update, "");
  CHECK(broken->status() == 400);
  CHECK(broken->body() == "Request decode failed: EOF");
  CHECK(f.send("PUT", update, R"({"Coord":{"Vec":["x"]}})")->status() == 400);
  CHECK(f.submits.empty());
}

TEST_CASE("coordinate: can be switched off", "[http]") {
  handler_fixture f;
  f.to.facts.disable_coordinates = true;
  for (const auto* path : {"/v1/coordinate/nodes", "/v1/coordinate/node/x",
                           "/v1/coordinate/datacenters"}) {
    const auto x = f.send("GET", path);
    CHECK(x->status() == 401);
    CHECK(x->body() == "Coordinate support disabled");
  }
  CHECK(f.send("PUT", update, "{}")->status() == 401);
}

TEST_CASE("coordinate: lists can be sorted by distance", "[http]") {
  handler_fixture f;
  for (const auto* path :
       {"/v1/catalog/nodes", "/v1/catalog/service/s", "/v1/health/service/s",
        "/v1/health/checks/s", "/v1/health/state/any"}) {
    f.send("GET", std::string{path} + "?near=n1");
    CHECK(f.catalog_reads.back().query.near == "n1");
    f.send("GET", std::string{path} + "?near=_agent");
    CHECK(f.catalog_reads.back().query.near == f.to.facts.node_name);
  }
}
