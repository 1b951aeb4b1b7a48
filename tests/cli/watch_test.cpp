// Goal: watches ask the right questions and report each change once; locks keep
// to the protocol of Consul's own clients.
// Method: answers in the order in which an agent gives them, recorded from
// Consul 1.8.7; requests compared with those of its command line.

#include "tools/praetor/watch.hpp"

#include "tests/cli/fake_agent.hpp"
#include "tools/praetor/child.hpp"
#include "tools/praetor/lock_kinds.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::tools;
using namespace std::chrono_literals;

namespace {

result<watch_plan> plan(std::vector<std::string> args) {
  const auto specs = all_flags(watch_command);
  const auto flags = config::parse_flags(specs, args);
  REQUIRE(flags);
  return plan_watch(*flags);
}

using lines = std::vector<std::string>;

const std::string lock_flags = "3304740253564472344";
const std::string semaphore_flags = "16210313421097356768";

} // namespace

TEST_CASE("watch: what cannot be watched is refused", "[cli][core]") {
  struct row {
    lines args;
    const char* words;
  };
  const std::vector<row> rows = {
    {{"-type=bogus"}, "Unsupported watch type: bogus"},
    {{"-type=connect_roots"},
     "Type connect_roots is not supported in the CLI tool"},
    {{"-type=key"}, "Must specify a single key to watch"},
    {{"-type=keyprefix"}, "Must specify a single prefix to watch"},
    {{"-type=service"}, "Must specify a single service to watch"},
    {{"-type=checks", "-service=a", "-state=b"},
     "Cannot specify service and state"},
    {{"-type=service", "-service=a", "-passingonly=zz"},
     "Failed to parse passingonly flag: strconv.ParseBool: parsing \"zz\": "
     "invalid syntax"},
  };
  for (const auto& x : rows) {
    CAPTURE(x.args);
    const auto refused = plan(x.args);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().context == x.words);
  }
}

TEST_CASE("watch: a key's data has the order of Go's struct", "[cli][core]") {
  watch_state state{*plan({"-type=key", "-key=a"})};
  CHECK(state.next().query.empty());
  const auto first = state.take(
    {200,
     R"([{"LockIndex":0,"Key":"a","Flags":0,"Value":"eA==","CreateIndex":5,)"
     R"("ModifyIndex":7}])",
     7});
  REQUIRE(first);
  REQUIRE(*first);
  CHECK(to_json(**first)
        == R"({"Key":"a","CreateIndex":5,"ModifyIndex":7,"LockIndex":0,)"
           R"("Flags":0,"Value":"eA==","Session":""})");
  CHECK(state.next().query.find("index")->second == "7");
}

TEST_CASE("watch: only changes are reported", "[cli][core]") {
  watch_state state{*plan({"-type=nodes"})};
  CHECK(*state.take({200, "[]", 5}));
  CHECK_FALSE(*state.take({200, "[]", 6}));
  CHECK(*state.take({200, R"([{"Node":"a"}])", 7}));
  // The index goes back after a restore: ask anew.
  CHECK_FALSE(*state.take({200, R"([{"Node":"a"}])", 3}));
  CHECK(state.index() == 0);
  CHECK_FALSE(state.take({200, "<html>", 8}));
}

TEST_CASE("watch: a key that does not exist is null", "[cli][core]") {
  watch_state state{*plan({"-type=key", "-key=a"})};
  const auto data = state.take({404, "", 7});
  REQUIRE(data);
  CHECK(to_json(**data) == "null");
}

TEST_CASE("watch: an event is reported once", "[cli][core]") {
  watch_state state{*plan({"-type=event", "-name=deploy"})};
  CHECK(to_json(**state.take({200, R"([{"ID":"1"}])", 900}))
        == R"([{"ID":"1"}])");
  CHECK(to_json(**state.take({200, R"([{"ID":"1"},{"ID":"2"}])", 20}))
        == R"([{"ID":"2"}])");
  // Indexes of events are hashes: a smaller one is no reason to start over.
  CHECK(state.index() == 20);
  CHECK_FALSE(*state.take({200, R"([{"ID":"1"},{"ID":"2"}])", 20}));
}

TEST_CASE("watch: pauses grow up to three minutes", "[cli][core]") {
  CHECK(retry_delay(1) == 5s);
  CHECK(retry_delay(2) == 20s);
  CHECK(retry_delay(6) == 180s);
  CHECK(retry_delay(1000000) == 180s);
}

TEST_CASE("lock: a free key is acquired, released and removed", "[cli][core]") {
  fake_agent agent{
    .answers = {
      {"GET /v1/kv/p/.lock?wait=15000ms", {{404, "", 3}}},
      {"PUT /v1/kv/p/.lock?acquire=s&flags=" + lock_flags, {{200, "true", 0}}},
      {"PUT /v1/kv/p/.lock?flags=" + lock_flags + "&release=s",
       {{200, "true", 0}}},
      {"GET /v1/kv/p/.lock",
       {{200, R"([{"Flags":)" + lock_flags + R"(,"ModifyIndex":27}])", 27}}},
      {"DELETE /v1/kv/p/.lock?cas=27", {{200, "true", 0}}}}};
  client api{{}, std::make_unique<fake_transport>(agent)};
  const auto lock = make_lock("p", "s");
  CHECK(lock->try_acquire(api, 0)->outcome == attempt::acquired);
  CHECK(lock->release(api));
  CHECK(*lock->clean_up(api));
  CHECK(agent.requests.size() == 5);
}

TEST_CASE("lock: whoever is second waits, also while the lock rests",
          "[cli][core]") {
  const std::string held =
    R"([{"Flags":)" + lock_flags + R"(,"Session":"other"}])";
  const std::string rests = R"([{"Flags":)" + lock_flags + "}]";
  fake_agent agent{
    .answers = {
      {"GET /v1/kv/p/.lock?wait=15000ms", {{200, held, 9}}},
      {"GET /v1/kv/p/.lock?index=9&wait=15000ms", {{200, rests, 10}}},
      {"PUT /v1/kv/p/.lock?acquire=s&flags=" + lock_flags, {{200, "false", 0}}},
      {"GET /v1/kv/p/.lock", {{200, rests, 10}}},
      {"GET /v1/kv/p/.lock?consistent=", {{200, held, 11}}}}};
  client api{{}, std::make_unique<fake_transport>(agent)};
  const auto lock = make_lock("p", "s");
  const auto first = lock->try_acquire(api, 0);
  REQUIRE(first);
  CHECK(first->outcome == attempt::busy);
  CHECK(first->index == 9);
  CHECK(lock->try_acquire(api, 9)->outcome == attempt::delayed);
  CHECK_FALSE(lock->watch(api, 0)->held);
}

TEST_CASE("lock: a key of another use is left alone", "[cli][core]") {
  fake_agent agent{.answers = {{"GET /v1/kv/p/.lock?wait=15000ms",
                                {{200, R"([{"Flags":0}])", 9}}}}};
  client api{{}, std::make_unique<fake_transport>(agent)};
  CHECK(make_lock("p", "s")->try_acquire(api, 0).error().context
        == "Existing key does not match lock use");
}

TEST_CASE("semaphore: dead holders make room, living ones do not",
          "[cli][core]") {
  // {"Limit":2,"Holders":{"dead":true,"a":true}}
  const std::string lock =
    R"({"Key":"p/.lock","ModifyIndex":5,"Flags":)" + semaphore_flags
    + R"(,"Value":"eyJMaW1pdCI6MiwiSG9sZGVycyI6eyJkZWFkIjp0cnVlLCJhIjp0cnVlfX0="})";
  const std::string a = R"({"Key":"p/a","Session":"a"})";
  const std::string dead = R"({"Key":"p/dead","Session":"dead"})";
  const std::string s = R"({"Key":"p/s","Session":"s"})";
  const std::string contend =
    "PUT /v1/kv/p/s?acquire=s&flags=" + semaphore_flags;
  const std::string write = "PUT /v1/kv/p/.lock?cas=5&flags=" + semaphore_flags;
  fake_agent agent{
    .answers = {{contend, {{200, "true", 0}}},
                {"GET /v1/kv/p/?recurse=&wait=15000ms",
                 {{200, "[" + lock + "," + a + "," + dead + "," + s + "]", 8},
                  {200, "[" + lock + "," + a + "," + s + "]", 9}}},
                {write, {{200, "false", 0}, {200, "true", 0}}}}};
  client api{{}, std::make_unique<fake_transport>(agent)};
  const auto semaphore = make_semaphore("p", 2, "s");
  CHECK(semaphore->try_acquire(api, 0)->outcome == attempt::busy);
  CHECK(semaphore->try_acquire(api, 0)->outcome == attempt::raced);
  CHECK(semaphore->try_acquire(api, 0)->outcome == attempt::acquired);
  CHECK(agent.requests.front().target.find("acquire=s") != std::string::npos);
  CHECK(agent.requests.back().body
        == R"({"Limit":2,"Holders":{"a":true,"s":true}})");
  CHECK(make_semaphore("p", 3, "s")->try_acquire(api, 0).error().context
        == "semaphore limit conflict (lock: 2, local: 3)");
}

TEST_CASE("child: the end of a program is reported in Go's words",
          "[cli][core]") {
  CHECK(run_child({.argv = {"true"}, .variables = {}}));
  CHECK(
    run_child({.argv = {"sh", "-c", "exit 3"}, .variables = {}}).error().context
    == "exit status 3");
  CHECK(run_child({.argv = {"sh", "-c", "kill -TERM $$"}, .variables = {}})
          .error()
          .context
        == "signal: terminated");
  CHECK(
    run_child({.argv = {"no-such-program"}, .variables = {}}).error().context
    == "exec: \"no-such-program\": executable file not found in $PATH");
  CHECK(run_child({.argv = {"sh", "-c", "test \"$(cat)\" = \"x$CONSUL_INDEX\""},
                   .variables = {"CONSUL_INDEX=7"},
                   .input = "x7"}));
}
