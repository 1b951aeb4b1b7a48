// Goal: arguments of functions become the names and requests of the original.
// Method: tables of arguments; names and paths as consul-template logs them.

#include "actors/template/core/dependencies.hpp"

#include <catch2/catch.hpp>

namespace praetor::templates {

namespace {

using dk = dependency_kind;

struct row {
  dependency_kind what;
  const char* argument;
  const char* name;
  const char* path;
};

const row accepted[] = {
  {dk::service, "web", "health.service(web|passing)",
   "/v1/health/service/web?passing=1"},
  {dk::service, "v1.web@dc1~n1|passing,any",
   "health.service(v1.web@dc1~n1|any,passing)",
   "/v1/health/service/web?dc=dc1&near=n1&tag=v1"},
  {dk::service, "a.b.c.web", "health.service(a.b.c.web|passing)",
   "/v1/health/service/web?passing=1&tag=a.b.c"},
  {dk::service, "web?ns=x", "health.service(web@ns=x|passing)",
   "/v1/health/service/web?ns=x&passing=1"},
  {dk::connect, "web", "health.connect(web|passing)",
   "/v1/health/connect/web?passing=1"},
  {dk::services, "", "catalog.services", "/v1/catalog/services"},
  {dk::services, "@dc2", "catalog.services(@dc2)",
   "/v1/catalog/services?dc=dc2"},
  {dk::nodes, "@dc1~n1", "catalog.nodes(@dc1~n1)",
   "/v1/catalog/nodes?dc=dc1&near=n1"},
  {dk::node, "", "catalog.node", "/v1/catalog/node/self"},
  {dk::node, "n1@dc1", "catalog.node(n1@dc1)", "/v1/catalog/node/n1?dc=dc1"},
  {dk::key_value, "/a/b c", "kv.block(a/b c)", "/v1/kv/a/b%20c"},
  {dk::key_lookup, "a@dc1", "kv.get(a@dc1)", "/v1/kv/a?dc=dc1"},
  {dk::key_list, "app/", "kv.list(app/)", "/v1/kv/app/?recurse="},
  {dk::file, "/etc/hosts", "file(/etc/hosts)", ""},
  {dk::ca_leaf, "web", "connect.caleaf(web)", "/v1/agent/connect/ca/leaf/web"},
  {dk::datacenters, "", "catalog.datacenters", "/v1/catalog/datacenters"},
};

struct refused_row {
  dependency_kind what;
  const char* argument;
  const char* error;
};

const refused_row refused[] = {
  {dk::service, "we/b", "health.service: invalid format: \"we/b\""},
  {dk::service, "web|bogus",
   "health.service: invalid filter: \"bogus\" in \"web|bogus\""},
  {dk::services, "dc1", "catalog.services: invalid format: \"dc1\""},
  {dk::key_value, "@dc1", "kv.get: invalid format: \"@dc1\""},
  {dk::node, "a/b", "catalog.node: invalid format: \"a/b\""},
};

} // namespace

TEST_CASE("dependencies: names and requests are the original's", "[template]") {
  for (const auto& x : accepted) {
    CAPTURE(x.argument);
    const auto parsed = parse_dependency(x.what, x.argument);
    REQUIRE(parsed);
    CHECK(parsed->name() == x.name);
    CHECK(request_path(*parsed, "self") == x.path);
  }
}

TEST_CASE("dependencies: bad arguments are refused with the same words",
          "[template]") {
  for (const auto& x : refused) {
    CAPTURE(x.argument);
    const auto parsed = parse_dependency(x.what, x.argument);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().context == x.error);
  }
  const auto query = parse_dependency(dk::service, "web?bogus=1");
  REQUIRE_FALSE(query);
  CHECK(query.error().context.starts_with(
    "health.service: invalid query parameter key \"bogus\" in query"));
}

TEST_CASE("dependencies: a key that does not exist is waited for",
          "[template]") {
  const auto waits = decode_answer(*parse_dependency(dk::key_value, "a"), {});
  REQUIRE(waits);
  CHECK_FALSE(waits->has_value());
  const auto known = decode_answer(*parse_dependency(dk::key_lookup, "a"), {});
  REQUIRE(known);
  CHECK(known->has_value());
  CHECK_FALSE(decode_answer(*parse_dependency(dk::key_lookup, "a"), "[{"));
}

} // namespace praetor::templates
