// Goal: what is sent to registries and read from engine and registries has the
// forms of the originals; nonsense is refused or left out, with a word.
// Method: tables; bodies as gliderlabs/registrator 7.4 sends them, JSON as
// Docker Engine 20.10, Consul 1.8 and etcd 3.4 answer it.

#include "actors/registrator/core/consul_body.hpp"
#include "actors/registrator/core/container.hpp"
#include "actors/registrator/core/key_entries.hpp"
#include "actors/registrator/core/registry_uri.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::registrator;

namespace {

service web() {
  service out;
  out.id = "h:test-01:80";
  out.name = "nginx";
  out.ip = "192.168.41.32";
  out.port = 83;
  out.container_id = "e3fc91ef70590123";
  out.container_name = "test-01";
  out.container_port = 80;
  return out;
}

using texts = std::vector<std::string>;
using attributes = std::map<std::string, std::string>;

/// What a container asks for, and the check in the body.
struct check_row {
  const char* name;
  attributes given;
  const char* check;
};
const check_row check_rows[] = {
  {"http",
   {{"check_http", "/x"}},
   R"({"Interval":"10s","HTTP":"http://192.168.41.32:83/x"})"},
  {"http in full",
   {{"check_http", "/x"},
    {"check_timeout", "2s"},
    {"check_interval", "5s"},
    {"check_http_method", "HEAD"},
    {"check_initial_status", "passing"},
    {"check_deregister_after", "1m"}},
   R"({"Interval":"5s","Timeout":"2s","HTTP":"http://192.168.41.32:83/x",)"
   R"("Method":"HEAD","Status":"passing",)"
   R"("DeregisterCriticalServiceAfter":"1m"})"},
  {"https",
   {{"check_https", "/x"}, {"check_https_method", "POST"}},
   R"({"Interval":"10s","HTTP":"https://192.168.41.32:83/x",)"
   R"("Method":"POST"})"},
  {"https without verification",
   {{"check_https", "/"}, {"check_tls_skip_verify", "true"}},
   R"({"Interval":"10s","HTTP":"https://192.168.41.32:83/",)"
   R"("TLSSkipVerify":true})"},
  {"a header",
   {{"check_http", "/"}, {"check_header", "Host: a.b"}},
   R"({"Interval":"10s","HTTP":"http://192.168.41.32:83/",)"
   R"("Header":{"Host":["a.b"]}})"},
  {"cmd",
   {{"check_cmd", "/c"}},
   R"({"ScriptArgs":["check-cmd","e3fc91ef7059","80","/c"],)"
   R"("Interval":"10s"})"},
  {"script",
   {{"check_script", "curl $SERVICE_IP:$SERVICE_PORT"}},
   R"({"ScriptArgs":["/bin/sh","-c","curl 192.168.41.32:83"],)"
   R"("Interval":"10s"})"},
  {"ttl has no interval",
   {{"check_ttl", "30s"}, {"check_interval", "1s"}},
   R"({"TTL":"30s"})"},
  {"tcp",
   {{"check_tcp", "true"}, {"check_timeout", "1s"}},
   R"({"Interval":"10s","Timeout":"1s","TCP":"192.168.41.32:83"})"},
  {"grpc",
   {{"check_grpc", "1"}},
   R"({"Interval":"10s","GRPC":"192.168.41.32:83"})"},
  {"grpc with TLS",
   {{"check_grpc", "1"},
    {"check_grpc_use_tls", "1"},
    {"check_tls_skip_verify", "1"}},
   R"({"Interval":"10s","TLSSkipVerify":true,"GRPC":"192.168.41.32:83",)"
   R"("GRPCUseTLS":true})"},
  {"docker", {{"check_docker", "true"}}, R"({"TTL":"10m"})"},
  {"http wins over tcp",
   {{"check_http", "/"}, {"check_tcp", "1"}},
   R"({"Interval":"10s","HTTP":"http://192.168.41.32:83/"})"},
};

} // namespace

TEST_CASE("consul_body: the plain form, byte for byte", "[registrator][core]") {
  texts notes;
  CHECK(consul_body(web(), "h", notes)
        == R"({"ID":"h:test-01:80","Name":"nginx","Port":83,)"
           R"("Address":"192.168.41.32","Check":null,"Checks":null})");
  auto tagged = web();
  tagged.tags = {"a", "b"};
  tagged.attributes = {{"region", "us"}};
  CHECK(consul_body(tagged, "h", notes)
        == R"({"ID":"h:test-01:80","Name":"nginx","Tags":["a","b"],"Port":83,)"
           R"("Address":"192.168.41.32","Meta":{"region":"us"},)"
           R"("Check":null,"Checks":null})");
  CHECK(notes.empty());
}

TEST_CASE("consul_body: checks", "[registrator][core]") {
  for (const auto& x : check_rows) {
    DYNAMIC_SECTION(x.name) {
      auto service = web();
      service.attributes = x.given;
      texts notes;
      const auto body = consul_body(service, "h", notes);
      CHECK_THAT(body, Catch::Contains(std::string{"\"Check\":"} + x.check
                                       + ",\"Checks\":null"));
      CHECK(notes.empty());
    }
  }
}

TEST_CASE("consul_body: several checks", "[registrator][core]") {
  auto service = web();
  service.attributes = {{"check_1_http", "/a"}, {"check_2_tcp", "1"}};
  texts notes;
  CHECK_THAT(
    consul_body(service, "h", notes),
    Catch::Contains(R"("Check":null,"Checks":[{"Interval":"10s",)"
                    R"("HTTP":"http://192.168.41.32:83/a"},)"
                    R"({"Interval":"10s","TCP":"192.168.41.32:83"}])"));
}

TEST_CASE("consul_body: what an agent would refuse is left out, with a word",
          "[registrator][core]") {
  auto service = web();
  service.attributes = {{"bad key", "x"},    {"consul-x", "x"},
                        {"good", "x"},       {"long", std::string(513, 'x')},
                        {"check_http", "/"}, {"check_interval", "often"}};
  texts notes;
  const auto body = consul_body(service, "h", notes);
  CHECK_THAT(body, Catch::Contains(R"("Meta":{"check_http":"/",)"
                                   R"("check_interval":"often","good":"x"})"));
  CHECK_THAT(body, Catch::Contains(R"("Interval":"10s")"));
  const auto whose = std::string{"warning: e3fc91ef7059 test-01: "};
  CHECK(notes
        == texts{whose
                   + "metadata \"bad key\" contains invalid characters; it is "
                     "left out",
                 whose
                   + "metadata \"consul-x\" starts with consul-, which is "
                     "reserved; it is left out",
                 whose
                   + "metadata \"long\" has a value of more than 512 bytes; it "
                     "is left out",
                 whose + "check_interval \"often\" is no duration"});
  service.attributes.clear();
  for (auto i = 0; i < 70; ++i)
    service.attributes["k" + std::to_string(i)] = "x";
  notes.clear();
  CHECK(consul_meta(service, "h", notes).size() == 64);
  CHECK(notes.size() == 6);
}

TEST_CASE("consul_body: an id of one's own carries the mark of its owner",
          "[registrator][core]") {
  auto service = web();
  service.id = "own";
  texts notes;
  CHECK(consul_meta(service, "h", notes) == attributes{{"registrator", "h"}});
  CHECK(is_owned(shown_by_consul(service, "h"), "h"));
  CHECK_FALSE(is_owned(shown_by_consul(service, "h"), "other"));
}

TEST_CASE("ownership: marks are keys below the host name",
          "[registrator][core]") {
  CHECK(mark_of("h:a:80", "h") == "registrator/h/h:a:80");
  const auto ids = parse_marks(
    R"(["registrator/h/h:a:80","registrator/h/own/id","registrator/hh/x",7])",
    "h");
  REQUIRE(ids);
  CHECK(*ids == std::set<std::string>{"h:a:80", "own/id"});
  CHECK_FALSE(parse_marks("{}", "h"));
  CHECK_FALSE(parse_marks("", "h"));
}

TEST_CASE("ownership: marks of other host names tell their container",
          "[registrator][core]") {
  const auto marks =
    parse_other_marks(R"([{"Key":"registrator/h/h:a:80","Value":"YWE="},)"
                      R"({"Key":"registrator/old/old:a:80","Value":"YWE="},)"
                      R"({"Key":"registrator/old/own/id","Value":null},)"
                      R"({"Key":"registrator/x","Value":"YWE="},)"
                      R"({"Key":"registrator/o/y","Value":"?"},7])",
                      "h");
  REQUIRE(marks);
  REQUIRE(marks->size() == 2);
  CHECK(marks->at("old:a:80").key == "registrator/old/old:a:80");
  CHECK(marks->at("old:a:80").container_id == "aa");
  CHECK(marks->at("own/id").container_id.empty());
  CHECK_FALSE(parse_other_marks("{}", "h"));
}

TEST_CASE("ownership: ids have our form or not", "[registrator][core]") {
  struct row {
    const char* id;
    const char* hostname;
    const char* container;
  };
  const row good[] = {
    {"h:test-01:80", "h", "test-01"},
    {"h:test:53:udp", "h", "test"},
    {"h.example.org:a_b.c-d:1", "h.example.org", "a_b.c-d"},
    {"fd00::1:ab:80", "fd00::1", "ab"},
  };
  for (const auto& x : good) {
    CAPTURE(x.id);
    CHECK(parse_id(x.id) == id_parts{x.hostname, x.container});
  }
  for (const auto* id : {"", ":", "web", "h:80", "h:a:80", "h:-ab:80", "h:ab:x",
                         "h:ab:", ":ab:80", "h:a b:80", "h:ab:udp"}) {
    CAPTURE(id);
    CHECK_FALSE(parse_id(id));
  }
}

TEST_CASE("registry_uri: addresses of registries", "[registrator][core]") {
  struct row {
    const char* text;
    registry_address expected;
  };
  using kind = registry_kind;
  const row good[] = {
    {"consul://127.0.0.1:8500",
     {kind::consul, "consul", false, "", "127.0.0.1", 8500, "", ""}},
    {"consul:", {kind::consul, "consul", false, "", "", 8500, "", ""}},
    {"consul://h", {kind::consul, "consul", false, "", "h", 8500, "", ""}},
    {"consul://a:b@h:1",
     {kind::consul, "consul", false, "", "h", 1, "", "a:b"}},
    {"consul://[::1]:7", {kind::consul, "consul", false, "", "::1", 7, "", ""}},
    {"consul-tls://h:8501",
     {kind::consul, "consul-tls", true, "", "h", 8501, "", ""}},
    {"consul-unix:///run/c.sock",
     {kind::consul, "consul-unix", false, "/run/c.sock", "", 0, "", ""}},
    {"consulkv://h:1/a/b/",
     {kind::consulkv, "consulkv", false, "", "h", 1, "a/b", ""}},
    {"consulkv-unix:///c.sock:/a",
     {kind::consulkv, "consulkv-unix", false, "/c.sock", "", 0, "a", ""}},
    {"etcd://h/a", {kind::etcd, "etcd", false, "", "h", 2379, "a", ""}},
    {"etcd3:///a", {kind::etcd3, "etcd3", false, "", "", 2379, "a", ""}},
    {"skydns2://h/cluster.local",
     {kind::skydns2, "skydns2", false, "", "h", 2379, "cluster.local", ""}},
    {"zookeeper://h/base",
     {kind::zookeeper, "zookeeper", false, "", "h", 2181, "base", ""}},
  };
  for (const auto& x : good) {
    CAPTURE(x.text);
    const auto got = parse_registry_uri(x.text);
    REQUIRE(got);
    CHECK(*got == x.expected);
  }
  struct fault {
    const char* text;
    const char* error;
  };
  const fault bad[] = {
    {"foo://x", "unrecognized adapter: foo://x"},
    {"x", "bad adapter uri: x: it has no scheme"},
    {":", "bad adapter uri: :: it has no scheme"},
    {"consul://h:0", "bad adapter uri: consul://h:0: no such port"},
    {"consul://h:65536", "bad adapter uri: consul://h:65536: no such port"},
    {"consul://a b", "bad adapter uri: consul://a b: no such host"},
    {"consul-unix://c", "bad adapter uri: consul-unix://c: it names no socket"},
    {"consulkv://h", "bad adapter uri: consulkv://h: prefix required, e.g. "
                     "consulkv://host/prefix"},
    {"skydns2://h", "bad adapter uri: skydns2://h: dns domain required, e.g. "
                    "skydns2://host/domain"},
  };
  for (const auto& x : bad) {
    CAPTURE(x.text);
    const auto got = parse_registry_uri(x.text);
    REQUIRE_FALSE(got);
    CHECK(got.error().context == x.error);
  }
  CHECK(escape_path("a b/c:d%") == "a%20b/c:d%25");
}

TEST_CASE("container: reads what the engine tells", "[registrator][core]") {
  const auto x = parse_container(
    R"({"Id":"e3fc","Name":"/test-01","State":{"Status":"running",
    "Running":true,"ExitCode":0,"Health":{"Status":"healthy"}},
    "Config":{"Image":"nginx","Hostname":"test01","Env":["A=1"],
    "Labels":{"l":"v"},"ExposedPorts":{"80/tcp":{}}},
    "HostConfig":{"NetworkMode":"default"},"NetworkSettings":
    {"IPAddress":"172.17.0.2","Ports":{"80/tcp":[{"HostIp":"0.0.0.0",
    "HostPort":"23083"}],"81/tcp":null},"Networks":{"bridge":
    {"IPAddress":"172.17.0.2","GlobalIPv6Address":"fd00::2"}}}})");
  REQUIRE(x);
  container expected;
  expected.id = "e3fc";
  expected.name = "test-01";
  expected.image = "nginx";
  expected.hostname = "test01";
  expected.environment = {"A=1"};
  expected.labels = {{"l", "v"}};
  expected.exposed = {"80/tcp"};
  expected.network_mode = "default";
  expected.ip = "172.17.0.2";
  expected.ports = {{"80/tcp", {{"0.0.0.0", "23083"}}}, {"81/tcp", {}}};
  expected.networks = {{"bridge", {"172.17.0.2", "fd00::2"}}};
  expected.up = true;
  expected.health = container_health::healthy;
  expected.document = x->document;
  CHECK(*x == expected);
  CHECK(x->document.starts_with("{\"Id\":\"e3fc\""));
  const auto restarting = parse_container(
    R"({"Id":"e","State":{"Running":true,"Restarting":true},
    "Config":{"Env":null,"Labels":null}})");
  REQUIRE(restarting);
  CHECK_FALSE(restarting->up);
}

TEST_CASE("container: rubbish is refused", "[registrator][core]") {
  for (const auto* text : {"", "null", "[]", "{}", "{\"Id\":1}", "<html>",
                           "{\"Id\":\"\"}", "{\"Id\":\"x\""}) {
    CAPTURE(text);
    CHECK_FALSE(parse_container(text));
  }
  CHECK(parse_container(R"({"Id":"x","Config":7,"NetworkSettings":[],
    "State":"x","HostConfig":null})"));
  CHECK_FALSE(parse_container_ids("{}"));
  CHECK_FALSE(parse_container_ids("[{}]"));
  CHECK(parse_container_ids(R"([{"Id":"a"},{"Id":"b"}])"));
  CHECK_FALSE(parse_container(std::string(100'000, '[')));
}

TEST_CASE("events: old and new forms", "[registrator][core]") {
  const auto full = parse_event(
    R"({"status":"die","id":"e3","from":"nginx","Type":"container",
    "Action":"die","Actor":{"ID":"e3","Attributes":{"exitCode":"0",
    "name":"test-01"}},"scope":"local","time":5,"timeNano":5000000001})");
  REQUIRE(full);
  CHECK(*full == container_event{"die", "e3", "test-01", "", 5000000001});
  const auto modern = parse_event(
    R"({"Type":"container","Action":"health_status: healthy",
    "Actor":{"ID":"e3","Attributes":{"name":"n","signal":"15"}},"time":5})");
  REQUIRE(modern);
  CHECK(*modern
        == container_event{"health_status", "e3", "n", "15", 5000000000});
  const auto ancient = parse_event(R"({"status":"start","id":"e3","time":5})");
  REQUIRE(ancient);
  CHECK(ancient->action == "start");
  for (const auto* text :
       {"", "{}", "[]", R"({"Type":"network","Action":"connect","Actor":{}})",
        R"({"Type":"image","Action":"pull","Actor":{"ID":"nginx"}})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_event(text));
  }
}

TEST_CASE("events: the stream may be cut anywhere", "[registrator][core]") {
  const std::string stream = "{\"a\":\"}{\"}\n{\"b\":\"\\\"}\"}{\"c\":{}}\r\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    object_splitter split;
    texts all;
    for (const auto& piece : {stream.substr(0, cut), stream.substr(cut)}) {
      const auto got = split.add(piece);
      REQUIRE(got);
      all.insert(all.end(), got->begin(), got->end());
    }
    CHECK(all == texts{"{\"a\":\"}{\"}", "{\"b\":\"\\\"}\"}", "{\"c\":{}}"});
  }
  CHECK_FALSE(object_splitter{}.add("<html>"));
  object_splitter endless;
  CHECK_FALSE(
    endless.add("{" + std::string(object_splitter::object_bytes_max, 'x')));
}

TEST_CASE("keys: services as keys", "[registrator][core]") {
  const auto x = parse_entry("pre/nginx/h:a:80", "pre", "10.0.0.1:83");
  CHECK(x.id == "h:a:80");
  CHECK(x.name == "nginx");
  CHECK(x.ip == "10.0.0.1");
  CHECK(x.port == 83);
  CHECK(parse_entry("/p/n/i", "/p", "[fd00::1]:8").ip == "fd00::1");
  CHECK(parse_entry("/p/n/i", "/p", R"({"host":"1.2.3.4","port":5})").port
        == 5);
  for (const auto* value : {"", "x", "1.2.3.4:x", "1.2.3.4:99999", "{}"})
    CHECK(parse_entry("/p/n/i", "/p", value).id.empty());
  CHECK(parse_entry("/q/n/i", "/p", "1.2.3.4:5").id.empty());
  CHECK(parse_entry("/p/n", "/p", "1.2.3.4:5").id.empty());
  CHECK(skydns_value(web()) == R"({"host":"192.168.41.32","port":83})");
  CHECK(reversed_domain("cluster.local") == "local/cluster");
  CHECK(escape_form("1.2.3.4:5") == "1.2.3.4%3A5");
}

TEST_CASE("keys: lists of stores", "[registrator][core]") {
  const auto consul = parse_consul_keys(
    R"([{"Key":"pre/n/i","Value":"MS4yLjMuNDo1"},{"Key":"pre/","Value":null},
    {"Key":"pre/x","Value":"eA=="}])",
    "pre");
  REQUIRE(consul);
  REQUIRE(consul->size() == 1);
  CHECK((*consul)[0].port == 5);
  const auto etcd2 = parse_etcd2_keys(
    R"({"action":"get","node":{"key":"/pre","dir":true,"nodes":[{"key":
    "/pre/n","dir":true,"nodes":[{"key":"/pre/n/i","value":"1.2.3.4:5"}]}]}})",
    "/pre");
  REQUIRE(etcd2);
  CHECK(*etcd2 == *consul);
  const auto etcd3 = parse_etcd3_keys(
    R"({"header":{},"kvs":[{"key":"L3ByZS9uL2k=","value":"MS4yLjMuNDo1"}]})",
    "/pre");
  REQUIRE(etcd3);
  CHECK(*etcd3 == *consul);
  CHECK(parse_etcd3_keys(R"({"header":{}})", "/pre")->empty());
  for (const auto* text : {"", "7", "\"x\""}) {
    CHECK_FALSE(parse_consul_keys(text, ""));
    CHECK_FALSE(parse_etcd2_keys(text, ""));
    CHECK_FALSE(parse_etcd3_keys(text, ""));
  }
}
