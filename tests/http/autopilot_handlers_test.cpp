// Goal: /v1/operator/autopilot and leadership transfers answer as Consul does.
// Method: requests through the front door; the test answers for the actors.
// Texts were recorded from Consul 1.8.7.

#include "tests/http/handler_fixture.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::http;
using namespace std::chrono_literals;

namespace {

const std::string path = "/v1/operator/autopilot/configuration";

const catalog::set_autopilot& last_command(const handler_fixture& f) {
  return std::get<catalog::set_autopilot>(
    std::get<catalog::command>(f.submits.back().command));
}

} // namespace

TEST_CASE("autopilot: shows the configuration without headers", "[http]") {
  handler_fixture f;
  const auto x = f.send("GET", path + "?stale");
  REQUIRE(f.catalog_reads.size() == 1);
  CHECK(f.catalog_reads[0].query.kind == catalog::query_kind::autopilot);
  CHECK(f.catalog_reads[0].options.mode == consistency::stale);
  catalog::autopilot_row row;
  row.min_quorum = 3;
  row.create_index = 4;
  row.modify_index = 9;
  f.answer_catalog(encode(row), 9);
  CHECK(x->status() == 200);
  CHECK(x->header("X-Consul-Index").empty());
  CHECK(x->body()
        == R"({"CleanupDeadServers":true,"LastContactThreshold":"200ms",)"
           R"("MaxTrailingLogs":250,"MinQuorum":3,)"
           R"("ServerStabilizationTime":"10s","RedundancyZoneTag":"",)"
           R"("DisableUpgradeMigration":false,"UpgradeVersionTag":"",)"
           R"("CreateIndex":4,"ModifyIndex":9})");
  CHECK(f.send("GET", path + "?dc=zz")->body() == "No path to datacenter");
}

TEST_CASE("autopilot: a new configuration replaces all", "[http]") {
  handler_fixture f;
  const auto x =
    f.send("PUT", path, R"({"LastContactThreshold":5,"minquorum":2})");
  REQUIRE(f.submits.size() == 1);
  const auto& config = last_command(f).config;
  CHECK(!config.cleanup_dead_servers);
  CHECK(config.last_contact_threshold == 5ns);
  CHECK(config.max_trailing_logs == 0);
  CHECK(config.min_quorum == 2);
  CHECK(!last_command(f).expected);
  f.answer_submit({}, "true");
  CHECK(x->body() == "true");
  const auto lost = f.send("PUT", path + "?cas=7", "{}");
  CHECK(last_command(f).expected == 7);
  f.answer_submit({}, "false");
  CHECK(lost->body() == "false");
}

TEST_CASE("autopilot: refuses what it cannot read", "[http]") {
  struct row {
    const char* query;
    const char* body;
    const char* text;
  };
  const row rows[] = {
    {"?cas=zz", "{}",
     R"(cas value: strconv.ParseUint: parsing "zz": invalid syntax)"},
    {"", "", "autopilot config: EOF"},
    {"", "{bad",
     "autopilot config: invalid character 'b' looking for beginning of object "
     "key string"},
    {"", R"({"LastContactThreshold":"zz"})",
     R"(autopilot config: time: invalid duration "zz")"},
    {"", R"({"Bogus":1})", R"(autopilot config: json: unknown field "Bogus")"},
  };
  for (const auto& r : rows) {
    handler_fixture f;
    const auto x = f.send("PUT", path + r.query, r.body);
    CHECK(x->status() == 400);
    CHECK(x->body() == std::string{"Bad request: Error parsing "} + r.text);
    CHECK(f.submits.empty());
  }
}

TEST_CASE("autopilot: health is 429 while somebody is not well", "[http]") {
  handler_fixture f;
  leader::health_report report;
  report.healthy = true;
  report.servers.resize(1);
  auto& one = report.servers[0];
  one.id = {"i1"};
  one.address = "10.0.0.1:8300";
  one.known = leader::server{"s1", one.address, gossip::member_status::alive,
                             false, "1.8.7"};
  one.leader = one.voter = one.healthy = true;
  one.last_contact = 0s;
  one.last_term = 2;
  one.last_index = 12;
  const auto well = f.send("GET", "/v1/operator/autopilot/health");
  f.health_questions.at(0).to.complete(report);
  CHECK(well->status() == 200);
  const std::string begin =
    R"({"Healthy":true,"FailureTolerance":0,"Servers":[{"ID":"i1",)"
    R"("Name":"s1","Address":"10.0.0.1:8300","SerfStatus":"alive",)"
    R"("Version":"1.8.7","Leader":true,"LastContact":"0s","LastTerm":2,)"
    R"("LastIndex":12,"Healthy":true,"Voter":true,"StableSince":"20)";
  CHECK(well->body().substr(0, begin.size()) == begin);
  report.healthy = false;
  const auto ill = f.send("GET", "/v1/operator/autopilot/health");
  f.health_questions.at(1).to.complete(report);
  CHECK(ill->status() == 429);
}

TEST_CASE("operator: leadership goes to whom is named", "[http]") {
  handler_fixture f;
  const auto x = f.send("POST", "/v1/operator/raft/transfer-leader?id=id2");
  REQUIRE(f.transfers.size() == 1);
  CHECK(f.transfers[0].target == peer_id{"id2"});
  f.transfers[0].to.complete(ok);
  CHECK(x->body() == R"({"Success":true})");
  const auto any = f.send("POST", "/v1/operator/raft/transfer-leader");
  CHECK(!f.transfers.at(1).target);
  f.transfers[1].to.complete(error{errc::rejected, "no peer"});
  CHECK(any->status() == 500);
  CHECK(any->body() == "no peer");
}
