// Goal: an impossible configuration does not start, a doubtful one warns.
// Method: one row per rule with the text that Consul 1.8.7 prints for it; rows
// of rules that Consul lacks, or applies later, are marked "ours".

#include "tests/config/memory_files.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::config;

namespace {

using words = std::vector<std::string>;

std::string hcl_map(int pairs) {
  std::string out = "node_meta {";
  for (int i = 0; i < pairs; ++i)
    out += " k" + std::to_string(i) + " = \"x\"";
  return out + " }";
}

struct refusal {
  std::string text;
  std::string error;
};
const std::string long_key(129, 'k');
const std::string long_value(513, 'v');
const refusal refusals[] = {
  {"data_dir = \"\"", ""}, // the flag -data-dir wins
  {"datacenter = \"\"", "datacenter cannot be empty"},
  {"datacenter = \"dc 1\"",
   "datacenter cannot be \"dc 1\". Please use only [a-z0-9-_]"},
  {"bind_addr = \"foo\"", "bind_addr cannot be empty"},
  {"bind_addr = \"\"", "bind_addr cannot be empty"},
  {"bind_addr = \"1.1.1.1 2.2.2.2\"",
   "bind_addr cannot contain multiple addresses. Use "
   "'addresses.{dns,http,https}' instead."},
  {"bind_addr = \"unix:///x\"", "bind_addr cannot be a unix socket"},
  {"advertise_addr = \"0.0.0.0\"",
   "Advertise address cannot be 0.0.0.0, :: or [::]"},
  {"advertise_addr_wan = \"[::]\"",
   "Advertise WAN address cannot be 0.0.0.0, :: or [::]"},
  {"advertise_addr = \"foo\"",
   "1 error occurred:\n\t* advertise_addr: invalid ip address: foo\n\n"},
  {"client_addr = \"foo bar\"",
   "1 error occurred:\n\t* client_addr: invalid ip address: foo\n\n"},
  {"client_addr = \"unix:///x\"",
   "1 error occurred:\n\t* client_addr cannot be a unix socket\n\n"},
  {"serf_lan = \"foo\"",
   "1 error occurred:\n\t* serf_lan: invalid ip address: foo\n\n"},
  {"serf_lan_allowed_cidrs = [\"zz\"]",
   "1 error occurred:\n\t* serf_lan_allowed_cidrs: invalid cidr: zz\n\n"},
  {"http_config { allow_write_http_from = [\"10.0.0.0/33\"] }",
   "1 error occurred:\n\t* allow_write_http_from: invalid cidr: "
   "10.0.0.0/33\n\n"},
  {"addresses { dns = \"unix:///x\" }", "DNS address cannot be a unix socket"},
  {"recursors = [\"0.0.0.0\"]",
   "DNS recursor address cannot be 0.0.0.0, :: or [::]"},
  {"bootstrap = true", "'bootstrap = true' requires 'server = true'"},
  {"bootstrap_expect = 1", "'bootstrap = true' requires 'server = true'"},
  {"bootstrap_expect = 2", "'bootstrap_expect > 0' requires 'server = true'"},
  {"bootstrap_expect = -1", "bootstrap_expect cannot be -1. Must be greater "
                            "than or equal to zero"},
  {"server = true bootstrap = true bootstrap_expect = 3",
   "'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive"},
  {"encrypt = \"zz!\"",
   "encrypt has invalid key: illegal base64 data at input byte 2"},
  {"encrypt = \"YWJj\"", // ours: Consul finds it when gossip starts
   "encrypt has invalid key: key size must be 16, 24 or 32 bytes"},
  {"encrypt = \"MDEyMzQ1Njc4OWFiY2RlZg==\"", ""},
  {"log_level = \"zz\"", "Invalid log level: zz. Valid log levels are: "
                         "[TRACE DEBUG INFO WARN ERR ERROR]"},
  {"log_level = \"err\"", ""},
  {"ports { http = 99999 }",
   "1 error occurred:\n\t* ports.http: invalid port: 99999\n\n"},
  {"ports { http = 65536 dns = 65537 }",
   "2 errors occurred:\n\t* ports.dns: invalid port: 65537\n\t* "
   "ports.http: invalid port: 65536\n\n"},
  {"ports { http = 8500 https = 8500 }",
   "HTTPS address 127.0.0.1:8500 already configured for HTTP"},
  {"ports { server = 8301 }",
   "Serf Advertise LAN address 10.0.0.7:8301 already configured for RPC "
   "Advertise"},
  {"ports { http = 0 dns = -1 }", ""},
  {"node_meta { consul-x = \"y\" }",
   "node_meta invalid: Couldn't load metadata pair ('consul-x', 'y'): Key "
   "prefix 'consul-' is reserved for internal use"},
  {"node_meta { \"a b\" = \"y\" }",
   "node_meta invalid: Couldn't load metadata pair ('a b', 'y'): Key "
   "contains invalid characters"},
  {"node_meta { \"\" = \"y\" }",
   "node_meta invalid: Couldn't load metadata pair ('', 'y'): Key cannot be "
   "blank"},
  {"node_meta { " + long_key + " = \"y\" }",
   "node_meta invalid: Couldn't load metadata pair ('" + long_key
     + "', 'y'): Key is too long (limit: 128 characters)"},
  {"node_meta { k = \"" + long_value + "\" }",
   "node_meta invalid: Couldn't load metadata pair ('k', '" + long_value
     + "'): Value is too long (limit: 512 characters)"},
  {hcl_map(64), ""},
  {hcl_map(65), "node_meta invalid: Node metadata cannot contain more than "
                "64 key/value pairs"},
  {"performance { raft_multiplier = 11 }",
   "performance.raft_multiplier cannot be 11. Must be between 1 and 10"},
  {"performance { raft_multiplier = 0 }",
   "performance.raft_multiplier cannot be 0. Must be between 1 and 10"},
  {"ui_content_path = \"/v1/\"",
   "ui-content-path cannot have 'v[0-9]'. received: /v1/"},
  {"ui_content_path = \"a b\"",
   "ui-content-path can only contain alphanumeric, -, _, or /. received: "
   "/a b/"},
  {"ui = true ui_dir = \"/x\"",
   "Both the ui and ui-dir flags were specified, please provide only one.\n"
   "If trying to use your own web UI resources, use the ui-dir flag.\n"
   "The web UI is included in the binary so use ui to enable it"},
  {"node_id = \"zz\"", "failed to setup node ID: specified NodeID is "
                       "invalid: uuid string is wrong length"},
  {"dns_config { udp_answer_limit = -1 }",
   "dns_config.udp_answer_limit cannot be -1. Must be greater than or equal "
   "to zero"},
  {"autopilot { max_trailing_logs = -1 }",
   "autopilot.max_trailing_logs cannot be -1. Must be greater than or equal "
   "to zero"},
  {"check_output_max_size = 0",
   "check_output_max_size must be positive, to discard check output use the "
   "discard_check_output flag"},
  {"primary_gateways = [\"x\"]", "'primary_gateways' requires 'server = true'"},
  {"segment = \"x\"",
   "Network segments are not supported in this version of Consul"},
  {"service { name = \"a\" weights { passing = 0 warning = 1 } }",
   "1 error occurred:\n\t* Invalid weight definition for service a: Passing "
   "must be greater than 0\n\n"},
  {"acl { enabled = true default_policy = \"maybe\" }",
   "Unsupported default ACL policy: maybe"},
  {"reconnect_timeout = \"1h\"", // ours
   "reconnect_timeout cannot be 1h0m0s. Must be at least 8h0m0s"},
  {"gossip_lan { gossip_nodes = 0 }", // ours
   "every value of gossip_lan must be positive"},
  {"retry_max = -1", // ours
   "retry_max cannot be -1. Must be greater than or equal to zero"},
  {"retry_interval = \"-1s\"", // ours
   "retry_interval cannot be -1s. Must be greater than or equal to zero"},
};

} // namespace

TEST_CASE("validate: refuses with the words of Consul", "[config]") {
  for (const auto& row : refusals) {
    DYNAMIC_SECTION(row.text) {
      auto out = load_hcl(row.text);
      CHECK((out ? "" : out.error().context) == row.error);
    }
  }
}

TEST_CASE("validate: data_dir is required, except with -dev", "[config]") {
  CHECK(load_agent({}).error().context == "data_dir cannot be empty");
  CHECK(load_agent({"-dev"}));
  CHECK(load_agent({"-dev", "-bootstrap-expect=2"}).error().context
        == "'bootstrap_expect > 0' not allowed in dev mode");
}

TEST_CASE("validate: an advertise address is found or asked for", "[config]") {
  struct row {
    std::string name;
    words args;
    std::vector<interface_address> interfaces;
    std::string error;
    std::string lan;
  };
  const row rows[] = {
    {"the only private one",
     {},
     {{"e", "10.0.0.7"}, {"e", "8.8.8.8"}},
     "",
     "10.0.0.7"},
    {"none",
     {},
     {{"e", "8.8.8.8"}, {"lo", "127.0.0.1", true}},
     "No private IPv4 address found",
     ""},
    {"several",
     {},
     {{"e", "10.0.0.7"}, {"f", "192.168.1.1"}},
     "Multiple private IPv4 addresses found. Please configure one with 'bind' "
     "and/or 'advertise'.",
     ""},
    {"several, bind given",
     {"-bind=10.0.0.7"},
     {{"e", "10.0.0.7"}, {"f", "192.168.1.1"}},
     "",
     "10.0.0.7"},
    {"several, advertise given",
     {"-advertise=1.2.3.4"},
     {{"e", "10.0.0.7"}, {"f", "192.168.1.1"}},
     "",
     "1.2.3.4"},
    {"only loopback", {}, {{"lo", "127.0.0.1", true}}, "", "127.0.0.1"},
    {"IPv6",
     {"-bind=[::]"},
     {{"e", "10.0.0.7"}, {"e", "2a00::1"}, {"e", "fe80::1"}, {"e", "fd00::1"}},
     "",
     "2a00::1"},
    {"no IPv6",
     {"-bind=::"},
     {{"e", "fd00::1"}},
     "No public IPv6 address found",
     ""},
    {"template",
     {"-bind={{ GetInterfaceIP \"f\" }}"},
     {{"e", "10.0.0.7"}, {"f", "fe80::1"}, {"f", "192.168.1.1"}},
     "",
     "192.168.1.1"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      auto args = row.args;
      // Without data_dir, to see that addresses are looked at first.
      if (row.error.empty())
        args.emplace_back("-data-dir=/d");
      auto out = load_agent(args, {}, {"h", row.interfaces});
      CHECK((out ? "" : out.error().context) == row.error);
      if (out)
        CHECK(out->config.network.advertise_lan == row.lan);
    }
  }
}

TEST_CASE("validate: a good configuration may deserve warnings", "[config]") {
  struct row {
    std::string text;
    words warnings;
  };
  const std::string see = " See https://www.consul.io/docs/internals/"
                          "consensus.html#deployment-table";
  const row rows[] = {
    {"", {}},
    {"server = true bootstrap = true",
     {"bootstrap = true: do not enable unless necessary"}},
    {"server = true bootstrap_expect = 1",
     {"BootstrapExpect is set to 1; this is the same as Bootstrap mode.",
      "bootstrap = true: do not enable unless necessary"}},
    {"server = true bootstrap_expect = 2",
     {"bootstrap_expect = 2: A cluster with 2 servers will provide no failure "
      "tolerance."
        + see,
      "bootstrap_expect > 0: expecting 2 servers"}},
    {"server = true bootstrap_expect = 3",
     {"bootstrap_expect > 0: expecting 3 servers"}},
    {"server = true bootstrap_expect = 4",
     {"bootstrap_expect is even number: A cluster with an even number of "
      "servers does not achieve optimum fault tolerance."
        + see,
      "bootstrap_expect > 0: expecting 4 servers"}},
    {"node_name = \"my node.x\"",
     {"Node name \"my node.x\" will not be discoverable via DNS due to "
      "invalid characters. Valid characters include all alpha-numerics and "
      "dashes."}},
    {"node_name = \"" + std::string(64, 'a') + "\"",
     {"Node name \"" + std::string(64, 'a')
      + "\" will not be discoverable via DNS due to it being too long. Valid "
        "lengths are between 1 and 63 bytes."}},
    {"enable_script_checks = true",
     {"using enable-script-checks without ACLs and without "
      "allow_write_http_from is DANGEROUS, use enable-local-script-checks "
      "instead, see https://www.hashicorp.com/blog/"
      "protecting-consul-from-rce-risk-in-specific-configurations/"}},
    {"telemetry { prefix_filter = [\"x\", \"\", \"+a\"] }",
     {"Filter rule must begin with either '+' or '-': \"x\"",
      "Cannot have empty filter rule in prefix_filter"}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      auto out = load_hcl(row.text);
      REQUIRE(out);
      CHECK(out->warnings == row.warnings);
    }
  }
}
