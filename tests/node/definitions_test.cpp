// Goal: definitions in files get the ids, names and defaults that Consul gives
// them, and impossible ones are refused with its sentence.
// Method: settings in, messages or texts out.

#include "runtime/node/definitions.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace std::chrono_literals;

namespace {

config::settings with_service(config::service_definition x) {
  config::settings out;
  out.services.push_back(std::move(x));
  return out;
}

config::check_definition ttl_check() {
  config::check_definition out;
  out.ttl = 10s;
  return out;
}

} // namespace

TEST_CASE("definitions: checks of a service get ids and names",
          "[node][core]") {
  config::service_definition web;
  web.name = "web";
  SECTION("a single one") {
    web.checks = {ttl_check()};
    const auto out = node::definitions_of(with_service(web));
    REQUIRE(out);
    const auto& entry = out->services.at(0);
    CHECK(entry.service.id == "web");
    CHECK(entry.from == agent::origin::file);
    CHECK(entry.checks.at(0).id == "service:web");
    CHECK(entry.checks.at(0).name == "Service 'web' check");
    CHECK(entry.checks.at(0).service_id == "web");
  }
  SECTION("several") {
    web.id = "web1";
    web.checks = {ttl_check(), ttl_check()};
    const auto out = node::definitions_of(with_service(web));
    REQUIRE(out);
    CHECK(out->services.at(0).checks.at(0).id == "service:web1:1");
    CHECK(out->services.at(0).checks.at(1).id == "service:web1:2");
  }
}

TEST_CASE("definitions: what cannot be is refused", "[node][core]") {
  config::service_definition a;
  a.name = "a";
  config::check_definition bad;
  bad.http = "http://127.0.0.1/";
  a.checks = {bad};
  auto out = node::definitions_of(with_service(a));
  REQUIRE(!out);
  CHECK(out.error().context
        == "Failed to validate checks for service \"a\": Interval must be > 0 "
           "for Script, HTTP, or TCP checks");
  a.checks.clear();
  a.weights = config::service_weights{0, 1};
  out = node::definitions_of(with_service(a));
  REQUIRE(!out);
  CHECK(out.error().context.find("Passing must be greater than 0")
        != std::string::npos);
  a.weights.reset();
  a.name.clear();
  out = node::definitions_of(with_service(a));
  REQUIRE(!out);
  CHECK(out.error().context == "Missing service name");
}

TEST_CASE("definitions: node checks need a name", "[node][core]") {
  config::settings x;
  x.checks.push_back(ttl_check());
  CHECK(!node::definitions_of(x));
  x.checks.front().name = "disk";
  const auto out = node::definitions_of(x);
  REQUIRE(out);
  CHECK(out->checks.at(0).check.id == "disk");
}
