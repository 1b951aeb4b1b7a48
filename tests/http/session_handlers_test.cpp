// Goal: sessions, transactions, and what servers and agents say of themselves.
// Method: handlers with fake actors; expected values were recorded from
// Consul 1.8.7.

#include "api/http/http_error.hpp"
#include "tests/http/handler_fixture.hpp"

#include <catch2/catch.hpp>

namespace praetor::http {

TEST_CASE("http_error: every code has its status", "[http]") {
  struct row {
    errc code;
    int status;
    std::string body;
  };
  const row rows[] = {
    {errc::invalid_argument, 400, "x"},
    {errc::permission_denied, 403, "x"},
    {errc::not_found, 404, "x"},
    {errc::conflict, 409, "x"},
    {errc::overloaded, 429, "x"},
    {errc::rejected, 500, "x"},
    {errc::timeout, 500, "x"},
    {errc::canceled, 500, "x"},
    {errc::corruption, 500, "x"},
    {errc::io_error, 500, "x"},
    {errc::no_leader, 500, "No cluster leader"},
    {errc::not_leader, 500, "No cluster leader"},
  };
  for (const auto& r : rows) {
    const auto a = failure({r.code, "x"});
    CAPTURE(to_string(r.code));
    CHECK(a.status == r.status);
    CHECK(*a.body == r.body);
  }
}

// -- sessions
// ------------------------------------------------------------------

TEST_CASE("session: bodies become sessions", "[http]") {
  using namespace std::chrono_literals;
  using list = std::vector<std::string>;
  struct row {
    std::string body;
    duration lock_delay;
    list node_checks;
  };
  const row rows[] = {
    {"", 15s, {"serfHealth"}},
    {"{}", 15s, {"serfHealth"}},
    {R"({"LockDelay":10})", 10s, {"serfHealth"}},
    {R"({"LockDelay":999})", 999s, {"serfHealth"}},
    {R"({"LockDelay":1000})", 1us, {"serfHealth"}},
    {R"({"LockDelay":15000000000})", 15s, {"serfHealth"}},
    {R"({"LockDelay":0.5})", 0s, {"serfHealth"}},
    {R"({"LockDelay":"1m30s"})", 90s, {"serfHealth"}},
    {R"({"LockDelay":{}})", 0s, {"serfHealth"}},
    {R"({"lockdelay":"3s","bogus":1})", 3s, {"serfHealth"}},
    {R"({"LockDelay":-1e300})", 0s, {"serfHealth"}},
    {R"({"Checks":[]})", 15s, {}},
    {R"({"Checks":null})", 15s, {}},
    {R"({"Checks":[],"NodeChecks":["a"]})", 15s, {}},
    {R"({"NodeChecks":["a"]})", 15s, {"a"}},
    {R"({"NodeChecks":[],"Checks":["a"]})", 15s, {}},
    {R"({"Checks":["a"]})", 15s, {"serfHealth", "a"}},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.body) {
      handler_fixture f;
      const auto c = f.send("PUT", "/v1/session/create", r.body);
      INFO(c->body());
      REQUIRE(f.submits.size() == 1);
      const auto& s = f.last_kv_command<kv::create_session>().session;
      CHECK(s.node == "n1");
      CHECK(s.id.size() == 36);
      CHECK(s.lock_delay == r.lock_delay);
      CHECK(s.node_checks == r.node_checks);
    }
  }
}

TEST_CASE("session: all members arrive", "[http]") {
  handler_fixture f;
  const auto c = f.send("PUT", "/v1/session/create",
                        R"({"Name":"x","Node":"n2","Behavior":"delete",)"
                        R"("TTL":"10000ms","ServiceChecks":[{"ID":"c1"}]})");
  const auto& s = f.last_kv_command<kv::create_session>().session;
  CHECK(s.name == "x");
  CHECK(s.node == "n2");
  CHECK(s.behavior == kv::session_behavior::remove);
  CHECK(s.ttl_text == "10000ms");
  CHECK(s.ttl == std::chrono::seconds{10});
  CHECK(s.service_checks == std::vector<std::string>{"c1"});
  f.answer_submit(errc::rejected, "Missing node registration");
  CHECK(c->status() == 500);
  CHECK(c->body() == "Missing node registration");
}

TEST_CASE("session: bad requests are refused", "[http]") {
  struct row {
    std::string method;
    std::string target;
    std::string body;
    int status;
    std::string answer;
  };
  const std::string create = "/v1/session/create";
  const std::string between = ", must be between [10s=24h0m0s]";
  const std::string no_uuid =
    "failed session lookup: index error: UUID must be 36 characters";
  const row rows[] = {
    {"PUT", create, "{", 400, "Request decode failed: unexpected EOF"},
    {"PUT", create, R"({"LockDelay":"abc"})", 400,
     "Request decode failed: time: invalid duration \"abc\""},
    {"PUT", create, R"({"TTL":"5s"})", 500,
     "Invalid Session TTL '5000000000'" + between},
    {"PUT", create, R"({"TTL":"25h"})", 500,
     "Invalid Session TTL '90000000000000'" + between},
    {"PUT", create, R"({"TTL":"-10s"})", 500,
     "Invalid Session TTL '-10000000000'" + between},
    {"PUT", create, R"({"TTL":"abc"})", 500,
     "Session TTL 'abc' invalid: time: invalid duration \"abc\""},
    {"PUT", create, R"({"Behavior":"explode"})", 500,
     "Invalid Behavior setting 'explode'"},
    {"PUT", create, R"({"Node":""})", 500, "Must provide Node"},
    {"PUT", create + "?dc=nope", "", 500, "No path to datacenter"},
    {"PUT", "/v1/session/destroy/", "", 400, "Missing session"},
    {"PUT", "/v1/session/destroy/nope", "", 500, no_uuid},
    {"PUT", "/v1/session/renew/", "", 400, "Missing session"},
    {"PUT", "/v1/session/renew/nope", "", 500, no_uuid},
    {"GET", "/v1/session/info/", "", 400, "Missing session"},
    {"GET", "/v1/session/info/nope", "", 500, no_uuid},
    {"GET", "/v1/session/info/x?dc=nope", "", 500, "No path to datacenter"},
    {"GET", "/v1/session/node/", "", 400, "Missing node name"},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.target << r.body) {
      handler_fixture f;
      const auto c = f.send(r.method, r.target, r.body);
      CHECK(c->status() == r.status);
      CHECK(c->body() == r.answer);
      CHECK(f.submits.empty());
    }
  }
}

TEST_CASE("session: renewing one with a TTL tells the leader", "[http]") {
  const std::string id = "6e4a5a0d-4f0c-4d3e-9c3a-0123456789ab";
  handler_fixture f;
  const auto c = f.send("PUT", "/v1/session/renew/" + id);
  const auto row = R"([{"ID":")" + id + R"(","TTL":"10s"}])";
  f.answer_kv(row, 5);
  REQUIRE(f.renewals.size() == 1);
  CHECK(f.renewals[0].ttl == std::chrono::seconds{10});
  CHECK(c->status() == 0);
  f.renewals[0].to.complete(ok);
  CHECK(c->body() == row);
  CHECK(c->answer->headers.empty());
}

TEST_CASE("session: renewing without TTL, or none", "[http]") {
  const std::string id = "6e4a5a0d-4f0c-4d3e-9c3a-0123456789ab";
  handler_fixture f;
  auto c = f.send("PUT", "/v1/session/renew/" + id);
  f.answer_kv(R"([{"TTL":""}])", 5);
  CHECK(c->body() == R"([{"TTL":""}])");
  c = f.send("PUT", "/v1/session/renew/" + id);
  f.answer_kv("[]", 5);
  CHECK(c->status() == 404);
  CHECK(c->body() == "Session id '" + id + "' not found");
  CHECK(f.renewals.empty());
}

// -- transactions
// ------------------------------------------------------------------

TEST_CASE("txn: reads are answered from the tables", "[http]") {
  handler_fixture f;
  const auto c = f.send("PUT", "/v1/txn?stale",
                        R"([{"KV":{"Verb":"get","Key":"a"}},{},)"
                        R"({"kv":{"verb":"nope","key":"b"}}])");
  REQUIRE(f.kv_reads.size() == 1);
  CHECK(f.kv_reads[0].options.mode == owner::consistency::stale);
  const auto& ops = f.kv_reads[0].query.operations;
  REQUIRE(ops.size() == 2);
  CHECK(ops[1].position == 1);
  CHECK(ops[1].operation.value == "nope");
  kv::transaction_outcome o;
  o.results = {{0, R"({"KV":{}})"}};
  f.answer_kv(encode(o), 9);
  CHECK(c->status() == 200);
  CHECK(c->body()
        == R"({"Results":[{"KV":{}}],"Errors":null,"Index":0,)"
           R"("LastContact":0,"KnownLeader":true,"ConsistencyLevel":""})");
  CHECK(c->header("X-Consul-Index").empty());
  CHECK(c->header("X-Consul-KnownLeader") == "true");
}

TEST_CASE("txn: writes go through the log", "[http]") {
  handler_fixture f;
  const auto c = f.send(
    "PUT", "/v1/txn",
    R"([{"KV":{"Verb":"cas","Key":"a","Value":"aGk=","Index":7,"Flags":2}}])");
  const auto& ops = f.last_kv_command<kv::transaction>().operations;
  REQUIRE(ops.size() == 1);
  CHECK(ops[0].operation
        == kv::key_operation{kv::verb::cas, "a", "hi", 2, 7, ""});
  kv::transaction_outcome o;
  o.errors = {{0, "failed to set key \"a\", index is stale"}};
  f.answer_submit(errc::conflict, encode(o));
  CHECK(c->status() == 409);
  CHECK(c->body()
        == R"({"Results":null,"Errors":[{"OpIndex":0,)"
           R"("What":"failed to set key \"a\", index is stale"}]})");
  CHECK(c->answer->headers.empty());
}

TEST_CASE("txn: operations go to those who own them", "[http]") {
  handler_fixture f;
  f.send("PUT", "/v1/txn",
         R"([{"Node":{"Verb":"get","Node":{"Node":"n"}}},)"
         R"({"KV":{"Verb":"set","Key":"a"}},)"
         R"({"Service":{"Verb":"delete","Node":"n","Service":{"ID":"s"}}}])");
  REQUIRE(f.submits.size() == 1);
  const auto* both =
    std::get_if<state::mixed_transaction>(&f.submits[0].command);
  REQUIRE(both != nullptr);
  CHECK(both->keys.operations[0].position == 1);
  REQUIRE(both->catalog.operations.size() == 2);
  CHECK(both->catalog.operations[1].position == 2);
  const auto& service =
    std::get<catalog::service_row>(both->catalog.operations[1].target);
  CHECK(service.node == "n");
  CHECK(service.id == "s");
}

TEST_CASE("txn: bad requests are refused", "[http]") {
  std::string many = "[";
  for (int i = 0; i < 65; ++i)
    many += std::string{i == 0 ? "" : ","} + R"({"KV":{"Verb":"get"}})";
  many += "]";
  struct row {
    std::string body;
    int status;
    std::string answer;
  };
  const row rows[] = {
    {"{", 400, "Failed to parse body: unexpected EOF"},
    {"", 400, "Failed to parse body: EOF"},
    {R"([{"KV":{"Value":"!!!"}}])", 400,
     "Failed to parse body: illegal base64 data at input byte 0"},
    {R"([{"KV":{"Bogus":1}}])", 400,
     "Failed to parse body: json: unknown field \"Bogus\""},
    {many, 413, "Transaction contains too many operations (65 > 64)"},
    {R"([{"Node":{"Verb":"x"}}])", 409,
     R"({"Results":null,"Errors":[{"OpIndex":0,)"
     R"("What":"unknown Node verb \"x\""}]})"},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.body.substr(0, 40)) {
      handler_fixture f;
      const auto c = f.send("PUT", "/v1/txn", r.body);
      CHECK(c->status() == r.status);
      CHECK(c->body() == r.answer);
    }
  }
}

// -- status, operator, agent
// ---------------------------------------------------------

raft::raft_status one_server() {
  raft::raft_status s;
  s.role = "Leader";
  s.leader = peer_id{"id1"};
  s.leader_address = "10.0.0.1:8300";
  s.members = {{peer_id{"id1"}, "10.0.0.1:8300", true}};
  s.members_index = 3;
  return s;
}

TEST_CASE("status: leader and peers, or neither", "[http]") {
  handler_fixture f;
  auto leader = f.send("GET", "/v1/status/leader");
  auto peers = f.send("GET", "/v1/status/peers");
  for (const auto& q : f.status_questions)
    q.to.complete(one_server());
  CHECK(leader->body() == "\"10.0.0.1:8300\"");
  CHECK(peers->body() == "[\"10.0.0.1:8300\"]");
  f.status_questions.clear();
  leader = f.send("GET", "/v1/status/leader");
  peers = f.send("GET", "/v1/status/peers");
  for (const auto& q : f.status_questions)
    q.to.complete(raft::raft_status{});
  CHECK(leader->body() == "\"\"");
  CHECK(peers->body() == "[]");
  CHECK(f.send("GET", "/v1/status/leader?dc=nope")->body()
        == "No path to datacenter");
}

TEST_CASE("operator: the configuration takes names from the catalog",
          "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/operator/raft/configuration");
  f.status_questions[0].to.complete(one_server());
  f.answer_catalog(R"([{"ID":"id1","Node":"alpha"}])", 4);
  CHECK(c->body()
        == R"({"Servers":[{"ID":"id1","Node":"alpha",)"
           R"("Address":"10.0.0.1:8300","Leader":true,)"
           R"("ProtocolVersion":"3","Voter":true}],"Index":3})");
}

TEST_CASE("operator: peers to remove must be named and known", "[http]") {
  handler_fixture f;
  const std::string path = "/v1/operator/raft/peer";
  CHECK(f.send("DELETE", path)->body()
        == "Bad request: Must specify either ?id with the server's ID or "
           "?address with IP:port of peer to remove");
  CHECK(f.send("DELETE", path + "?id=a&address=b")->body()
        == "Bad request: Must specify only one of ?id or ?address");
  const auto c = f.send("DELETE", path + "?address=1.2.3.4:5");
  f.status_questions[0].to.complete(one_server());
  CHECK(c->status() == 500);
  CHECK(c->body()
        == "address \"1.2.3.4:5\" was not found in the Raft configuration");
}

TEST_CASE("operator: removing a peer proposes the rest", "[http]") {
  handler_fixture f;
  const auto c = f.send("DELETE", "/v1/operator/raft/peer?id=id2");
  auto s = one_server();
  s.members.push_back({peer_id{"id2"}, "10.0.0.2:8300", true});
  f.status_questions[0].to.complete(s);
  REQUIRE(f.changes.size() == 1);
  CHECK(f.changes[0].expected == 3);
  CHECK(f.changes[0].next.members == one_server().members);
  f.changes[0].to.complete(log_index{9});
  CHECK(c->status() == 200);
  CHECK(c->body().empty());
}

TEST_CASE("agent: self shows who it is", "[http]") {
  handler_fixture f;
  f.to.facts.member_json = R"({"Name":"n1"})";
  const auto c = f.send("GET", "/v1/agent/self");
  agent::get_counts::counts counts;
  counts.services = 3;
  f.count_questions[0].to.complete(counts);
  f.status_questions[0].to.complete(one_server());
  f.member_questions[0].to.complete(
    share(R"([{"Status":1,"Tags":{"role":"consul"}},)"
          R"({"Status":4,"Tags":{"role":"node"}}])"));
  const std::string config =
    R"({"Config":{"Datacenter":"dc1","NodeName":"n1",)"
    R"("NodeID":"6e4a5a0d-4f0c-4d3e-9c3a-0123456789ab","Revision":"",)"
    R"("Server":true,"Version":"1.8.7"},"DebugConfig":{},)";
  CHECK(c->body().substr(0, config.size()) == config);
  CHECK(c->body().find(R"("services":"3")") != std::string::npos);
  CHECK(c->body().find(R"("state":"Leader")") != std::string::npos);
  CHECK(c->body().find(R"("failed":"1")") != std::string::npos);
  CHECK(c->body().find(R"("members":"2")") != std::string::npos);
  CHECK(c->body().find(R"("Member":{"Name":"n1"})") != std::string::npos);
}

TEST_CASE("agent: a client tells of itself, with or without servers",
          "[http]") {
  handler_fixture f;
  f.to.facts.server = false;
  const auto c = f.send("GET", "/v1/agent/self");
  f.count_questions[0].to.complete(agent::get_counts::counts{});
  CHECK(f.status_questions.empty());
  f.member_questions[0].to.complete(
    share(R"([{"Status":1,"Tags":{"role":"consul"}},)"
          R"({"Status":4,"Tags":{"role":"consul"}},)"
          R"({"Status":1,"Tags":{"role":"node"}}])"));
  CHECK(c->body().find(R"("consul":{"acl":"disabled","known_servers":"1",)"
                       R"("server":"false"},"runtime")")
        != std::string::npos);
  CHECK(c->body().find("serf_wan") == std::string::npos);
}

TEST_CASE("agent: members know no segments", "[http]") {
  handler_fixture f;
  const std::string path = "/v1/agent/members";
  CHECK(f.send("GET", path + "?segment=x")->status() == 500);
  CHECK(f.send("GET", path + "?wan=1&segment=x")->status() == 400);
  f.send("GET", path + "?wan=1&segment=_all");
  REQUIRE(f.member_questions.size() == 1);
  CHECK(f.member_questions[0].wan);
}

TEST_CASE("agent: its life", "[http]") {
  handler_fixture f;
  auto c = f.send("PUT", "/v1/agent/reload");
  CHECK(c->status() == 200);
  CHECK(c->answer->content_type.empty());
  c = f.send("PUT", "/v1/agent/join/10.0.0.9");
  CHECK(c->status() == 500);
  CHECK(c->body() == "1 error occurred");
  f.to.force_leave = [](const std::string& node, bool prune,
                        const reply<std::monostate>& to) {
    CHECK(node == "nope");
    CHECK(!prune);
    to.complete(error{errc::not_found, "No node found with name 'nope'"});
  };
  c = f.send("PUT", "/v1/agent/force-leave/nope");
  CHECK(c->status() == 500);
  CHECK(c->body() == "agent: No node found with name 'nope'");
  c = f.send("GET", "/v1/agent/monitor?loglevel=loud");
  CHECK(c->status() == 400);
  CHECK(c->body() == "Bad request: Unknown log level: loud");
  CHECK(f.send("GET", "/v1/agent/monitor")->answer->stream != nullptr);
  CHECK(f.send("GET", "/v1/agent/metrics?format=prometheus")->status() == 415);
}

} // namespace praetor::http
