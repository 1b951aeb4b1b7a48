// Goal: the HTTP API shows services and checks as Consul does, member by
// member.
// Method: bodies recorded from Consul 1.8.7, compact.

#include "actors/agent/core/local_json.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::agent;
using namespace std::chrono_literals;

namespace {

struct fixture {
  local_state state{named()};

  static local_options named() {
    local_options out;
    out.node = "ref";
    return out;
  }

  fixture() {
    agent::register_service web;
    web.service.id = "web";
    web.service.name = "web";
    web.service.tags = {"a"};
    web.service.port = 80;
    web.service.address = "10.0.0.1";
    web.service.meta = catalog::string_map{{"k", "v"}};
    REQUIRE(state.register_service(web, {}));
  }

  void add_check(const char* id, const char* status_text,
                 const char* service_id = "") {
    health::check_plan plan;
    plan.id = id;
    plan.name = id;
    plan.status = status_text;
    plan.service_id = service_id;
    plan.how.ttl = 60s;
    REQUIRE(state.register_check({plan, origin::api, {}}, {}));
  }
};

const std::string web_head =
  R"({"ID":"web","Service":"web","Tags":["a"],"Meta":{"k":"v"},"Port":80,)"
  R"("Address":"10.0.0.1","TaggedAddresses":{"lan_ipv4":{"Address":)"
  R"("10.0.0.1","Port":80},"wan_ipv4":{"Address":"10.0.0.1","Port":80}},)"
  R"("Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false)";

} // namespace

TEST_CASE_METHOD(fixture, "local_json: services have Consul's members",
                 "[agent][core]") {
  CHECK(encode_services(state.services()) == "{\"web\":" + web_head + "}}");
  CHECK(encode_services({}) == "{}");

  catalog::service_row empty;
  empty.id = "e";
  empty.name = "e";
  CHECK(encode_service(empty, "")
        == R"({"ID":"e","Service":"e","Tags":[],"Meta":{},"Port":0,)"
           R"("Address":"","Weights":{"Passing":1,"Warning":1},)"
           R"("EnableTagOverride":false})");
  auto native = empty;
  native.connect_native = true;
  CHECK(encode_service(native, "").ends_with(R"(,"Connect":{"Native":true}})"));
  auto proxy = empty;
  proxy.kind = "connect-proxy";
  proxy.proxy_json = R"("DestinationServiceName":"web")";
  CHECK(
    encode_service(proxy, "d0")
      .ends_with(
        R"("EnableTagOverride":false,"ContentHash":"d0","Proxy":{)"
        R"("DestinationServiceName":"web","MeshGateway":{},"Expose":{}}})"));
  CHECK(encode_service(proxy, "").starts_with(R"({"Kind":"connect-proxy",)"));
}

TEST_CASE_METHOD(fixture, "local_json: the hash moves with the content only",
                 "[agent][core]") {
  auto row = state.services().at("web").row;
  const auto hash = content_hash(row);
  CHECK(hash.size() == 16);
  row.modify_index = 9;
  CHECK(content_hash(row) == hash);
  row.port = 81;
  CHECK(content_hash(row) != hash);
}

TEST_CASE_METHOD(fixture, "local_json: checks have Consul's members",
                 "[agent][core]") {
  CHECK(encode_checks({}) == "{}");
  add_check("c", "warning", "web");
  CHECK(encode_checks(state.checks())
        == R"({"c":{"Node":"ref","CheckID":"c","Name":"c",)"
           R"("Status":"warning","Notes":"","Output":"","ServiceID":"web",)"
           R"("ServiceName":"web","ServiceTags":["a"],"Type":"ttl",)"
           R"("Definition":{},"CreateIndex":0,"ModifyIndex":0}})");
}

TEST_CASE_METHOD(fixture, "local_json: the worst check decides on health",
                 "[agent][core]") {
  CHECK(health_by_id(state, "web").status == "passing");
  add_check("p", "passing");
  CHECK(health_by_id(state, "web").status == "passing");
  add_check("w", "warning", "web");
  CHECK(health_by_id(state, "web").status == "warning");
  add_check("c", "critical"); // of the node: counts as well
  CHECK(health_by_id(state, "web").status == "critical");
  REQUIRE(state.maintain_service("web", true, "", {}));
  CHECK(health_by_id(state, "web").status == "maintenance");
  CHECK(health_by_name(state, "web").status == "maintenance");
}

TEST_CASE_METHOD(fixture, "local_json: health bodies spell everything out",
                 "[agent][core]") {
  add_check("n", "passing");
  const auto one =
    R"({"AggregatedStatus":"passing","Service":)" + web_head
    + R"(},"Checks":[{"Node":"ref","CheckID":"n","Name":"n",)"
      R"("Status":"passing","Notes":"","Output":"","ServiceID":"",)"
      R"("ServiceName":"","ServiceTags":null,"Type":"","Definition":{)"
      R"("Interval":"0s","Timeout":"0s",)"
      R"("DeregisterCriticalServiceAfter":"0s","HTTP":"","Header":null,)"
      R"("Method":"","Body":"","TLSSkipVerify":false,"TCP":""},)"
      R"("CreateIndex":0,"ModifyIndex":0}]})";
  CHECK(*health_by_id(state, "web").body == one);
  CHECK(*health_by_name(state, "web").body == "[" + one + "]");

  const auto none = health_by_id(state, "x");
  CHECK_FALSE(none.exists);
  CHECK(*none.body
        == R"({"AggregatedStatus":"critical","Service":null,"Checks":null})");
  CHECK_FALSE(health_by_name(state, "x").exists);
  CHECK(*health_by_name(state, "x").body == "[]");
}

TEST_CASE_METHOD(fixture, "local_json: counts and members", "[agent][core]") {
  add_check("c", "passing");
  CHECK(count(state).services == 1);
  CHECK(count(state).checks == 1);
  CHECK(count(state).check_ttls == 1);
  CHECK(count(state).check_monitors == 0);
  CHECK(encode_members({"ref", "127.0.0.1", 31002, {{"acls", "0"}}})
        == R"([{"Name":"ref","Addr":"127.0.0.1","Port":31002,)"
           R"("Tags":{"acls":"0"},"Status":1,"ProtocolMin":1,)"
           R"("ProtocolMax":5,"ProtocolCur":2,"DelegateMin":2,)"
           R"("DelegateMax":5,"DelegateCur":4}])");
}

TEST_CASE("local_json: members have Serf's numbers for their status",
          "[agent][core]") {
  using gossip::member_status;
  const auto one = [](const char* name, member_status status) {
    gossip::member_facts x;
    x.name = name;
    x.at = {"127.0.0.2", 8301};
    x.tags = {{"role", "node"}};
    return gossip::pool_member{std::make_shared<const gossip::member_facts>(x),
                               status};
  };
  const auto body = encode_members(
    {one("a", member_status::alive), one("b", member_status::leaving),
     one("c", member_status::left), one("d", member_status::failed)});
  std::string want = "[";
  for (const auto* x : {"a1", "b2", "c3", "d4"})
    want += std::string{want.size() > 1 ? "," : ""} + R"({"Name":")" + x[0]
            + R"(","Addr":"127.0.0.2","Port":8301,"Tags":{"role":"node"},)"
            + R"("Status":)" + x[1]
            + R"(,"ProtocolMin":1,"ProtocolMax":5,"ProtocolCur":2,)"
              R"("DelegateMin":2,"DelegateMax":5,"DelegateCur":4})";
  CHECK(body == want + "]");
  CHECK(encode_members(std::vector<gossip::pool_member>{}) == "[]");
}
