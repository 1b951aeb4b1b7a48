// Goal: requests for keys, sessions and events become the right questions and
// commands, and answers the right responses.
// Method: handlers with fake actors; expected values were recorded from
// Consul 1.8.7.

#include "tests/http/handler_fixture.hpp"

#include <catch2/catch.hpp>

namespace praetor::http {

TEST_CASE("kv: reads ask what the parameters say", "[http]") {
  struct row {
    std::string target;
    kv::query_kind kind;
    std::string name;
    std::string separator;
  };
  using kind = kv::query_kind;
  const row rows[] = {
    {"/v1/kv/a/b", kind::key, "a/b", ""},
    {"/v1/kv/a%2Fb+c", kind::key, "a/b+c", ""},
    {"/v1/kv/a?raw=false", kind::key_raw, "a", ""},
    {"/v1/kv/a?recurse=false&raw", kind::prefix, "a", ""},
    {"/v1/kv/?recurse", kind::prefix, "", ""},
    {"/v1/kv/a?keys&recurse", kind::keys, "a", ""},
    {"/v1/kv/?keys&separator=/", kind::keys, "", "/"},
    {"/v1/kv/?keys&seperator=-", kind::keys, "", "-"},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.target) {
      handler_fixture f;
      f.send("GET", r.target);
      REQUIRE(f.kv_reads.size() == 1);
      const auto& q = f.kv_reads.back().query;
      CHECK(q.kind == r.kind);
      CHECK(q.name == r.name);
      CHECK(q.separator == r.separator);
    }
  }
}

TEST_CASE("kv: answers carry index and leader", "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/kv/a");
  f.answer_kv("[{}]", 12);
  CHECK(c->status() == 200);
  CHECK(c->body() == "[{}]");
  CHECK(c->answer->content_type == "application/json");
  CHECK(c->header("X-Consul-Index") == "12");
  CHECK(c->header("X-Consul-KnownLeader") == "true");
  CHECK(c->header("X-Consul-LastContact") == "0");
  CHECK(c->header("X-Consul-Effective-Consistency").empty());
}

TEST_CASE("kv: a missing key is 404 with headers", "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/kv/a?raw");
  f.answer_kv("", 0, false);
  CHECK(c->status() == 404);
  CHECK(c->answer->content_type.empty());
  CHECK(c->header("X-Consul-Index") == "1"); // never 0
}

TEST_CASE("kv: raw values are text that browsers do not run", "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/kv/a?raw");
  f.answer_kv("<b>", 5);
  CHECK(c->body() == "<b>");
  CHECK_FALSE(c->answer->is_json);
  CHECK(c->answer->content_type == "text/plain");
  CHECK(c->header("X-Content-Type-Options") == "nosniff");
  CHECK(c->header("Content-Security-Policy") == "sandbox");
}

TEST_CASE("kv: errors of reads carry no headers", "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/kv/a");
  f.kv_reads.back().to.complete(error{errc::no_leader, "any"});
  CHECK(c->status() == 500);
  CHECK(c->body() == "No cluster leader");
  CHECK(c->answer->headers.empty());
}

TEST_CASE("kv: writes become commands", "[http]") {
  struct row {
    std::string method;
    std::string target;
    kv::key_operation op;
  };
  using kv::verb;
  const row rows[] = {
    {"PUT", "/v1/kv/a?flags=42", {verb::set, "a", "v", 42, 0, ""}},
    {"PUT",
     "/v1/kv/a?flags=18446744073709551615",
     {verb::set, "a", "v", ~std::uint64_t{0}, 0, ""}},
    {"PUT", "/v1/kv/a?cas=7", {verb::cas, "a", "v", 0, 7, ""}},
    {"PUT", "/v1/kv/a?acquire=s", {verb::lock, "a", "v", 0, 0, "s"}},
    {"PUT", "/v1/kv/a?release=", {verb::unlock, "a", "v", 0, 0, ""}},
    {"DELETE", "/v1/kv/a", {verb::remove, "a", "", 0, 0, ""}},
    {"DELETE", "/v1/kv/a?cas=3", {verb::remove_cas, "a", "", 0, 3, ""}},
    {"DELETE", "/v1/kv/?recurse", {verb::remove_tree, "", "", 0, 0, ""}},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.method << r.target) {
      handler_fixture f;
      const auto c = f.send(r.method, r.target, r.method == "PUT" ? "v" : "");
      REQUIRE(f.submits.size() == 1);
      CHECK(f.last_kv_command<kv::write_key>().operation == r.op);
      f.answer_submit(errc{}, "false");
      CHECK(c->status() == 200);
      CHECK(c->body() == "false");
      CHECK(c->answer->headers.empty());
    }
  }
}

TEST_CASE("kv: bad writes are refused with Consul's sentences", "[http]") {
  struct row {
    std::string method;
    std::string target;
    int status;
    std::string body;
  };
  const std::string parse = "strconv.ParseUint: parsing ";
  const row rows[] = {
    {"GET", "/v1/kv/", 400, "Missing key name"},
    {"PUT", "/v1/kv/", 400, "Missing key name"},
    {"DELETE", "/v1/kv/", 400, "Missing key name"},
    {"PUT", "/v1/kv/a?flags=abc", 500, parse + "\"abc\": invalid syntax"},
    {"PUT", "/v1/kv/a?flags=", 500, parse + "\"\": invalid syntax"},
    {"PUT", "/v1/kv/a?cas=-1", 500, parse + "\"-1\": invalid syntax"},
    {"PUT", "/v1/kv/a?cas=99999999999999999999", 500,
     parse + "\"99999999999999999999\": value out of range"},
    {"PUT", "/v1/kv/a?cas=0&acquire=x", 400,
     "Conflicting flags: acquire=x&cas=0"},
    {"PUT", "/v1/kv/a?flags=3&cas=0&release=a%20b", 400,
     "Conflicting flags: cas=0&flags=3&release=a+b"},
    {"DELETE", "/v1/kv/a?recurse&cas=1", 400,
     "Conflicting flags: cas=1&recurse="},
    {"PUT", "/v1/kv/a?dc=nope", 500, "No path to datacenter"},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.method << r.target) {
      handler_fixture f;
      const auto c = f.send(r.method, r.target, "v");
      CHECK(c->status() == r.status);
      CHECK(c->body() == r.body);
      CHECK(f.submits.empty());
    }
  }
}

TEST_CASE("reads: consistency, waiting and their refusals", "[http]") {
  struct row {
    std::string query;
    std::string body; // "": the read is sent
  };
  const std::string conflict = ", conflicting semantics.";
  const row rows[] = {
    {"stale&consistent", "Cannot specify ?stale with ?consistent" + conflict},
    {"cached&consistent", "Cannot specify ?cached with ?consistent" + conflict},
    {"max_stale=5s&consistent",
     "Cannot specify ?stale with ?consistent" + conflict},
    {"max_stale=abc", "Invalid max_stale value \"abc\""},
    {"max_stale=0s&consistent", ""},
    {"index=abc", "Invalid index"},
    {"index=-1", "Invalid index"},
    {"wait=10", "Invalid wait time"},
    {"wait=&index=", ""},
    {"wait=x&index=x", "Invalid wait time"},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.query) {
      handler_fixture f;
      const auto c = f.send("GET", "/v1/kv/a?" + r.query);
      CHECK(c->status() == (r.body.empty() ? 0 : 400));
      CHECK(c->body() == r.body);
    }
  }
}

TEST_CASE("reads: Cache-Control must hold numbers", "[http]") {
  handler_fixture f;
  CHECK(
    f.send("GET", "/v1/kv/a", "", {{"cache-control", "max-age=abc"}})->body()
    == "Invalid Cache-Control header.");
  CHECK(
    f.send("GET", "/v1/kv/a", "", {{"cache-control", "no-cache, Max-Age=5"}})
      ->status()
    == 0);
}

TEST_CASE("reads: waits have default, cap and spread", "[http]") {
  using namespace std::chrono_literals;
  struct row {
    std::string wait;
    duration least;
  };
  for (const auto& r :
       {row{"", 300s}, row{"wait=0s", 300s}, row{"wait=-1s", 300s},
        row{"wait=16s", 16s}, row{"wait=20m", 600s}}) {
    DYNAMIC_SECTION(r.wait) {
      handler_fixture f;
      f.send("GET", "/v1/kv/a?index=4&" + r.wait);
      const auto& o = f.kv_reads.back().options;
      CHECK(o.min_index == 4);
      CHECK(o.wait >= r.least);
      CHECK(o.wait <= r.least + r.least / 16);
    }
  }
}

TEST_CASE("reads: who hangs up is forgotten", "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/kv/a?index=4");
  const auto id = f.kv_reads.back().options.watch_id;
  CHECK(id != 0);
  REQUIRE(c->hangups.size() == 1);
  c->hangups[0]();
  CHECK(f.forgotten == std::vector<std::uint64_t>{id});
  CHECK(f.send("GET", "/v1/kv/a")->hangups.empty());
}

TEST_CASE("reads: an answer too stale is asked again", "[http]") {
  using namespace std::chrono_literals;
  handler_fixture f;
  const auto c = f.send("GET", "/v1/kv/a?max_stale=5s");
  CHECK(f.kv_reads.back().options.mode == owner::consistency::stale);
  f.kv_reads.back().to.complete(
    owner::read_answer{{3, true, share("old")}, true, 6s});
  CHECK(c->status() == 0);
  REQUIRE(f.kv_reads.size() == 2);
  CHECK(f.kv_reads.back().options.mode == owner::consistency::leader_default);
  f.answer_kv("new", 4);
  CHECK(c->body() == "new");
}

TEST_CASE("reads: failures other than of kv carry headers", "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/session/list?dc=nope");
  CHECK(c->body() == "No path to datacenter");
  CHECK(c->header("X-Consul-Index") == "1");
  CHECK(c->header("X-Consul-KnownLeader") == "false");
  CHECK(c->header("X-Consul-LastContact") == "0");
}

TEST_CASE("reads: a reply that nobody gives is an error", "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/kv/a");
  f.kv_reads.clear();
  CHECK(c->status() == 500);
}

// -- events ------------------------------------------------------------------

TEST_CASE("event: what can be fired", "[http]") {
  struct row {
    std::string target;
    int status;
    std::string body;
  };
  const row rows[] = {
    {"/v1/event/fire/", 400, "Missing name"},
    {"/v1/event/fire/e?tag=x", 500,
     "Cannot provide tag filter without service filter"},
    {"/v1/event/fire/e?node=(", 500, "Invalid node filter: "},
    {"/v1/event/fire/e?service=(", 500, "Invalid service filter: "},
    {"/v1/event/fire/e?service=a&tag=(", 500, "Invalid tag filter: "},
    {"/v1/event/fire/e?dc=nope", 500, "No path to datacenter"},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.target) {
      handler_fixture f;
      const auto c = f.send("PUT", r.target);
      CHECK(c->status() == r.status);
      CHECK(c->body().substr(0, r.body.size()) == r.body);
      CHECK(f.events_fired.empty());
    }
  }
  handler_fixture f;
  f.send("PUT", "/v1/event/fire/e?node=.*&service=web&tag=v1", "load");
  REQUIRE(f.events_fired.size() == 1);
  CHECK(f.events_fired[0].name == "e");
  CHECK(f.events_fired[0].payload == "load");
  CHECK(f.events_fired[0].node_filter == ".*");
}

TEST_CASE("event: lists wait while the index is the same", "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/event/list?name=e&index=9&wait=1s");
  REQUIRE(f.event_questions.size() == 1);
  CHECK(f.event_questions[0].index == 9);
  CHECK(c->hangups.size() == 1);
  f.event_questions[0].to.complete(agent::list_events::found{10, share("[]")});
  CHECK(c->body() == "[]");
  CHECK(c->answer->headers.size() == 1);
  CHECK(c->header("X-Consul-Index") == "10");
  CHECK(f.send("GET", "/v1/event/list?index=abc")->body() == "Invalid index");
}

} // namespace praetor::http
