// Goal: addresses are recognized as what they are, and a configuration leads
// to the right listeners.
// Method: tables; ranges from RFC 6890.

#include "runtime/config/addresses.hpp"

#include "tests/config/memory_files.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::config;

TEST_CASE("addresses: kinds are told apart", "[config]") {
  struct row {
    std::string text;
    bool ipv4, ipv6, any, cidr, is_private;
  };
  const row rows[] = {
    {"0.0.0.0", true, false, true, false, false},
    {"10.255.0.1", true, false, false, false, true},
    {"11.0.0.0", true, false, false, false, false},
    {"100.64.0.1", true, false, false, false, true},
    {"100.128.0.1", true, false, false, false, false},
    {"172.31.255.255", true, false, false, false, true},
    {"172.32.0.0", true, false, false, false, false},
    {"192.168.41.31", true, false, false, false, true},
    {"8.8.8.8", true, false, false, false, false},
    {"256.1.1.1", false, false, false, false, false},
    {"1.2.3", false, false, false, false, false},
    {"::", false, true, true, false, false},
    {"[::]", false, false, true, false, false},
    {"0:0::0", false, true, true, false, false},
    {"::1", false, true, false, false, false},
    {"10.0.0.0/8", false, false, false, true, false},
    {"10.0.0.0/33", false, false, false, false, false},
    {"10.0.0.0/", false, false, false, false, false},
    {"2a00::/16", false, false, false, true, false},
    {"2a00::/129", false, false, false, false, false},
    {"", false, false, false, false, false},
    {"host", false, false, false, false, false},
    {std::string("1.1.1.1\0x", 9), false, false, false, false, false},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      CHECK(is_ipv4(row.text) == row.ipv4);
      CHECK(is_ipv6(row.text) == row.ipv6);
      CHECK(is_any(row.text) == row.any);
      CHECK(is_cidr(row.text) == row.cidr);
      CHECK(is_private_ipv4(row.text) == row.is_private);
    }
  }
}

TEST_CASE("expand_template: asks the host", "[config]") {
  const std::vector<interface_address> host{
    {"lo", "127.0.0.1", true}, {"eth0", "fe80::1"}, {"eth0", "10.0.0.7"},
    {"eth1", "10.0.0.8"},      {"eth1", "9.9.9.9"},
  };
  struct row {
    std::string_view text;
    std::string_view expanded;
  };
  const row rows[] = {
    {"1.2.3.4", "1.2.3.4"},
    {"{{ GetPrivateIP }}", "10.0.0.7"},
    {"{{GetPrivateIPs}}", "10.0.0.7 10.0.0.8"},
    {"{{ GetPublicIP }} 127.0.0.1", "9.9.9.9 127.0.0.1"},
    {"{{ GetInterfaceIP \"eth0\" }}", "10.0.0.7"},
    {"{{ GetInterfaceIP `eth1` }}", "10.0.0.8"},
    {"{{ GetInterfaceIP \"no\" }}", ""},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      CHECK(*expand_template(row.text, host) == row.expanded);
    }
  }
  CHECK_FALSE(expand_template("{{ GetPrivateIP", host));
  CHECK_FALSE(expand_template("{{ Bogus }}", host));
  CHECK_FALSE(expand_template("{{ GetInterfaceIP eth0 }}", host));
}

TEST_CASE("resolve: listeners follow from addresses and ports", "[config]") {
  auto out = load_hcl(R"(
    server = true
    client_addr = "127.0.0.1 ::1"
    addresses { dns = "10.0.0.9" http = "0.0.0.0 unix:///run/x.sock" }
    advertise_addr_wan = "1.2.3.4"
    serf_lan = "10.0.0.10"
    ports { serf_wan = -1 dns = 53 }
    recursors = ["8.8.8.8 9.9.9.9", "8.8.8.8"]
  )");
  REQUIRE(out);
  const auto& n = out->config.network;
  CHECK(n.bind == "0.0.0.0");
  CHECK(n.advertise_lan == "10.0.0.7");
  CHECK(n.advertise_wan == "1.2.3.4");
  CHECK(n.clients == string_list{"127.0.0.1", "::1"});
  CHECK(n.dns == std::vector<endpoint>{{"10.0.0.9", 53}});
  CHECK(n.http
        == std::vector<endpoint>{{"0.0.0.0", 8500}, {"/run/x.sock", -1}});
  CHECK(n.https.empty());
  CHECK(n.server == endpoint{"0.0.0.0", 8300});
  CHECK(n.serf_lan == endpoint{"10.0.0.10", 8301});
  CHECK(n.serf_wan == endpoint{"0.0.0.0", -1});
  CHECK(to_string(n.http[0]) == "0.0.0.0:8500");
  CHECK(to_string(n.http[1]) == "unix:///run/x.sock");
  CHECK(to_string(endpoint{"::1", 8500}) == "[::1]:8500");
  CHECK(out->config.recursors == string_list{"8.8.8.8", "9.9.9.9"});
  CHECK(out->config.tagged_addresses
        == string_map{{"lan", "10.0.0.7"},
                      {"lan_ipv4", "10.0.0.7"},
                      {"wan", "1.2.3.4"},
                      {"wan_ipv4", "1.2.3.4"}});
}

TEST_CASE("resolve: defaults that depend on the role", "[config]") {
  auto client = load_hcl("");
  REQUIRE(client);
  CHECK(client->config.node_name == "host1");
  CHECK(client->config.leaves_on_terminate());
  CHECK(client->config.leaves_on_interrupt());
  auto server = load_hcl("server = true datacenter = \"DC-2\"");
  REQUIRE(server);
  CHECK_FALSE(server->config.leaves_on_terminate());
  CHECK_FALSE(server->config.leaves_on_interrupt());
  CHECK(server->config.datacenter == "dc-2");
  auto told = load_hcl("server = true leave_on_terminate = true "
                       "skip_leave_on_interrupt = false");
  REQUIRE(told);
  CHECK(told->config.leaves_on_terminate());
  CHECK(told->config.leaves_on_interrupt());
}
