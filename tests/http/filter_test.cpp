// Goal: filters keep what Consul's would keep, and refuse selectors, operators
// and values with its words. Method: tables over a few elements of answers; the
// expectations were compared with Consul 1.8.7.

#include "api/http/filter.hpp"

#include "api/http/json_decode.hpp"

#include <catch2/catch.hpp>

namespace praetor::http::filter {

namespace {

constexpr const char* service_node =
  R"({"ID":"","Node":"web-1",)"
  R"("Address":"10.1.1.1","Datacenter":"dc1","TaggedAddresses":null,)"
  R"("NodeMeta":{"k":"v1","with-dash":"q"},"ServiceKind":"",)"
  R"("ServiceID":"web","ServiceName":"web","ServiceTags":["a","b"],)"
  R"("ServiceAddress":"","ServiceTaggedAddresses":{"lan":{"Address":"1.2.3.4",)"
  R"("Port":5}},"ServiceWeights":{"Passing":1,"Warning":2},)"
  R"("ServiceMeta":{"m":"x y"},"ServicePort":80,)"
  R"("ServiceEnableTagOverride":false,"ServiceProxy":{"Upstreams":[)"
  R"({"DestinationName":"z","LocalBindPort":3}],"MeshGateway":{},)"
  R"("Expose":{}},"ServiceConnect":{},"CreateIndex":7,"ModifyIndex":7})";

constexpr const char* bare_node = R"({"ID":"","Node":"n","ServiceTags":[],)"
                                  R"("ServiceMeta":{},"ServicePort":0})";

struct row {
  const char* expression;
  bool keeps_full;
  bool keeps_bare;
};

const row rows[] = {
  {"ServicePort == 80", true, false},
  {"ServicePort == `80`", true, false},
  {"ServicePort == \"0x50\"", true, false},
  {"ServicePort == \"0b1010000\"", true, false},
  {"ServicePort == \"050\"", false, false},
  {"ServicePort == \"1_000\"", false, false},
  {"ServicePort != 80", false, true},
  {"ServicePort == -1", false, false},
  {"Node == \"web-1\"", true, false},
  {"Node != \"web-1\"", false, true},
  {"Node contains eb", true, false},
  {"eb not in Node", false, true},
  {"Node matches `^web-[0-9]$`", true, false},
  {"Node matches e", true, false},
  {"Node not matches `^w`", false, true},
  {"ServiceTags contains a", true, false},
  {"a in ServiceTags", true, false},
  {"c in ServiceTags", false, false},
  {"\"a\" not in ServiceTags", false, true},
  {"ServiceTags not contains a", false, true},
  {"ServiceTags is empty", false, true},
  {"ServiceTags is not empty", true, false},
  {"NodeMeta contains k", true, false},
  {"v1 in NodeMeta", false, false},
  {"NodeMeta is empty", false, true},
  {"TaggedAddresses is empty", true, true},
  {"NodeMeta.k == v1", true, false},
  {"NodeMeta[\"with-dash\"] == q", true, false},
  {"NodeMeta.none == x", false, false},
  {"NodeMeta.none != x", true, true},
  {"v in NodeMeta.none", false, false},
  {"v not in NodeMeta.none", true, true},
  {"NodeMeta.none matches `.*`", true, true},
  {"NodeMeta.none not matches `.*`", true, true},
  {"ServiceMeta.m == \"x y\"", true, false},
  {"ServiceTaggedAddresses.lan.Port == 5", true, false},
  {"ServiceTaggedAddresses.wan.Port == 5", false, false},
  {"ServiceTaggedAddresses.lan.Address matches `^1`", true, true},
  {"ServiceWeights.Warning == 2", true, false},
  {"ServiceEnableTagOverride == false", true, true},
  {"ServiceEnableTagOverride != 0", false, false},
  {"ServiceConnect.Native == T", false, false},
  {"ServiceProxy.Upstreams.DestinationName == z", true, false},
  {"ServiceProxy.Upstreams.LocalBindPort != 3", false, false},
  {"ServiceProxy.Upstreams is empty", false, true},
  {"ServiceProxy.MeshGateway.Mode == ``", true, true},
  {"ServiceProxy.Expose.Paths is empty", true, true},
  {"not ServicePort == 80", false, true},
  {"ServicePort == 80 or ServicePort == 0", true, true},
  {"ServicePort == 80 and a in ServiceTags", true, false},
  {"not (ServicePort == 80 or a in ServiceTags)", false, true},
};

struct refused_row {
  const char* expression;
  const char* why;
};

const refused_row refused[] = {
  {"Bogus == 1", R"(Selector "Bogus" is not valid)"},
  {"ModifyIndex == 5", R"(Selector "ModifyIndex" is not valid)"},
  {"ServiceTags.x == 1", R"(Selector "ServiceTags.x" is not valid)"},
  {"NodeMeta.k.z == v1", R"(Selector "NodeMeta.k.z" is not valid)"},
  {"Node[\"x y\"].z == 1", R"(Selector "Node.x y" is not valid)"},
  {"ServiceProxy.Config.a == 1",
   R"(Selector "ServiceProxy.Config" is not valid)"},
  {"ServiceTags == a",
   R"(Invalid match operator "Equal" for selector "ServiceTags")"},
  {"ServiceTags != a",
   R"(Invalid match operator "Not Equal" for selector "ServiceTags")"},
  {"ServicePort contains 1",
   R"(Invalid match operator "In" for selector "ServicePort")"},
  {"1 not in ServicePort",
   R"(Invalid match operator "Not In" for selector "ServicePort")"},
  {"Node is empty", R"(Invalid match operator "Is Empty" for selector "Node")"},
  {"ServicePort is not empty",
   R"(Invalid match operator "Is Not Empty" for selector "ServicePort")"},
  {"ServicePort matches x",
   R"(Invalid match operator "Matches" for selector "ServicePort")"},
  {"ServicePort not matches x",
   R"(Invalid match operator "Not Matches" for selector "ServicePort")"},
  {"ServiceProxy == x",
   R"(Invalid match operator "Equal" for selector "ServiceProxy")"},
  {"ServiceTaggedAddresses.lan == 3",
   R"(Invalid match operator "Equal" for selector "ServiceTaggedAddresses.lan")"},
  {"ServicePort == abc",
   R"(Failed to coerce value "abc" for selector "ServicePort": strconv.ParseInt: parsing "abc": invalid syntax)"},
  {"ServicePort == \"\"",
   R"(Failed to coerce value "" for selector "ServicePort": strconv.ParseInt: parsing "": invalid syntax)"},
  {"ServicePort == 80.0",
   R"(Failed to coerce value "80.0" for selector "ServicePort": strconv.ParseInt: parsing "80.0": invalid syntax)"},
  {"ServicePort == 99999999999999999999",
   R"(Failed to coerce value "99999999999999999999" for selector "ServicePort": strconv.ParseInt: parsing "99999999999999999999": value out of range)"},
  {"ServiceEnableTagOverride == yes",
   R"(Failed to coerce value "yes" for selector "ServiceEnableTagOverride": strconv.ParseBool: parsing "yes": invalid syntax)"},
  {"Node matches `(`", "Failed to compile regular expression \"(\": error "
                       "parsing regexp: missing closing ): `(`"},
  {"Node matches `a**`",
   "Failed to compile regular expression \"a**\": error parsing regexp: "
   "invalid nested repetition operator: `**`"},
  {"Node matches `[z-a]`",
   "Failed to compile regular expression \"[z-a]\": error parsing regexp: "
   "invalid character class range: `z-a`"},
  {"Node matches `(?<x>a)`",
   "Failed to compile regular expression \"(?<x>a)\": error parsing regexp: "
   "invalid or unsupported Perl syntax: `(?<`"},
  {"not == 5 and", "1:13 (12): no match found, expected: [ \\t\\r\\n]"},
};

bool keeps(const predicate& p, const char* json) {
  const auto element = parse_json(json);
  REQUIRE(element);
  return p.matches(*element);
}

} // namespace

TEST_CASE("filter: each operator on each type gives Consul's answer",
          "[http][core]") {
  for (const auto& r : rows)
    DYNAMIC_SECTION(r.expression) {
      const auto p = compile(r.expression, service_node_schema());
      REQUIRE(p);
      CHECK(keeps(*p, service_node) == r.keeps_full);
      CHECK(keeps(*p, bare_node) == r.keeps_bare);
    }
}

TEST_CASE("filter: what cannot be evaluated is refused in Consul's words",
          "[http][core]") {
  for (const auto& r : refused)
    DYNAMIC_SECTION(r.expression) {
      const auto p = compile(r.expression, service_node_schema());
      REQUIRE_FALSE(p);
      CHECK(p.error().code == errc::rejected);
      CHECK(p.error().context
            == std::string{"Failed to create boolean expression evaluator: "}
                 + r.why);
    }
}

TEST_CASE("filter: a list of objects matches if any element does",
          "[http][core]") {
  const auto entry = [](const char* checks) {
    return std::string{R"({"Node":{"Node":"n"},"Service":{"Tags":["t"]},)"}
           + "\"Checks\":" + checks + "}";
  };
  const auto mixed = entry(R"([{"Status":"passing"},{"Status":"critical"}])");
  const auto none = entry("[]");
  const struct {
    const char* expression;
    bool keeps_mixed;
    bool keeps_none;
  } cases[] = {
    {"Checks.Status == passing", true, false},
    {"Checks.Status != passing", true, false},
    {"not Checks.Status == passing", false, true},
    {"Checks.Status == warning", false, false},
    {"Checks is empty", false, true},
    {"t in Service.Tags and Node.Node == n", true, true},
  };
  for (const auto& c : cases)
    DYNAMIC_SECTION(c.expression) {
      const auto p = compile(c.expression, health_entry_schema());
      REQUIRE(p);
      CHECK(keeps(*p, mixed.c_str()) == c.keeps_mixed);
      CHECK(keeps(*p, none.c_str()) == c.keeps_none);
    }
}

TEST_CASE("filter: every schema knows its members", "[http][core]") {
  CHECK(compile("Meta.a == b", node_schema()));
  CHECK_FALSE(compile("NodeMeta.a == b", node_schema()));
  CHECK(compile("Proxy.Upstreams is empty", service_schema()));
  CHECK(compile("ServiceTags contains x", check_schema()));
  CHECK_FALSE(compile("Definition.HTTP == x", check_schema()));
  CHECK(compile("Services.Tags is empty", ui_node_schema()));
  CHECK_FALSE(compile("Datacenter == dc1", ui_node_schema()));
}

TEST_CASE("filter: kept elements of an answer are passed on byte by byte",
          "[http][core]") {
  const auto p = compile("Port == 1", service_schema());
  REQUIRE(p);
  const struct {
    const char* body;
    const char* kept;
  } cases[] = {
    {R"([{"Port":1,"x":"],\"{"},{"Port":2},{"Port":1}])",
     R"([{"Port":1,"x":"],\"{"},{"Port":1}])"},
    {R"({"a":{"Port":2},"b\"":{"Port":1}})", R"({"b\"":{"Port":1}})"},
    {R"([{"Port":2}])", "[]"},
    {R"({"a":{"Port":2}})", "{}"},
    {"[]", "[]"},
    {"null", "null"},
  };
  for (const auto& c : cases)
    DYNAMIC_SECTION(c.body) {
      const auto body = keep_matching(*p, share(c.body));
      REQUIRE(body);
      CHECK(**body == c.kept);
    }
  for (const auto* broken : {"[", "[{]", "{\"a\"}", "[{\"Port\":1},]", "[,]"})
    CHECK_FALSE(keep_matching(*p, share(broken)));
}

TEST_CASE("filter: one member of an answer can be filtered", "[http][core]") {
  const auto p = compile("Port == 1", service_schema());
  REQUIRE(p);
  const struct {
    const char* body;
    const char* kept;
  } cases[] = {
    {R"({"Node":{"N":1},"Services":{"a":{"Port":1},"b":{"Port":2}},"Z":0})",
     R"({"Node":{"N":1},"Services":{"a":{"Port":1}},"Z":0})"},
    {R"({"Node":null,"Services":null})", R"({"Node":null,"Services":null})"},
    {"null", "null"},
  };
  for (const auto& c : cases)
    DYNAMIC_SECTION(c.body) {
      const auto body = keep_matching_in(*p, share(c.body), "Services");
      REQUIRE(body);
      CHECK(**body == c.kept);
    }
}

} // namespace praetor::http::filter
