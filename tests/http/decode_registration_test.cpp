// Goal: registrations are understood, completed and refused as by Consul.
// Method: bodies with the answers that Consul 1.8.7 gave to them; the code says
// whether that was 400 (invalid_argument) or 500 (rejected).

#include "api/http/registration_decode.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace praetor::http {

namespace {

using namespace std::chrono_literals;

struct row {
  const char* body;
  int status;
  const char* why;
};

int status_of(const error& e) {
  return e.code == errc::invalid_argument ? 400
         : e.code == errc::rejected       ? 500
                                          : 0;
}

constexpr const char* two_proxy_errors =
  "2 errors occurred:\n\t* Proxy.DestinationServiceName must be non-empty for "
  "Connect proxy services\n\t* Port must be set for a Connect proxy\n\n";

const row service_refusals[] = {
  {"", 400, "Request decode failed: EOF"},
  {"null", 400, "Missing service name"},
  {"{}", 400, "Missing service name"},
  {R"({"Name":"x","Bogus":1})", 400,
   "Request decode failed: json: unknown field \"Bogus\""},
  {R"({"Name":"x","Namespace":"a"})", 400,
   "Request decode failed: json: unknown field \"Namespace\""},
  {R"({"Name":"x","Check":{"Script":"x"}})", 400,
   "Request decode failed: json: unknown field \"Script\""},
  {R"({"Name":"x","Check":{"TTL":"abc"}})", 400,
   "Request decode failed: time: invalid duration \"abc\""},
  {R"({"Name":"x","Weights":{"Bogus":1}})", 400,
   "Request decode failed: json: unknown field \"Bogus\""},
  {R"({"Name":"x","Proxy":{"mesh_gateway":{}}})", 400,
   "Request decode failed: json: unknown field \"mesh_gateway\""},
  {R"({"Name":"x","Proxy":{"Expose":{"Bogus":1}}})", 400,
   "Request decode failed: json: unknown field \"Bogus\""},
  {R"({"Name":"x","Connect":{"SidecarService":{"Bogus":1}}})", 400,
   "Request decode failed: json: unknown field \"Bogus\""},
  {R"({"Name":"x","Address":"0.0.0.0","Weights":{}})", 400,
   "Invalid service address"},
  {R"({"Name":"x","Address":"::"})", 400, "Invalid service address"},
  {R"({"Name":"x","Weights":{},"Meta":{"":"v"}})", 400,
   "Invalid Weights: Passing must be greater than 0"},
  {R"({"Name":"x","Weights":{"Passing":1,"Warning":-1}})", 400,
   "Invalid Weights: Warning must be greater or equal than 0"},
  {R"({"Name":"x","Weights":{"Passing":70000}})", 400,
   "Invalid Weights: DNS Weight must be between 0 and 65535"},
  {R"({"Name":"x","Kind":"connect-proxy","Meta":{"":"v"}})", 400,
   "Invalid Service Meta: Couldn't load metadata pair ('', 'v'): Key cannot be "
   "blank"},
  {R"({"Name":"x","Meta":{"a b":"c"}})", 400,
   "Invalid Service Meta: Couldn't load metadata pair ('a b', 'c'): Key "
   "contains invalid characters"},
  {R"({"Name":"x","Meta":{"consul-x":"c"}})", 400,
   "Invalid Service Meta: Couldn't load metadata pair ('consul-x', 'c'): Key "
   "prefix 'consul-' is reserved for internal use"},
  {R"({"Name":"x","Kind":"connect-proxy","Check":{"Notes":"x"}})", 400,
   two_proxy_errors},
  {R"({"Name":"x","Kind":"mesh-gateway"})", 400,
   "1 error occurred:\n\t* Port must be non-zero for a mesh-gateway\n\n"},
  {R"({"Name":"x","Kind":"mesh-gateway","Port":3,
       "Proxy":{"DestinationServiceName":"w"}})",
   400,
   "1 error occurred:\n\t* The Proxy.DestinationServiceName configuration is "
   "invalid for a mesh-gateway\n\n"},
  {R"({"Name":"p","Kind":"connect-proxy","Port":3,"Proxy":{
       "DestinationServiceName":"w"},"Connect":{"Native":true}})",
   400,
   "1 error occurred:\n\t* A Proxy cannot also be Connect Native, only typical "
   "services\n\n"},
  {R"({"Name":"p","Kind":"connect-proxy","Port":3,"Proxy":{
       "DestinationServiceName":"w","Upstreams":[
       {"DestinationName":"","LocalBindPort":5},{"DestinationName":"v"},
       {"DestinationName":"v","LocalBindPort":6},
       {"DestinationName":"v","LocalBindPort":6},
       {"DestinationName":"z","LocalBindPort":6}]}})",
   400,
   "4 errors occurred:\n\t* upstream destination name cannot be empty\n\t* "
   "upstream local bind port cannot be zero\n\t* upstreams cannot contain "
   "duplicates of [type=\"service\", name=\"v\", namespace=\"\", "
   "datacenter=\"\"]\n\t* upstreams cannot contain duplicates by local bind "
   "address and port; \"127.0.0.1:6\" is specified twice\n\n"},
  {R"({"Name":"x","Connect":{"SidecarService":{"ID":"z"}}})", 400,
   "1 error occurred:\n\t* A SidecarService cannot specify an ID as this is "
   "managed by the agent\n\n"},
  {R"({"Name":"x","Connect":{"SidecarService":{"Connect":
       {"SidecarService":{}}}}})",
   400,
   "1 error occurred:\n\t* A SidecarService cannot have a nested "
   "SidecarService\n\n"},
  {R"({"Name":"x","Checks":[{}]})", 400,
   "Invalid check: TTL must be > 0 for TTL checks"},
  {R"({"Name":"x","Check":{"TTL":"10s","Interval":"1s"}})", 400,
   "Invalid check: Interval and TTL cannot both be specified"},
  {R"({"Name":"x","Check":{"HTTP":"x"}})", 400,
   "Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks"},
  {R"({"Name":"x","Check":{"GRPC":"x","AliasNode":"y","Interval":"1s"}})", 400,
   "Invalid check: Interval cannot be set for Alias checks"},
  {R"({"Name":"x","Check":{"AliasService":"y","TTL":"1s"}})", 400,
   "Invalid check: TTL must be not be set for Alias checks"},
  {R"({"Name":"x","Check":{"TCP":"x","Interval":1,"OutputMaxSize":-1}})", 400,
   "Invalid check: MaxOutputMaxSize must be positive"},
  {R"({"Name":"x","Check":{"TTL":"1s","Status":"maintenance"},
       "TaggedAddresses":{"lan_ipv4":{"Address":"::1"}}})",
   400, "Status for checks must 'passing', 'warning', 'critical'"},
  {R"({"Name":"x","TaggedAddresses":{"lan_ipv4":{"Address":"::1"}}})", 500,
   "Service tagged address \"lan_ipv4\" must be a valid ipv4 address"},
  {R"({"Name":"x","tagged_addresses":{"wan_ipv6":{"Address":"zz"}}})", 500,
   "Service tagged address \"wan_ipv6\" must be a valid ipv6 address"},
};

const row check_refusals[] = {
  {"", 400, "Request decode failed: EOF"},
  {R"({"ID":"a"})", 400, "Missing check name"},
  {R"({"Name":"a","Status":"x"})", 400, "Bad check status"},
  {R"({"Name":"a"})", 400, "Invalid check: TTL must be > 0 for TTL checks"},
  {R"({"Name":"a","CheckID":"x","TTL":"1h"})", 400,
   "Request decode failed: json: unknown field \"CheckID\""},
  {R"({"Name":"a","TTL":"1h","ProxyHTTP":"z"})", 400,
   "Request decode failed: json: unknown field \"ProxyHTTP\""},
};

const row node_refusals[] = {
  {"", 400, "Request decode failed: EOF"},
  {R"({"Node":"y","Namespace":"x"})", 400,
   "Request decode failed: json: unknown field \"Namespace\" - Namespaces are "
   "a Consul Enterprise feature"},
  {R"({"Node":"y","Service":{"Name":"q"}})", 400,
   "Request decode failed: json: unknown field \"Name\""},
  {R"({"Node":"y","Service":{"enable_tag_override":true}})", 400,
   "Request decode failed: json: unknown field \"enable_tag_override\""},
  {R"({"Node":"y","Check":{"Definition":{"Interval":"q"}}})", 400,
   "Request decode failed: time: invalid duration \"q\""},
  {R"({"Datacenter":"zz"})", 500, "No path to datacenter"},
  {"{}", 500, "Must provide node"},
  {R"({"Node":"x"})", 500, "Must provide address if SkipNodeUpdate is not set"},
  {R"({"Node":"x","SkipNodeUpdate":true,"ID":"abc"})", 500,
   "Bad node ID: uuid string is wrong length"},
  {R"({"Node":"y","Address":"1","ID":"zzcdef01-0ed5-5cf9-2b95-cfb728a54101"})",
   500, "Bad node ID: encoding/hex: invalid byte: U+007A 'z'"},
  {R"({"Node":"y","Address":"1","Service":{}})", 500,
   "failed inserting service: failed inserting service: object missing primary "
   "index"},
  {R"({"Node":"y","Address":"1","Service":{"ID":"a"}})", 500,
   "Must provide service name with ID"},
  {R"({"Node":"y","Address":"1","Service":{"Service":"a","Address":"0.0.0.0"}})",
   500, "Invalid service address"},
  {R"({"Node":"y","Address":"1","Service":{"Service":"a","Address":"::",
       "Kind":"connect-proxy"}})",
   500, two_proxy_errors},
  {R"({"Node":"y","Address":"1","Service":{"Service":"a","Meta":{"a b":"c"}}})",
   500,
   "failed inserting service: Invalid Service Meta for node y and serviceID a: "
   "Couldn't load metadata pair ('a b', 'c'): Key contains invalid characters"},
  {R"({"Node":"y","Address":"1","Check":{"Node":"z","Name":"c"}})", 500,
   "check node \"z\" does not match node \"y\""},
  {R"({"Node":"y","Address":"1","Check":{}})", 500,
   "failed inserting check: failed inserting check: object missing primary "
   "index on node \"y\""},
};

template <std::size_t N, class Decode>
void check_refusals_of(const row (&rows)[N], Decode decode) {
  for (const auto& r : rows)
    DYNAMIC_SECTION(r.body) {
      const auto decoded = decode(r.body);
      REQUIRE_FALSE(decoded);
      CHECK(status_of(decoded.error()) == r.status);
      CHECK(decoded.error().context == r.why);
    }
}

} // namespace

TEST_CASE("registration_decode: an agent refuses services in Consul's order",
          "[http][core]") {
  check_refusals_of(service_refusals, [](const char* body) {
    return decode_service_registration(body);
  });
}

TEST_CASE("registration_decode: an agent refuses checks in Consul's order",
          "[http][core]") {
  check_refusals_of(check_refusals, [](const char* body) {
    return decode_check_registration(body);
  });
}

TEST_CASE("registration_decode: the catalog refuses in Consul's order",
          "[http][core]") {
  check_refusals_of(node_refusals, [](const char* body) {
    return decode_node_registration(body, "dc1");
  });
}

TEST_CASE("registration_decode: a service gets its defaults", "[http][core]") {
  const auto x = decode_service_registration(
    R"({"name":"web","Tags":["a"],"Address":"10.0.0.1","Port":80,"Token":"t",
        "Check":{"TTL":"10s","Status":"passing"},
        "Checks":[{"HTTP":"h","Interval":1000,"CheckID":"mine","Name":"n",
                   "tls_skip_verify":true,"header":{"a":["b"]}}]})");
  REQUIRE(x);
  const auto& service = x->service.service;
  CHECK(service.id == "web");
  CHECK(service.weight_passing == 1);
  CHECK(service.weight_warning == 1);
  CHECK_FALSE(service.meta);
  CHECK(service.tagged_addresses.at("lan_ipv4").address == "10.0.0.1");
  CHECK(service.tagged_addresses.at("wan_ipv4").port == 80);
  CHECK(x->service.token == "t");
  REQUIRE(x->service.checks.size() == 2);
  const auto& first = x->service.checks[0];
  CHECK(first.id == "service:web:1");
  CHECK(first.name == "Service 'web' check");
  CHECK(first.service_id == "web");
  CHECK(first.status == "passing");
  CHECK(first.how.ttl == 10s);
  const auto& second = x->service.checks[1];
  CHECK(second.id == "mine");
  CHECK(second.name == "n");
  CHECK(second.how.interval == 1000ns);
  CHECK(second.how.tls_skip_verify);
  CHECK_FALSE(x->sidecar);
}

TEST_CASE("registration_decode: one check has no number, none is none",
          "[http][core]") {
  const auto one = decode_service_registration(
    R"({"Name":"w","ID":"w1","Check":{"TTL":"1s"}})");
  REQUIRE(one);
  REQUIRE(one->service.checks.size() == 1);
  CHECK(one->service.checks[0].id == "service:w1");
  const auto none =
    decode_service_registration(R"({"Name":"w","Check":{"ServiceID":"z"}})");
  REQUIRE(none);
  CHECK(none->service.checks.empty());
}

TEST_CASE("registration_decode: given weights and tagged addresses stay",
          "[http][core]") {
  const auto x = decode_service_registration(
    R"({"Name":"w","Address":"::1","Weights":{"Passing":5},
        "enable_tag_override":true,
        "tagged_addresses":{"lan_ipv6":{"Address":"::2","Port":3}}})");
  REQUIRE(x);
  const auto& service = x->service.service;
  CHECK(service.weight_passing == 5);
  CHECK(service.weight_warning == 0);
  CHECK(service.enable_tag_override);
  CHECK(service.tagged_addresses.at("lan_ipv6").address == "::2");
  CHECK(service.tagged_addresses.at("wan_ipv6").address == "::1");
}

TEST_CASE("registration_decode: a proxy becomes canonical JSON",
          "[http][core]") {
  const auto x = decode_service_registration(
    R"({"Name":"p","Kind":"connect-proxy","Port":3,"proxy":{
        "destination_service_name":"w","DestinationServiceID":"w1",
        "local_service_address":"1.2.3.4","LocalServicePort":8,
        "Config":{"z":1,"a":1.50},"MeshGateway":{"mode":"remote"},
        "Upstreams":[{"destination_name":"u","local_bind_port":5},
          {"DestinationType":"prepared_query","DestinationName":"v",
           "Datacenter":"d","LocalBindAddress":"3.3.3.3","LocalBindPort":6,
           "Config":{"q":"r"}}]}})");
  REQUIRE(x);
  const auto& service = x->service.service;
  CHECK(service.proxy_destination == "w");
  CHECK(service.proxy_json
        == R"("DestinationServiceName":"w","DestinationServiceID":"w1",)"
           R"("LocalServiceAddress":"1.2.3.4","LocalServicePort":8,)"
           R"("Config":{"a":1.5,"z":1},"Upstreams":[)"
           R"({"DestinationType":"service","DestinationName":"u",)"
           R"("Datacenter":"","LocalBindPort":5,"Config":null,)"
           R"("MeshGateway":{}},{"DestinationType":"prepared_query",)"
           R"("DestinationName":"v","Datacenter":"d",)"
           R"("LocalBindAddress":"3.3.3.3","LocalBindPort":6,)"
           R"("Config":{"q":"r"},"MeshGateway":{}}])");
}

TEST_CASE("registration_decode: a sidecar takes over from its service",
          "[http][core]") {
  auto x = decode_service_registration(
    R"({"Name":"web","ID":"web1","Port":99,"Tags":["t"],
        "Connect":{"sidecar_service":{}}})");
  REQUIRE(x);
  REQUIRE(x->sidecar);
  CHECK(x->sidecar->service.port == 0);
  complete_sidecar(*x->sidecar, 21003);
  const auto& sidecar = x->sidecar->service;
  CHECK(sidecar.id == "web1-sidecar-proxy");
  CHECK(sidecar.name == "web-sidecar-proxy");
  CHECK(sidecar.kind == "connect-proxy");
  CHECK(sidecar.port == 21003);
  CHECK(sidecar.tags == std::vector<std::string>{"t"});
  CHECK(sidecar.proxy_json
        == R"("DestinationServiceName":"web","DestinationServiceID":"web1",)"
           R"("LocalServiceAddress":"127.0.0.1","LocalServicePort":99)");
  REQUIRE(x->sidecar->checks.size() == 2);
  CHECK(x->sidecar->checks[0].id == "service:web1-sidecar-proxy:1");
  CHECK(x->sidecar->checks[0].how.tcp == "127.0.0.1:21003");
  CHECK(x->sidecar->checks[1].name == "Connect Sidecar Aliasing web1");
  CHECK(x->sidecar->checks[1].how.alias_service == "web1");
}

TEST_CASE("registration_decode: a check of its own gets its defaults",
          "[http][core]") {
  const auto x = decode_check_registration(
    R"({"Name":"mem","args":["a","b"],"Interval":"60s","service_id":"web",
        "Token":"t","SuccessBeforePassing":2,
        "deregister_critical_service_after":"70m"})");
  REQUIRE(x);
  CHECK(x->check.id == "mem");
  CHECK(x->check.service_id == "web");
  CHECK(x->check.how.script_args == std::vector<std::string>{"a", "b"});
  CHECK(x->check.how.deregister_after == 70min);
  CHECK(x->check.success_before_passing == 2);
  CHECK(runs_script(x->check));
}

TEST_CASE("registration_decode: a node with service and checks is completed",
          "[http][core]") {
  const auto x = decode_node_registration(
    R"({"Node":"n","Address":"1","NodeMeta":{},
        "Service":{"Service":"s","Weights":{"Passing":0,"Warning":7},
                   "Connect":{"Native":true,"Bogus":1},"ModifyIndex":5},
        "Check":{"Name":"last"},
        "Checks":[{"CheckID":"c","Status":"odd","ServiceID":"s",
                   "Definition":{"Bogus":1,"Interval":"10s","TTL":7,
                                 "http":"h","GRPC":"g"}}]})",
    "dc1");
  REQUIRE(x);
  CHECK(x->node.datacenter == "dc1");
  REQUIRE(x->node.meta);
  CHECK_FALSE(x->node.tagged_addresses);
  REQUIRE(x->service);
  CHECK(x->service->id == "s");
  CHECK(x->service->node == "n");
  CHECK(x->service->weight_passing == 1);
  CHECK(x->service->weight_warning == 1);
  CHECK(x->service->connect_native);
  CHECK(x->service->modify_index == 0);
  REQUIRE(x->checks.size() == 2);
  CHECK(x->checks[0].status == "odd");
  CHECK(x->checks[0].type == "grpc");
  CHECK(x->checks[0].definition.ttl == 7ns);
  CHECK(x->checks[1].id == "last");
  CHECK(x->checks[1].node == "n");
  CHECK(x->checks[1].status == "critical");
  CHECK(x->checks[1].type.empty());
}

TEST_CASE("registration_decode: deregistration needs a node", "[http][core]") {
  const auto x = decode_node_deregistration(
    R"({"Node":"n","ServiceID":"s","CheckID":"c","Address":"ignored"})", "dc1");
  REQUIRE(x);
  CHECK(x->node == "n");
  CHECK(x->service_id == "s");
  CHECK(x->check_id == "c");
  CHECK(decode_node_deregistration("{}", "dc1").error().context
        == "Must provide node");
  CHECK(
    decode_node_deregistration(R"({"Datacenter":"x"})", "dc1").error().context
    == "No path to datacenter");
}

TEST_CASE("registration_decode: objects of transactions keep ModifyIndex",
          "[http][core]") {
  const auto parsed = parse_json(
    R"({"N":{"Node":"n","Meta":{"a":"b"},"ModifyIndex":7},
        "S":{"ID":"s","Service":"s","Weights":{"Passing":2,"Warning":3},
             "ModifyIndex":8},
        "C":{"Node":"n","CheckID":"c","Definition":{"Timeout":"1s"},
             "ModifyIndex":9}})");
  REQUIRE(parsed);
  catalog::node_row node;
  REQUIRE(take_node_row((*parsed)["N"], "Node", node));
  CHECK(node.modify_index == 7);
  catalog::service_row service;
  REQUIRE(take_service_row((*parsed)["S"], "Service", service));
  CHECK(service.weight_warning == 3);
  CHECK(service.modify_index == 8);
  catalog::check_row check;
  REQUIRE(take_check_row((*parsed)["C"], "Check", check));
  CHECK(check.definition.timeout == 1s);
  CHECK(check.modify_index == 9);
}

} // namespace praetor::http
