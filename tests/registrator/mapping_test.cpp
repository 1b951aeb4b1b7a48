// Goal: a container becomes the services that gliderlabs/registrator 7.4 would
// register, except where it was wrong (the row says so).
// Method: one table. Each row changes a common container, the options or the
// host, and shows all services, then the notes, as text.

#include "actors/registrator/core/mapping.hpp"

#include "actors/registrator/core/metadata.hpp"

#include <catch2/catch.hpp>

using namespace praetor::registrator;

namespace {

/// nginx, port 80 published as 23083, on the default bridge.
struct world {
  world() {
    c.id = "e3fc91ef70590123456789";
    c.name = "test-01";
    c.image = "nginx";
    c.hostname = "test01";
    c.exposed = {"80/tcp"};
    c.ports = {{"80/tcp", {{"0.0.0.0", "23083"}, {"::", "23083"}}}};
    c.network_mode = "default";
    c.ip = "172.17.0.2";
    c.networks = {{"bridge", {"172.17.0.2", ""}}};
    c.up = true;
  }

  void env(const char* text) { c.environment.emplace_back(text); }
  void label(const char* name, const char* value) { c.labels[name] = value; }
  void publish(const char* key, const char* port, const char* ip = "0.0.0.0") {
    c.exposed.insert(key);
    c.ports[key] = {{ip, port}};
  }
  void expose(const char* key) {
    c.exposed.insert(key);
    c.ports[key] = {};
  }

  container c;
  container owner;
  options how;
  host_facts host{"docker01", "10.0.0.5"};
};

std::string show(const service& x) {
  auto out = x.id + " " + x.name + " " + x.ip + " " + std::to_string(x.port);
  for (const auto& tag : x.tags)
    out += " #" + tag;
  for (const auto& [key, value] : x.attributes)
    out += " " + key + "=" + value;
  return out;
}

using texts = std::vector<std::string>;

struct row {
  const char* name;
  void (*change)(world&);
  texts services;
  texts notes = {};
};

const row rows[] = {
  // -- ports
  // --------------------------------------------------------------------
  {"a published port",
   [](world&) {},
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"-ip wins over what the host name resolves to",
   [](world& w) { w.how.ip = "192.168.41.32"; },
   {"docker01:test-01:80 nginx 192.168.41.32 23083"}},
  {"a host name that does not resolve leaves 0.0.0.0",
   [](world& w) { w.host.address = ""; },
   {"docker01:test-01:80 nginx 0.0.0.0 23083"}},
  {"a binding to one address keeps it",
   [](world& w) { w.publish("80/tcp", "90", "127.0.0.1"); },
   {"docker01:test-01:80 nginx 127.0.0.1 90"}},
  {"-ip wins over a binding's address",
   [](world& w) {
     w.publish("80/tcp", "90", "127.0.0.1");
     w.how.ip = "1.2.3.4";
   },
   {"docker01:test-01:80 nginx 1.2.3.4 90"}},
  {"no host IP in the binding is any address",
   [](world& w) { w.publish("80/tcp", "90", ""); },
   {"docker01:test-01:80 nginx 10.0.0.5 90"}},
  {"the IPv4 binding is preferred wherever it stands",
   [](world& w) {
     w.c.ports["80/tcp"] = {{"::", "7"}, {"0.0.0.0", "8"}};
   },
   {"docker01:test-01:80 nginx 10.0.0.5 8"}},
  {"a binding to :: alone is any address",
   [](world& w) {
     w.c.ports["80/tcp"] = {{"::", "7"}};
   },
   {"docker01:test-01:80 nginx 10.0.0.5 7"}},
  {"two host ports on one container port are one service",
   [](world& w) {
     w.c.ports["80/tcp"] = {{"0.0.0.0", "83"}, {"0.0.0.0", "84"}};
   },
   {"docker01:test-01:80 nginx 10.0.0.5 83"}},
  {"no ports at all",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports.clear();
   },
   {},
   {"ignored: e3fc91ef7059 no published ports"}},
  {"an exposed port that is not published",
   [](world& w) {
     w.c.ports.clear();
     w.expose("80/tcp");
   },
   {},
   {"ignored: e3fc91ef7059 port 80 not published on host"}},
  {"an unpublished port does not make a group",
   [](world& w) { w.expose("443/tcp"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"},
   {"ignored: e3fc91ef7059 port 443 not published on host"}},
  {"the host's network: exposed ports are the host's",
   [](world& w) {
     w.c.network_mode = "host";
     w.c.ports.clear();
     w.c.ip = "";
     w.c.networks = {{"host", {}}};
   },
   {"docker01:test-01:80 nginx 10.0.0.5 80"}},
  {"a port published without being exposed",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports = {{"9000/tcp", {{"0.0.0.0", "9001"}}}};
   },
   {"docker01:test-01:9000 nginx 10.0.0.5 9001"}},
  {"a port that is no number",
   [](world& w) { w.expose("x/tcp"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"},
   {"ignored: e3fc91ef7059 port x/tcp is no port"}},
  {"a port beyond 65535",
   [](world& w) { w.expose("65536/tcp"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"},
   {"ignored: e3fc91ef7059 port 65536/tcp is no port"}},
  {"a port without protocol is tcp",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports = {{"80", {{"0.0.0.0", "81"}}}};
   },
   {"docker01:test-01:80 nginx 10.0.0.5 81"}},
  {"sctp has no suffix and no tag",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports = {{"80/sctp", {{"0.0.0.0", "81"}}}};
   },
   {"docker01:test-01:80 nginx 10.0.0.5 81"}},

  // -- names
  // --------------------------------------------------------------------
  {"an image with path and tag",
   [](world& w) { w.c.image = "gliderlabs/foobar:1.2"; },
   {"docker01:test-01:80 foobar 10.0.0.5 23083"}},
  {"an image from a registry with a port",
   [](world& w) { w.c.image = "localhost:5000/team/app:tag"; },
   {"docker01:test-01:80 app 10.0.0.5 23083"}},
  {"an image with a digest is cut at @ (the original left @sha256)",
   [](world& w) { w.c.image = "nginx@sha256:abcd"; },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"an image id is itself",
   [](world& w) { w.c.image = "ce684a6da8e7"; },
   {"docker01:test-01:80 ce684a6da8e7 10.0.0.5 23083"}},
  {"a full image id is sha256",
   [](world& w) { w.c.image = "sha256:ce684a6da8e7"; },
   {"docker01:test-01:80 sha256 10.0.0.5 23083"}},
  {"SERVICE_NAME",
   [](world& w) { w.env("SERVICE_NAME=web"); },
   {"docker01:test-01:80 web 10.0.0.5 23083"}},
  {"two ports: the container port is appended",
   [](world& w) { w.publish("443/tcp", "23443"); },
   {"docker01:test-01:80 nginx-80 10.0.0.5 23083",
    "docker01:test-01:443 nginx-443 10.0.0.5 23443"}},
  {"two ports with a common name",
   [](world& w) {
     w.publish("443/tcp", "23443");
     w.env("SERVICE_NAME=web");
   },
   {"docker01:test-01:80 web-80 10.0.0.5 23083",
    "docker01:test-01:443 web-443 10.0.0.5 23443"}},
  {"a port's own name stays without number",
   [](world& w) {
     w.publish("443/tcp", "23443");
     w.env("SERVICE_80_NAME=http");
     w.env("SERVICE_NAME=web");
   },
   {"docker01:test-01:80 http 10.0.0.5 23083",
    "docker01:test-01:443 web-443 10.0.0.5 23443"}},
  {"the group counts ignored ports",
   [](world& w) {
     w.publish("443/tcp", "23443");
     w.env("SERVICE_443_IGNORE=1");
   },
   {"docker01:test-01:80 nginx-80 10.0.0.5 23083"},
   {"ignored: e3fc91ef7059 service on port 443"}},
  {"an empty name falls back to the image",
   [](world& w) { w.env("SERVICE_NAME="); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"-explicit ignores what has no name",
   [](world& w) { w.how.explicit_only = true; },
   {},
   {"ignored: e3fc91ef7059 service on port 80"}},
  {"-explicit takes a port's name",
   [](world& w) {
     w.how.explicit_only = true;
     w.env("SERVICE_80_NAME=web");
   },
   {"docker01:test-01:80 web 10.0.0.5 23083"}},
  {"names from container names",
   [](world& w) { w.how.name_from = name_source::container; },
   {"docker01:test-01:80 test-01 10.0.0.5 23083"}},
  {"names from host names",
   [](world& w) { w.how.name_from = name_source::hostname; },
   {"docker01:test-01:80 test01 10.0.0.5 23083"}},
  {"always a port in the name",
   [](world& w) { w.how.suffix = port_suffix::always; },
   {"docker01:test-01:80 nginx-80 10.0.0.5 23083"}},
  {"never a port in the name",
   [](world& w) {
     w.how.suffix = port_suffix::never;
     w.publish("443/tcp", "23443");
   },
   {"docker01:test-01:80 nginx 10.0.0.5 23083",
    "docker01:test-01:443 nginx 10.0.0.5 23443"}},

  // -- ids
  // ----------------------------------------------------------------------
  {"udp has a suffix and a tag",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports = {{"53/udp", {{"0.0.0.0", "5353"}}}};
   },
   {"docker01:test-01:53:udp nginx 10.0.0.5 5353 #udp"}},
  {"SERVICE_ID replaces all, also :udp",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports = {{"53/udp", {{"0.0.0.0", "5353"}}}};
     w.env("SERVICE_ID=dns");
   },
   {"dns nginx 10.0.0.5 5353 #udp"}},
  {"a port's own id",
   [](world& w) { w.env("SERVICE_80_ID=https.12345"); },
   {"https.12345 nginx 10.0.0.5 23083"}},
  {"an id for another port has no effect",
   [](world& w) { w.env("SERVICE_81_ID=x"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"without a host name the host's address stands in the id",
   [](world& w) { w.host.hostname = ""; },
   {"0.0.0.0:test-01:80 nginx 10.0.0.5 23083"}},

  // -- tags
  // ---------------------------------------------------------------------
  {"tags keep their order (7.4 turned it round)",
   [](world& w) { w.env("SERVICE_TAGS=master,backups"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 #master #backups"}},
  {"an escaped comma",
   [](world& w) { w.env("SERVICE_TAGS=foo,bar\\,baz"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 #foo #bar,baz"}},
  {"empty tags are dropped",
   [](world& w) { w.env("SERVICE_TAGS=,,,,foo,,,bar,,,"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 #foo #bar"}},
  {"blanks in tags stay",
   [](world& w) { w.env("SERVICE_TAGS= a ,b"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 # a  #b"}},
  {"a port's tags replace the general ones",
   [](world& w) {
     w.env("SERVICE_80_TAGS=b");
     w.env("SERVICE_TAGS=a");
   },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 #b"}},
  {"-tags come behind, udp last",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports = {{"53/udp", {{"0.0.0.0", "5353"}}}};
     w.env("SERVICE_TAGS=a");
     w.how.tags = {"x", "y"};
   },
   {"docker01:test-01:53:udp nginx 10.0.0.5 5353 #a #x #y #udp"}},

  // -- metadata
  // -----------------------------------------------------------------
  {"an attribute",
   [](world& w) { w.env("SERVICE_REGION=us2"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 region=us2"}},
  {"names are lower-cased, values are not",
   [](world& w) { w.env("SERVICE_ReGion=Us"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 region=Us"}},
  {"the prefix is upper case",
   [](world& w) { w.env("service_region=us"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"a value may contain =",
   [](world& w) { w.env("SERVICE_ARGS=a=b"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 args=a=b"}},
  {"an entry without = is skipped",
   [](world& w) { w.env("SERVICE_REGION"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"an empty attribute is none",
   [](world& w) { w.env("SERVICE_REGION="); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"a label",
   [](world& w) { w.label("SERVICE_NAME", "web"); },
   {"docker01:test-01:80 web 10.0.0.5 23083"}},
  {"a label wins over the environment",
   [](world& w) {
     w.label("SERVICE_NAME", "label");
     w.env("SERVICE_NAME=env");
   },
   {"docker01:test-01:80 label 10.0.0.5 23083"}},
  {"a port's value in the environment wins over a general label",
   [](world& w) {
     w.label("SERVICE_NAME", "label");
     w.env("SERVICE_80_NAME=port");
   },
   {"docker01:test-01:80 port 10.0.0.5 23083"}},
  {"SERVICE_80 alone is an attribute",
   [](world& w) { w.env("SERVICE_80=x"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 80=x"}},
  {"checks stay among the attributes",
   [](world& w) { w.env("SERVICE_CHECK_HTTP=/health"); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 check_http=/health"}},
  {"SERVICE_IGNORE with any value, even false",
   [](world& w) { w.env("SERVICE_IGNORE=false"); },
   {},
   {"ignored: e3fc91ef7059 service on port 80"}},
  {"an empty SERVICE_IGNORE ignores nothing",
   [](world& w) { w.env("SERVICE_IGNORE="); },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"a port's value counts for tcp and udp",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports = {{"53/udp", {{"0.0.0.0", "54"}}},
                  {"53/tcp", {{"0.0.0.0", "55"}}}};
     w.env("SERVICE_53_NAME=dns");
   },
   {"docker01:test-01:53 dns 10.0.0.5 55",
    "docker01:test-01:53:udp dns 10.0.0.5 54 #udp"}},
  {"a value for one protocol of a port",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports = {{"53/udp", {{"0.0.0.0", "54"}}},
                  {"53/tcp", {{"0.0.0.0", "55"}}}};
     w.env("SERVICE_53_UDP_NAME=dns-u");
     w.env("SERVICE_53_TCP_IGNORE=yes");
   },
   {"docker01:test-01:53:udp dns-u 10.0.0.5 54 #udp"},
   {"ignored: e3fc91ef7059 service on port 53"}},
  {"the documented redis",
   [](world& w) {
     w.c.name = "redis.0";
     w.c.exposed = {"6379/tcp"};
     w.c.ports = {{"6379/tcp", {{"0.0.0.0", "10000"}}}};
     w.env("SERVICE_NAME=db");
     w.env("SERVICE_TAGS=master,backups");
     w.env("SERVICE_REGION=us2");
   },
   {"docker01:redis.0:6379 db 10.0.0.5 10000 #master #backups region=us2"}},
  {"the documented nginx with two ports",
   [](world& w) {
     w.c.name = "nginx.0";
     w.c.exposed = {"443/tcp", "80/tcp"};
     w.c.ports = {{"443/tcp", {{"0.0.0.0", "4443"}}},
                  {"80/tcp", {{"0.0.0.0", "8000"}}}};
     w.env("SERVICE_443_NAME=https");
     w.env("SERVICE_443_ID=https.12345");
     w.env("SERVICE_443_SNI=enabled");
     w.env("SERVICE_80_NAME=http");
     w.env("SERVICE_TAGS=www");
   },
   {"docker01:nginx.0:80 http 10.0.0.5 8000 #www",
    "https.12345 https 10.0.0.5 4443 #www sni=enabled"}},

  // -- addresses
  // ----------------------------------------------------------------
  {"-internal: the container's address and port",
   [](world& w) { w.how.internal = true; },
   {"docker01:test-01:80 nginx 172.17.0.2 80"}},
  {"-internal does not mind -ip",
   [](world& w) {
     w.how.internal = true;
     w.how.ip = "1.2.3.4";
   },
   {"docker01:test-01:80 nginx 172.17.0.2 80"}},
  {"-internal takes unpublished ports, and they make a group",
   [](world& w) {
     w.how.internal = true;
     w.expose("443/tcp");
   },
   {"docker01:test-01:80 nginx-80 172.17.0.2 80",
    "docker01:test-01:443 nginx-443 172.17.0.2 443"}},
  {"-internal without the top-level address looks into the networks",
   [](world& w) {
     w.how.internal = true;
     w.c.ip = "";
   },
   {"docker01:test-01:80 nginx 172.17.0.2 80"}},
  {"-internal on a network of its own",
   [](world& w) {
     w.how.internal = true;
     w.c.ip = "";
     w.c.network_mode = "blue";
     w.c.networks = {{"a", {"10.1.0.9", ""}}, {"blue", {"10.2.0.9", ""}}};
   },
   {"docker01:test-01:80 nginx 10.2.0.9 80"}},
  {"-internal: without a better one the first network by name",
   [](world& w) {
     w.how.internal = true;
     w.c.ip = "";
     w.c.network_mode = "0123abcd";
     w.c.networks = {{"z", {"10.3.0.9", ""}}, {"b", {"10.2.0.9", ""}}};
   },
   {"docker01:test-01:80 nginx 10.2.0.9 80"}},
  {"-internal: an IPv6 address if there is no other",
   [](world& w) {
     w.how.internal = true;
     w.c.ip = "";
     w.c.networks = {{"bridge", {"", "fd00::2"}}};
   },
   {"docker01:test-01:80 nginx fd00::2 80"}},
  {"a network of its own: published ports keep the host's address",
   [](world& w) {
     w.c.network_mode = "blue";
     w.c.networks = {{"blue", {"10.2.0.9", ""}}};
   },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"-network chooses among networks",
   [](world& w) {
     w.how.internal = true;
     w.how.network = "green";
     w.c.networks["green"] = {"10.9.0.9", ""};
   },
   {"docker01:test-01:80 nginx 10.9.0.9 80"}},
  {"SERVICE_NETWORK chooses for one container",
   [](world& w) {
     w.how.internal = true;
     w.env("SERVICE_NETWORK=green");
     w.c.networks["green"] = {"10.9.0.9", ""};
   },
   {"docker01:test-01:80 nginx 10.9.0.9 80 network=green"}},
  {"SERVICE_INTERNAL for one container",
   [](world& w) { w.env("SERVICE_INTERNAL=true"); },
   {"docker01:test-01:80 nginx 172.17.0.2 80 internal=true"}},
  {"SERVICE_INTERNAL=false wins over -internal",
   [](world& w) {
     w.how.internal = true;
     w.env("SERVICE_INTERNAL=false");
   },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 internal=false"}},
  {"SERVICE_IP wins over all",
   [](world& w) {
     w.how.ip = "1.2.3.4";
     w.env("SERVICE_IP=9.9.9.9");
   },
   {"docker01:test-01:80 nginx 9.9.9.9 23083 ip=9.9.9.9"}},
  {"-useIpFromLabel cuts the prefix length",
   [](world& w) {
     w.how.ip_label = "ip";
     w.label("ip", "10.7.7.7/24");
   },
   {"docker01:test-01:80 nginx 10.7.7.7 23083"},
   {"using container IP 10.7.7.7 from label 'ip'"}},
  {"-useIpFromLabel without such a label",
   [](world& w) { w.how.ip_label = "ip"; },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"},
   {"Label 'ip' not found in container configuration"}},
  {"another container's network, over -ip",
   [](world& w) {
     w.how.ip = "1.2.3.4";
     w.c.network_mode = "container:0123456789abcdef";
     w.c.ports.clear();
     w.owner.ip = "172.17.0.9";
   },
   {"docker01:test-01:80 nginx 172.17.0.9 80"},
   {"nginx: detected container NetworkMode, linked to: 0123456789ab",
    "nginx: using network container IP 172.17.0.9"}},
  {"another container's network with a short id (the original crashed)",
   [](world& w) {
     w.c.network_mode = "container:0123";
     w.c.ports.clear();
   },
   {"docker01:test-01:80 nginx 10.0.0.5 80"},
   {"nginx: detected container NetworkMode, linked to: 0123",
    "nginx: using network container IP 10.0.0.5"}},

  // -- wishes
  // -------------------------------------------------------------------
  {"SERVICE_PORT gives a container without ports one",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports.clear();
     w.env("SERVICE_PORT=7000");
   },
   {"docker01:test-01:7000 nginx 10.0.0.5 7000 port=7000"}},
  {"SERVICE_PORT that is no port",
   [](world& w) {
     w.c.exposed.clear();
     w.c.ports.clear();
     w.env("SERVICE_PORT=many");
   },
   {},
   {"ignored: e3fc91ef7059 test-01: SERVICE_PORT \"many\" is no port",
    "ignored: e3fc91ef7059 no published ports"}},
  {"-ignore by image",
   [](world& w) { w.how.ignore = {"ngin?"}; },
   {},
   {"ignored: e3fc91ef7059 matches ngin?"}},
  {"-ignore by container",
   [](world& w) { w.how.ignore = {"te*1"}; },
   {},
   {"ignored: e3fc91ef7059 matches te*1"}},
  {"-ignore by label",
   [](world& w) {
     w.how.ignore = {"label:stage=d*"};
     w.label("stage", "dev");
   },
   {},
   {"ignored: e3fc91ef7059 matches label:stage=d*"}},
  {"-ignore by another label",
   [](world& w) {
     w.how.ignore = {"label:stage=d*"};
     w.label("stage", "production");
   },
   {"docker01:test-01:80 nginx 10.0.0.5 23083"}},
  {"tags of a template come after the others",
   [](world& w) {
     w.how.tags = {"b"};
     w.how.more_tags = [](const std::string& x) { return x + ",d"; };
     w.c.document = "c";
     w.env("SERVICE_TAGS=a");
   },
   {"docker01:test-01:80 nginx 10.0.0.5 23083 #a #b #c #d"}},
  {"names of a template",
   [](world& w) {
     w.how.own_names = [](const std::string& x) { return x + "!"; };
     w.c.document = "c";
   },
   {"docker01:test-01:80 c! 10.0.0.5 23083"}},
  {"-ip by interface wins as -ip does",
   [](world& w) { w.host.forced = "10.7.0.1"; },
   {"docker01:test-01:80 nginx 10.7.0.1 23083"}},
  {"-ip by interface: without an address who needs one waits",
   [](world& w) {
     w.host.forced = "";
     w.publish("81/tcp", "24081");
     w.env("SERVICE_81_INTERNAL=true");
   },
   {"docker01:test-01:81 nginx-81 172.17.0.2 81 internal=true"},
   {"ignored: e3fc91ef7059 service on port 80: -ip has no address yet"}},
  {"a template that fails",
   [](world& w) {
     w.how.more_tags = [](const std::string&) {
       return praetor::error{praetor::errc::rejected, "boom"};
     };
   },
   {},
   {"warning: e3fc91ef7059 test-01: -tags: boom; it is ignored"}},
};

} // namespace

TEST_CASE("mapping: containers become services", "[registrator][core]") {
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      world w;
      x.change(w);
      const auto out = map_container({w.c, w.owner}, w.how, w.host);
      texts got;
      for (const auto& y : out.services)
        got.push_back(show(y));
      CHECK(got == x.services);
      CHECK(out.notes == x.notes);
    }
  }
  CHECK(std::size(rows) >= 60);
}

TEST_CASE("mapping: services know where they come from",
          "[registrator][core]") {
  world w;
  w.how.ttl = 30;
  const auto out = map_container({w.c, {}}, w.how, w.host);
  REQUIRE(out.services.size() == 1);
  CHECK(out.services[0].ttl == 30);
  CHECK(out.services[0].container_id == w.c.id);
  CHECK(out.services[0].container_hostname == "test01");
  CHECK(out.services[0].container_port == 80);
  CHECK(out.services[0].container_name == "test-01");
}
