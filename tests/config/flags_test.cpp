// Goal: every flag of the agent reaches its setting, and the banner that
// follows is Consul's.
// Method: each flag is given alone and the settings are compared with those
// without it; the banner is compared byte by byte.

#include "runtime/config/flags.hpp"

#include "runtime/config/banner.hpp"
#include "runtime/config/host.hpp"
#include "tests/config/memory_files.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace praetor;
using namespace praetor::config;
using namespace std::chrono_literals;

namespace {

using words = std::vector<std::string>;

/// Flags that are no setting of their own.
const std::set<std::string, std::less<>> special{"config-dir", "config-file",
                                                 "config-format", "dev", "hcl"};

std::size_t member_count(const value& tree) {
  return tree.as<value_object>()->size();
}

} // namespace

TEST_CASE("agent_flags: each flag is one member of a value tree", "[config]") {
  for (const auto& spec : agent_flags()) {
    DYNAMIC_SECTION(spec.name) {
      bool number = spec.kind == flag_kind::integer;
      auto flags =
        parse_flags(agent_flags(), words{"-" + std::string{spec.name}
                                         + (number ? "=7" : "=true")});
      REQUIRE(flags);
      auto sources = sources_of(*flags);
      CHECK(member_count(sources.lists) + member_count(sources.scalars)
            == (special.contains(spec.name) ? 0 : 1));
      // Every tree is one that the decoder knows.
      auto out = load_agent(
        {"-dev", "-" + std::string{spec.name} + (number ? "=7" : "=true")});
      if (!out)
        CHECK(out.error().context.find("invalid config key")
              == std::string::npos);
    }
  }
}

TEST_CASE("agent_flags: help shows each once, described", "[config]") {
  const auto help = agent_help();
  for (const auto& spec : agent_flags()) {
    INFO(spec.name);
    CHECK(help.find("\n  -" + std::string{spec.name}) != std::string::npos);
    CHECK(spec.help.ends_with('.'));
  }
  for (std::size_t at = 0; at < help.size();) {
    auto end = std::min(help.find('\n', at), help.size());
    CHECK(end - at <= 79);
    at = end + 1;
  }
}

TEST_CASE("load: the flags of a first server do what they say", "[config]") {
  auto out = load_agent(
    {"-server", "-bootstrap", "-ui", "-data-dir=/var/lib/consul-data",
     "-bind=192.168.41.31", "-client=0.0.0.0", "-node=consul-server01"});
  REQUIRE(out);
  const auto& x = out->config;
  CHECK(x.server);
  CHECK(x.bootstrap);
  CHECK(x.ui);
  CHECK(x.data_dir == "/var/lib/consul-data");
  CHECK(x.network.http == std::vector<endpoint>{{"0.0.0.0", 8500}});
  CHECK(banner(x, "2d8605af-b82d-d010-a817-d8721454dd46")
        == R"(==> Starting Consul agent...
           Version: '1.8.7'
           Node ID: '2d8605af-b82d-d010-a817-d8721454dd46'
         Node name: 'consul-server01'
        Datacenter: 'dc1' (Segment: '<all>')
            Server: true (Bootstrap: true)
       Client Addr: [0.0.0.0] (HTTP: 8500, HTTPS: -1, gRPC: -1, DNS: 8600)
      Cluster Addr: 192.168.41.31 (LAN: 8301, WAN: 8302)
           Encrypt: Gossip: false, TLS-Outgoing: false, TLS-Incoming: false, Auto-Encrypt-TLS: false

==> Log data will now stream in as it occurs:

)");
}

TEST_CASE("load: the flags of a second server do what they say", "[config]") {
  auto out = load_agent({"-server", "-ui", "-data-dir=/var/lib/consul-data",
                         "-bind=192.168.41.33", "-client=0.0.0.0",
                         "-node=consul-server02", "-enable-script-checks=true",
                         "-datacenter=dc1", "-join", "192.168.41.31"});
  REQUIRE(out);
  CHECK(out->config.start_join == words{"192.168.41.31"});
  CHECK(out->config.enable_script_checks);
  REQUIRE(out->warnings.size() == 1);
  CHECK(out->warnings[0].starts_with("using enable-script-checks without"));
}

TEST_CASE("banner: a client shows no segment", "[config]") {
  auto out =
    load_agent({"-data-dir=/d", "-client=127.0.0.1 10.0.0.7", "-http-port=1",
                "-dns-port=-1", "-encrypt=MDEyMzQ1Njc4OWFiY2RlZg=="});
  REQUIRE(out);
  auto text = banner(out->config, "id");
  CHECK(text.find("\n        Datacenter: 'dc1' (Segment: '')\n"
                  "            Server: false (Bootstrap: false)\n"
                  "       Client Addr: [127.0.0.1 10.0.0.7] (HTTP: 1, HTTPS: "
                  "-1, gRPC: -1, DNS: -1)\n"
                  "      Cluster Addr: 10.0.0.7 (LAN: 8301, WAN: 8302)\n"
                  "           Encrypt: Gossip: true, ")
        != std::string::npos);
}

TEST_CASE("host: real files are read, and missing ones named as Go does",
          "[config]") {
  const disk_files disk;
  const std::string here = PRAETOR_TESTS_DIR "/config";
  CHECK(*disk.kind_of(here) == path_kind::directory);
  CHECK(*disk.kind_of(here + "/flags_test.cpp") == path_kind::file);
  auto names = disk.list(here);
  REQUIRE(names);
  CHECK(std::ranges::find(*names, "flags_test.cpp") != names->end());
  auto text = disk.read(here + "/flags_test.cpp");
  REQUIRE(text);
  CHECK(text->starts_with("// Goal: every flag"));
  CHECK(disk.kind_of(here + "/no").error()
        == error{errc::not_found, "no such file or directory"});
  CHECK_FALSE(disk.read(here + "/no"));
  CHECK_FALSE(disk.list(here + "/no"));
}

TEST_CASE("deploy: the sample configuration is what its comments say",
          "[config]") {
  const std::string file = PRAETOR_TESTS_DIR "/../deploy/server.hcl";
  auto flags = parse_flags(agent_flags(), words{"-config-file", file});
  REQUIRE(flags);
  auto out = load(sources_of(*flags), disk_files{}, test_host());
  REQUIRE(out);
  const auto& x = out->config;
  CHECK(x.server);
  CHECK(x.bootstrap);
  CHECK(x.ui);
  CHECK(x.node_name == "consul-server01");
  CHECK(x.network.bind == "127.0.0.1");
  CHECK(x.network.http == std::vector<endpoint>{{"0.0.0.0", 8500}});
  CHECK(out->warnings
        == words{"bootstrap = true: do not enable unless necessary"});
}
