// Goal: rtt estimates from what the agent knows, and says what it lacks.
// Method: as commands_test.cpp; texts recorded from Consul 1.8.7.

#include "tests/cli/command_rows.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::tools;

namespace {

std::string place(const std::string& node, const std::string& first) {
  return R"({"Node":")" + node + R"(","Segment":"","Coord":{"Vec":[)" + first
         + R"(,0,0,0,0,0,0,0],"Error":0.5,"Adjustment":0,"Height":0.001}})";
}

/// What all ask the agent.
command_row row(std::vector<std::string> args, int code, std::string out,
                std::string err) {
  const auto lan = "[" + place("a", "0.003") + "," + place("b", "0") + "]";
  const auto wan = R"([{"Datacenter":"dc1","AreaID":"wan","Coordinates":[)"
                   + place("a", "0.1") + R"(]},{"Datacenter":"dc2",)"
                   + R"("Coordinates":[)" + place("a", "0") + "]}]";
  args.insert(args.begin(), "rtt");
  return {std::move(args),
          {{"GET /v1/coordinate/nodes", {{200, lan, 1}}},
           {"GET /v1/coordinate/datacenters", {{200, wan, 1}}},
           {"GET /v1/agent/self",
            {{200, R"({"Config":{"NodeName":"b","Datacenter":"dc1"}})", 1}}}},
          code,
          std::move(out),
          std::move(err)};
}

} // namespace

TEST_CASE("rtt: estimates by coordinates", "[cli][core]") {
  check({
    row({"a", "b"}, 0,
        "Estimated a <-> b rtt: 5.000 ms (using LAN coordinates)\n", ""),
    row({"a"}, 0, "Estimated a <-> b rtt: 5.000 ms (using LAN coordinates)\n",
        ""),
    row({"zz", "b"}, 1, "", "Could not find a coordinate for node \"zz\"\n"),
    row({"-wan", "a.dc1", "a.dc2"}, 0,
        "Estimated a.dc1 <-> a.dc2 rtt: 102.000 ms (using WAN coordinates)\n",
        ""),
    row({"-wan", "a", "b.dc1"}, 1, "",
        "Node names must be specified as <node name>.<datacenter> with -wan\n"),
    row({"-wan", "b.dc2", "a.dc1"}, 1, "",
        "Could not find a coordinate for node \"b.dc2\"\n"),
  });
}

TEST_CASE("rtt: wants one or two names", "[cli][core]") {
  for (const auto& args :
       std::vector<std::vector<std::string>>{{"rtt"}, {"rtt", "a", "b", "c"}}) {
    fake_agent agent;
    fake_terminal terminal{agent};
    CHECK(terminal.run(args) == 1);
    CHECK(terminal.err.str().starts_with(
      "One or two node names must be specified\n\nUsage: consul rtt"));
  }
}
