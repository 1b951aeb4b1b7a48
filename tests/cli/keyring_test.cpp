// Goal: keyring asks the agent what Consul's asks, and prints what it prints.
// Method: as commands_test.cpp; texts recorded from Consul 1.8.7.

#include "tests/cli/command_rows.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::tools;

namespace {

const std::string pools =
  R"([{"WAN":true,"Datacenter":"dc1","Segment":"","Keys":{"a=":1},)"
  R"("PrimaryKeys":{"a=":1},"NumNodes":1},{"WAN":false,"Datacenter":"dc1",)"
  R"("Segment":"","Keys":{"a=":2,"b=":1},"PrimaryKeys":{"a=":2},)"
  R"("NumNodes":2}])";

} // namespace

TEST_CASE("keyring: lists and changes keys", "[cli][core]") {
  const std::string where = "/v1/operator/keyring";
  check({
    {{"keyring", "-list"},
     {{"GET " + where, {{200, pools, 1}}}},
     0,
     "==> Gathering installed encryption keys...\n\nWAN:\n  a= [1/1]\n\n"
     "dc1 (LAN):\n  a= [2/2]\n  b= [1/2]\n"},
    {{"keyring", "-list-primary", "-local-only"},
     {{"GET " + where + "?local-only=true", {{200, pools, 1}}}},
     0,
     "==> Gathering installed primary encryption keys...\n\nWAN:\n"
     "  a= [1/1]\n\ndc1 (LAN):\n  a= [2/2]\n"},
    {{"keyring", "-install=k"},
     {{"POST " + where, {{200, "", 1}}}},
     0,
     "==> Installing new gossip encryption key...\n"},
    {{"keyring", "-use=k", "-relay-factor=3"},
     {{"PUT " + where + "?relay-factor=3", {{200, "", 1}}}},
     0,
     "==> Changing primary gossip encryption key...\n"},
    {{"keyring", "-remove=k"},
     {{"DELETE " + where, {{500, "no\n\n", 1}}}},
     1,
     "==> Removing gossip encryption key...\n",
     "error: Unexpected response code: 500 (no\n\n)\n"},
    {{"keyring", "-list", "-use=x"},
     {},
     1,
     "",
     "Only a single action is allowed\n"},
    {{"keyring", "-list", "-relay-factor=9"},
     {},
     1,
     "",
     "Error parsing relay factor: Relay factor must be in range: [0, 5]\n"},
    {{"keyring", "-use=x", "-local-only"},
     {},
     1,
     "",
     "Error validating local-only: local-only can only be set for list "
     "requests\n"},
  });
}

TEST_CASE("keyring: without an action there is help", "[cli][core]") {
  fake_agent agent;
  fake_terminal terminal{agent};
  CHECK(terminal.run({"keyring"}) == 1);
  CHECK(terminal.err.str().starts_with("Usage: consul keyring [options]"));
}
