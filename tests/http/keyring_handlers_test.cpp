// Goal: /v1/operator/keyring asks gossip and answers as Consul does.
// Method: requests through the front door; the test answers for gossip. Texts
// were recorded from Consul 1.8.7, with the LAN pool alone.

#include "tests/http/handler_fixture.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::http;

namespace {

const std::string key(16, 'k');
const std::string key_text = "a2tra2tra2tra2tra2traw==";
const std::string key_body = "{\"Key\":\"" + key_text + "\"}";

struct fixture : handler_fixture {
  std::vector<gossip::change_keys> asked;
  fixture() { to.change_keys = keep(asked); }
};

} // namespace

TEST_CASE_METHOD(fixture, "keyring: lists keys with their counts", "[http]") {
  const auto x = send("GET", "/v1/operator/keyring");
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].what == gossip::key_action::list);
  asked[0].to.complete(gossip::key_answer{3, 3, {{key, 3}}, {{key, 2}}, {}});
  CHECK(x->status() == 200);
  CHECK(x->body()
        == R"([{"WAN":false,"Datacenter":"dc1","Segment":"","Keys":{")"
             + key_text + R"(":3},"PrimaryKeys":{")" + key_text
             + R"(":2},"NumNodes":3}])");
}

TEST_CASE_METHOD(fixture, "keyring: changes keys", "[http]") {
  struct row {
    const char* method;
    gossip::key_action what;
  };
  const row rows[] = {{"POST", gossip::key_action::install},
                      {"PUT", gossip::key_action::use},
                      {"DELETE", gossip::key_action::remove}};
  for (const auto& r : rows) {
    asked.clear();
    const auto x = send(r.method, "/v1/operator/keyring", key_body);
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].what == r.what);
    CHECK(asked[0].key == key);
    asked[0].to.complete(gossip::key_answer{1, 1, {}, {}, {}});
    CHECK(x->status() == 200);
    CHECK(x->body().empty());
  }
}

TEST_CASE_METHOD(fixture, "keyring: says which members failed", "[http]") {
  const auto refused = send("PUT", "/v1/operator/keyring", key_body);
  asked.at(0).to.complete(
    gossip::key_answer{3, 3, {}, {}, {{"a", "no"}, {"b", "never"}}});
  CHECK(refused->status() == 500);
  CHECK(refused->body()
        == "3 errors occurred:\n\t* dc1 (LAN) error: 2/3 nodes reported "
           "failure\n\t* a: no\n\t* b: never\n\n");
  const auto silent = send("GET", "/v1/operator/keyring");
  asked.at(1).to.complete(gossip::key_answer{3, 2, {}, {}, {}});
  CHECK(silent->body()
        == "1 error occurred:\n\t* dc1 (LAN) error: 2/3 nodes reported "
           "success\n\n");
}

TEST_CASE_METHOD(fixture, "keyring: refuses what makes no sense", "[http]") {
  struct row {
    const char* method;
    const char* query;
    const char* body;
    int status;
    const char* text;
  };
  const row rows[] = {
    {"POST", "", "", 400, "Bad request: Request decode failed: EOF"},
    {"PUT", "", R"({"Kez":"YQ=="})", 400,
     R"(Bad request: Request decode failed: json: unknown field "Kez")"},
    {"POST", "", R"({"Key":"abc"})", 500,
     "1 error occurred:\n\t* dc1 (LAN) error: illegal base64 data at input "
     "byte 0\n\n"},
    {"GET", "?relay-factor=9", "", 400,
     "Bad request: Invalid relay-factor: Relay factor must be in range: [0, "
     "5]"},
    {"GET", "?relay-factor=x", "", 400,
     "Bad request: Error parsing relay factor: strconv.Atoi: parsing \"x\": "
     "invalid syntax"},
    {"GET", "?local-only=x", "", 400,
     "Bad request: Error parsing local-only: strconv.ParseBool: parsing "
     "\"x\": invalid syntax"},
    {"PUT", "?local-only=true", R"({"Key":"YQ=="})", 400,
     "Bad request: Invalid use of local-only: local-only can only be set for "
     "list requests"},
    {"PATCH", "", "", 405, "method PATCH not allowed"},
  };
  for (const auto& r : rows) {
    INFO(r.method << r.query << r.body);
    const auto x =
      send(r.method, std::string{"/v1/operator/keyring"} + r.query, r.body);
    CHECK(x->status() == r.status);
    CHECK(x->body() == r.text);
  }
  CHECK(asked.empty());
  to.facts.server = false;
  CHECK(send("GET", "/v1/operator/keyring")->body()
        == "keyring operations must run against a server node");
}
