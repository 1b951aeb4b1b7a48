// Goal: each command asks the agent what Consul's asks, and prints what
// Consul's prints.
// Method: a table of command lines with prepared answers, the requests that
// must be sent, and the texts and exit codes recorded from Consul 1.8.7.

#include "tests/cli/command_rows.hpp"
#include "tools/praetor/completion.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace praetor;
using namespace praetor::tools;

namespace {

const std::string entry =
  R"({"LockIndex":0,"Key":"a/b","Flags":42,"Value":"eDx5",)"
  R"("CreateIndex":16,"ModifyIndex":17})";

http_answer good(std::string body) {
  return {200, std::move(body), 1};
}

} // namespace

TEST_CASE("kv: values are read", "[cli][core]") {
  const auto one = good("[" + entry + "]");
  check({
    {{"kv", "get", "/a/b"}, {{"GET /v1/kv/a/b", {one}}}, 0, "x<y\n"},
    {{"kv", "get", "-base64", "a/b"}, {{"GET /v1/kv/a/b", {one}}}, 0, "eDx5\n"},
    {{"kv", "get", "-detailed", "a/b"},
     {{"GET /v1/kv/a/b", {one}}},
     0,
     "CreateIndex      16\nFlags            42\nKey              a/b\n"
     "LockIndex        0\nModifyIndex      17\nSession          -\n"
     "Value            x<y\n"},
    {{"kv", "get", "-recurse"},
     {{"GET /v1/kv/?recurse=", {one}}},
     0,
     "a/b:x<y\n"},
    {{"kv", "get", "-recurse", "nope"}, {}, 0},
    {{"kv", "get", "-keys", "a"},
     {{"GET /v1/kv/a?keys=&separator=%2F", {good(R"(["a/"])")}}},
     0,
     "a/\n"},
    {{"kv", "get", "nope"}, {}, 1, "", "Error! No key exists at: nope\n"},
    {{"kv", "get", "x"},
     {{"GET /v1/kv/x", {{500, "No cluster leader", 0}}}},
     1,
     "",
     "Error querying Consul agent: Unexpected response code: 500\n"},
    {{"kv", "get"}, {}, 1, "", "Error! Missing KEY argument\n"},
    {{"kv", "get", "a", "-detailed"},
     {},
     1,
     "",
     "Too many arguments (expected 1, got 2)\n"},
    {{"kv", "export", "/a"},
     {{"GET /v1/kv/a?recurse=", {one}}},
     0,
     "[\n\t{\n\t\t\"key\": \"a/b\",\n\t\t\"flags\": 42,\n"
     "\t\t\"value\": \"eDx5\"\n\t}\n]\n"},
    {{"kv", "export"}, {}, 0, "[]\n"},
  });
}

TEST_CASE("kv: values are written", "[cli][core]") {
  check({
    {{"kv", "put", "-flags=42", "a", "b"},
     {{"PUT /v1/kv/a?flags=42", {good("true")}}},
     0,
     "Success! Data written to: a\n"},
    {{"kv", "put", "-cas", "-modify-index=3", "a", "b"},
     {{"PUT /v1/kv/a?cas=3", {good("false")}}},
     1,
     "",
     "Error! Did not write to a: CAS failed\n"},
    {{"kv", "put", "-acquire", "-session=s", "a"},
     {{"PUT /v1/kv/a?acquire=s", {good("true\n")}}},
     0,
     "Success! Lock acquired on: a\n"},
    {{"kv", "put", "-release", "-session=s", "a"},
     {{"PUT /v1/kv/a?release=s", {good("false\n")}}},
     1,
     "",
     "Error! Did not release lock\n"},
    {{"kv", "put", "-acquire", "a"},
     {},
     1,
     "",
     "Error! Missing -session (required with -acquire and -release)\n"},
    {{"kv", "put", "-cas", "a"},
     {},
     1,
     "",
     "Must specify -modify-index with -cas!\n"},
    {{"kv", "put"}, {}, 1, "", "Error! Missing KEY argument\n"},
    {{"kv", "put", "a", "b", "c"},
     {},
     1,
     "",
     "Error! Too many arguments (expected 1 or 2, got 3)\n"},
    {{"kv", "put", "/a", "b"},
     {},
     1,
     "",
     "Error! Failed writing data: Invalid key. Key must not begin with a '/': "
     "/a\n"},
    {{"kv", "put", "-base64", "a", "!"},
     {},
     1,
     "",
     "Error! Cannot base 64 decode data: illegal base64 data at input byte "
     "0\n"},
    {{"kv", "put", "a", "@/x"},
     {},
     1,
     "",
     "Error! Failed to read file: open /x: no such file or directory\n"},
  });
}

TEST_CASE("kv: keys are deleted and imported", "[cli][core]") {
  check({
    {{"kv", "delete", "a"},
     {{"DELETE /v1/kv/a", {good("true")}}},
     0,
     "Success! Deleted key: a\n"},
    {{"kv", "delete", "-recurse", "a"},
     {{"DELETE /v1/kv/a?recurse=", {good("true")}}},
     0,
     "Success! Deleted keys with prefix: a\n"},
    {{"kv", "delete", "-cas", "-modify-index=3", "a"},
     {{"DELETE /v1/kv/a?cas=3", {good("false")}}},
     1,
     "",
     "Error! Did not delete key a: CAS failed\n"},
    {{"kv", "delete", "-modify-index=3", "a"},
     {},
     1,
     "",
     "Cannot specify -modify-index without -cas!\n"},
    {{"kv", "delete", "-cas", "-modify-index=3", "-recurse", "a"},
     {},
     1,
     "",
     "Cannot specify both -cas and -recurse!\n"},
    {{"kv", "import", R"([{"key":"z","flags":3,"value":"eg=="}])"},
     {{"PUT /v1/kv/z?flags=3", {good("true")}}},
     0,
     "Imported: z\n"},
    {{"kv", "import", "zz"},
     {},
     1,
     "",
     "Cannot unmarshal data: invalid character 'z' looking for beginning of "
     "value\n"},
  });
}

TEST_CASE("kv: data comes from arguments, files and stdin", "[cli][core]") {
  fake_agent agent{.answers = {{"PUT /v1/kv/a", {good("true")}}}};
  fake_terminal terminal{agent};
  terminal.files["f"] = "from file";
  terminal.in.str("from stdin");
  CHECK(terminal.run({"kv", "put", "a", "text"}) == 0);
  CHECK(terminal.run({"kv", "put", "a", "@f"}) == 0);
  CHECK(terminal.run({"kv", "put", "a", "-"}) == 0);
  CHECK(terminal.run({"kv", "put", "-base64", "a", "eDx5"}) == 0);
  CHECK(
    agent.lines()
    == std::vector<std::string>{"PUT /v1/kv/a text", "PUT /v1/kv/a from file",
                                "PUT /v1/kv/a from stdin", "PUT /v1/kv/a x<y"});
}

TEST_CASE("catalog: nodes and services are listed", "[cli][core]") {
  const auto nodes = good(
    R"([{"ID":"2d8605af-b82d","Node":"s1","Address":"127.0.0.11",)"
    R"("Datacenter":"dc1","TaggedAddresses":{"wan":"2","lan":"1"},"Meta":{}}])");
  const auto services = good(R"({"web":["v2","v1"],"consul":[]})");
  check({
    {{"catalog", "nodes"},
     {{"GET /v1/catalog/nodes", {nodes}}},
     0,
     "Node  ID        Address     DC\ns1    2d8605af  127.0.0.11  dc1\n"},
    {{"catalog", "nodes", "-detailed"},
     {{"GET /v1/catalog/nodes", {nodes}}},
     0,
     "Node  ID             Address     DC   TaggedAddresses  Meta\n"
     "s1    2d8605af-b82d  127.0.0.11  dc1  lan=1, wan=2     \n"},
    {{"catalog", "nodes", "-service=x", "-node-meta", "a=b"},
     {{"GET /v1/catalog/service/x?node-meta=a%3Ab", {good("[]")}}},
     0,
     "",
     "No nodes match the given query - try expanding your search.\n"},
    {{"catalog", "services"},
     {{"GET /v1/catalog/services", {services}}},
     0,
     "consul\nweb\n"},
    {{"catalog", "services", "-tags"},
     {{"GET /v1/catalog/services", {services}}},
     0,
     "consul      \nweb         v1,v2\n"},
    {{"catalog", "services", "-node=zz"},
     {{"GET /v1/catalog/node/zz", {good("null")}}},
     0,
     "",
     "No services match the given query - try expanding your search.\n"},
    {{"catalog", "datacenters", "-datacenter=dc2", "-stale"},
     {{"GET /v1/catalog/datacenters?dc=dc2&stale=", {good(R"(["dc1"])")}}},
     0,
     "dc1\n"},
    {{"catalog", "services", "x"},
     {},
     1,
     "",
     "Too many arguments (expected 0, got 1)\n"},
  });
}

TEST_CASE("services: flags make a registration", "[cli][core]") {
  fake_agent agent{.answers = {{"PUT /v1/agent/service/register", {good("")}}}};
  fake_terminal terminal{agent};
  CHECK(
    terminal.run({"services", "register", "-name=web", "-port=80", "-tag=a",
                  "-tag=b", "-meta", "k=v", "-tagged-address", "lan=1.2.3.4:5"})
    == 0);
  CHECK(terminal.out.str() == "Registered service: web\n");
  CHECK(agent.lines()
        == std::vector<std::string>{
          R"(PUT /v1/agent/service/register {"Name":"web","Tags":["a","b"],)"
          R"("Port":80,"Meta":{"k":"v"},"TaggedAddresses":)"
          R"({"lan":{"Address":"1.2.3.4","Port":5}}})"});
}

TEST_CASE("services: arguments are checked", "[cli][core]") {
  check({
    {{"services", "register"},
     {},
     1,
     "",
     "Service registration requires at least one argument or flags.\n"},
    {{"services", "register", "-name=a", "f"},
     {},
     1,
     "",
     "Service registration requires arguments or -id, not both.\n"},
    {{"services", "register", "nofile.json"},
     {},
     1,
     "",
     "Error: config: Open failed on nofile.json. open nofile.json: no such "
     "file or directory\n"},
    {{"services", "register", "-name=a", "-tagged-address", "lan=zz"},
     {},
     1,
     "",
     "Invalid Tagged Address: address zz: missing port in address\n"},
    {{"services", "deregister"},
     {},
     1,
     "",
     "Service deregistration requires at least one argument or -id.\n"},
    {{"services", "deregister", "-id=a", "b"},
     {},
     1,
     "",
     "Service deregistration requires arguments or -id, not both.\n"},
    {{"services", "deregister", "-id=a"},
     {{"PUT /v1/agent/service/deregister/a", {good("")}}},
     0,
     "Deregistered service: a\n"},
  });
}

TEST_CASE("members: servers come first", "[cli][core]") {
  const auto members =
    good(R"([{"Name":"c1","Addr":"127.0.0.13","Port":8301,"Status":4,)"
         R"("Tags":{"role":"node","build":"1.8.7:abc","vsn":"2","dc":"dc1",)"
         R"("segment":""}},)"
         R"({"Name":"s1","Addr":"::1","Port":8301,"Status":1,)"
         R"("Tags":{"role":"consul","build":"1.8.7:","vsn":"2","dc":"dc1"}}])");
  const std::string all = "GET /v1/agent/members?segment=_all";
  check({
    {{"members"},
     {{all, {members}}},
     0,
     "Node  Address          Status  Type    Build  Protocol  DC   Segment\n"
     "s1    [::1]:8301       alive   server  1.8.7  2         dc1  <all>\n"
     "c1    127.0.0.13:8301  failed  client  1.8.7  2         dc1  "
     "<default>\n"},
    {{"members", "-detailed", "-status=failed"},
     {{all, {members}}},
     0,
     "Node  Address          Status  Tags\n"
     "c1    127.0.0.13:8301  failed  "
     "build=1.8.7:abc,dc=dc1,role=node,segment=<default>,vsn=2\n"},
    {{"members", "-status=left"}, {{all, {members}}}, 2},
    {{"members", "-wan"}, {{all + "&wan=1", {good("[]")}}}, 2},
    {{"members", "-status=["},
     {},
     1,
     "",
     "Failed to compile status regexp: error parsing regexp: missing closing "
     "]: `[`\n"},
    {{"join", "a", "b"},
     {{"PUT /v1/agent/join/a", {good("")}}},
     0,
     "Successfully joined cluster by contacting 1 nodes.\n",
     "Error joining address 'b': Unexpected response code: 404 (no answer "
     "prepared)\n"},
    {{"force-leave", "-prune", "x"},
     {{"PUT /v1/agent/force-leave/x?prune=1", {good("")}}},
     0},
    {{"leave"},
     {{"PUT /v1/agent/leave", {good("")}}},
     0,
     "Graceful leave complete\n"},
    {{"reload"},
     {{"PUT /v1/agent/reload", {{500, "bad\n", 0}}}},
     1,
     "",
     "Error reloading: Unexpected response code: 500 (bad\n)\n"},
    {{"info"},
     {{"GET /v1/agent/self",
       {good(R"({"Stats":{"raft":{"term":"2","state":"Leader"},)"
             R"("agent":{"checks":"0"}}})")}}},
     0,
     "agent:\n\tchecks = 0\nraft:\n\tstate = Leader\n\tterm = 2\n"},
  });
}

TEST_CASE("operator autopilot: shows and changes what was given",
          "[cli][core]") {
  const std::string path = "/v1/operator/autopilot/configuration";
  const auto config = good(
    R"({"CleanupDeadServers":true,"LastContactThreshold":"200ms",)"
    R"("MaxTrailingLogs":250,"MinQuorum":0,"ServerStabilizationTime":"10s",)"
    R"("RedundancyZoneTag":"","DisableUpgradeMigration":false,)"
    R"("UpgradeVersionTag":"","CreateIndex":4,"ModifyIndex":7})");
  check({
    {{"operator", "autopilot", "get-config"},
     {{"GET " + path, {config}}},
     0,
     "CleanupDeadServers = true\nLastContactThreshold = 200ms\n"
     "MaxTrailingLogs = 250\nMinQuorum = 0\nServerStabilizationTime = 10s\n"
     "RedundancyZoneTag = \"\"\nDisableUpgradeMigration = false\n"
     "UpgradeVersionTag = \"\"\n"},
    {{"operator", "autopilot", "set-config", "-min-quorum=3",
      "-cleanup-dead-servers=false"},
     {{"GET " + path, {config}}, {"PUT " + path + "?cas=7", {good("true")}}},
     0,
     "Configuration updated!\n"},
    {{"operator", "autopilot", "set-config", "-max-trailing-logs=9"},
     {{"GET " + path, {config}}, {"PUT " + path + "?cas=7", {good("false")}}},
     1,
     "Configuration could not be atomically updated, please try again\n"},
    {{"operator", "autopilot", "get-config"},
     {{"GET " + path, {{500, "No cluster leader", 0}}}},
     1,
     "",
     "Error querying Autopilot configuration: Unexpected response code: 500 "
     "(No cluster leader)\n"},
  });
}

TEST_CASE("operator, event and maint: texts are Consul's", "[cli][core]") {
  const auto peers = good(
    R"({"Servers":[{"ID":"i1","Node":"s1","Address":"a:8300","Leader":true,)"
    R"j("Voter":true,"ProtocolVersion":"3"},{"ID":"i2","Node":"(unknown)",)j"
    R"("Address":"b:8300","Leader":false,"Voter":false}]})");
  check({
    {{"operator", "raft", "list-peers"},
     {{"GET /v1/operator/raft/configuration", {peers}}},
     0,
     "Node       ID  Address  State     Voter  RaftProtocol\n"
     "s1         i1  a:8300   leader    true   3\n"
     "(unknown)  i2  b:8300   follower  false  <=1\n"},
    {{"operator", "raft", "remove-peer", "-address=a:1"},
     {{"DELETE /v1/operator/raft/peer?address=a%3A1", {good("")}}},
     0,
     "Removed peer with address \"a:1\"\n"},
    {{"operator", "raft", "remove-peer"},
     {},
     1,
     "",
     "Error removing peer: an address or id is required for the peer to "
     "remove\n"},
    {{"operator", "raft", "transfer-leader", "-id=i2"},
     {{"POST /v1/operator/raft/transfer-leader?id=i2",
       {good(R"({"Success":true})")}}},
     0,
     "Success\n"},
    {{"operator", "raft", "transfer-leader"},
     {{"POST /v1/operator/raft/transfer-leader", {{500, "no", 0}}}},
     1,
     "",
     "Error transfering leadership: Failed to transfer leadership Unexpected "
     "response code: 500 (no)\n"},
    {{"event", "-name=deploy", "-service=web", "v1"},
     {{"GET /v1/agent/self", {good("{}")}},
      {"PUT /v1/event/fire/deploy?service=web", {good(R"({"ID":"e1"})")}}},
     0,
     "Event ID: e1\n"},
    {{"event", "-name=a", "-tag=x"},
     {},
     1,
     "",
     "Cannot provide tag filter without service filter.\n"},
    {{"maint", "-enable", "-reason=up", "-service=web"},
     {{"PUT /v1/agent/service/maintenance/web?enable=true&reason=up",
       {good("")}}},
     0,
     "Service maintenance is now enabled for \"web\"\n"},
    {{"maint", "-disable"},
     {{"PUT /v1/agent/maintenance?enable=false", {good("")}}},
     0,
     "Node maintenance is now disabled\n"},
    {{"maint"},
     {{"GET /v1/agent/self", {good(R"({"Config":{"NodeName":"n1"}})")}},
      {"GET /v1/agent/checks",
       {good(
         R"({"_node_maintenance":{"Notes":"why"},"x":{},)"
         R"("_service_maintenance:web":{"ServiceID":"web","Notes":"up"}})")}}},
     0,
     "Node:\n  Name:   n1\n  Reason: why\n\n"
     "Service:\n  ID:     web\n  Reason: up\n\n"},
    {{"maint", "-enable", "-disable"},
     {},
     1,
     "",
     "Only one of -enable or -disable may be provided\n"},
  });
}

TEST_CASE("commands: usage goes to stderr unless asked for", "[cli][core]") {
  fake_agent agent;
  struct usage_row {
    std::vector<std::string> args;
    int code;
    bool on_out;
    const char* begin;
  };
  const std::vector<usage_row> rows = {
    {{}, 127, false, "Usage: consul [--version] [--help] <command> [<args>]\n"},
    {{"bogus"}, 127, false, "Usage: consul [--version]"},
    {{"-h"}, 0, true, "Usage: consul [--version]"},
    {{"kv"}, 1, false, "Usage: consul kv <subcommand>"},
    {{"kv", "bogus"}, 1, false, "Usage: consul kv <subcommand>"},
    {{"kv", "-h"}, 0, true, "Usage: consul kv <subcommand>"},
    {{"operator", "raft"}, 1, false, "Usage: consul operator raft"},
    {{"kv", "get", "-h"}, 0, true, "Usage: consul kv get [options]"},
    {{"-v"}, 0, true, "Consul v1.8.7\nProtocol 2 spoken by default"},
    {{"info", "-datacenter=x"},
     1,
     false,
     "flag provided but not defined: -datacenter\nUsage:\n  -ca-file value\n"},
    {{"version", "-format=zz"}, 1, false, "Unknown format: zz\n"},
  };
  for (const auto& x : rows) {
    CAPTURE(x.args);
    fake_terminal terminal{agent};
    CHECK(terminal.run(x.args) == x.code);
    const auto& text = x.on_out ? terminal.out : terminal.err;
    const auto& other = x.on_out ? terminal.err : terminal.out;
    CHECK_THAT(text.str(), Catch::StartsWith(x.begin));
    CHECK(other.str().empty());
  }
}

TEST_CASE("commands: the table is sorted and complete", "[cli][core]") {
  const auto table = all_commands();
  CHECK(std::ranges::is_sorted(table, {}, &command::name));
  for (const auto* x : table) {
    CAPTURE(x->name);
    CHECK_FALSE(x->synopsis.empty());
    // Raw commands may explain themselves; the others cannot.
    CHECK((x->run_raw != nullptr || !x->usage.empty()));
    const auto flags = all_flags(*x);
    for (const auto& flag : flags)
      CHECK_FALSE(flag.help.empty());
  }
}

TEST_CASE("completion: commands, subcommands and flags", "[cli][core]") {
  using words = std::vector<std::string>;
  CHECK(completions({"ca"}) == words{"catalog"});
  CHECK(completions({"le"}) == words{"leave"});
  CHECK(completions({"kv", ""})
        == words{"delete", "export", "get", "import", "put"});
  CHECK(completions({"operator", "raft", "l"}) == words{"list-peers"});
  CHECK(completions({"kv", "get", "-re"}) == words{"-recurse"});
  CHECK(completions({"agent", "-boot"})
        == words{"-bootstrap", "-bootstrap-expect"});
  CHECK(completions({"members", "x"}).empty());
  CHECK(complete_line("praetor kv  ge", "") == "get\n");
  CHECK(complete_line("praetor k later", "9") == "keygen\nkeyring\nkv\n");
  CHECK(completion_script("fish").empty());
}
