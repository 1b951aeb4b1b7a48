// Goal: a view asks the right questions and tells news from noise, through
// restarts of the server, stale answers and outages.
// Method: answers and failures are fed in; every step and the next request are
// compared. Texts and delays are those recorded from consul-template 0.19.3.

#include "actors/template/watch/view.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::templates;
using namespace std::chrono_literals;

namespace {

dependency make(dependency_kind what, std::string_view text) {
  auto out = parse_dependency(what, text);
  REQUIRE(out);
  return *out;
}

view key_view(const view_options& options = {}) {
  return view{make(dependency_kind::key_value, "a"), options};
}

/// The answer to a key's request, with the value "1".
server_answer key_answer(std::uint64_t index, std::string value = "MQ==") {
  return {.status = 200,
          .body = R"([{"Key":"a","Flags":0,"LockIndex":0,"CreateIndex":1,)"
                  R"("ModifyIndex":1,"Value":")"
                  + value + "\"}]",
          .index = index};
}

constexpr duration long_ago = 10s;

} // namespace

TEST_CASE("view: the first request has no index", "[template][core]") {
  CHECK(key_view().target() == "/v1/kv/a?stale=&wait=60000ms");
}

TEST_CASE("view: without max_stale nothing may be stale", "[template][core]") {
  CHECK(key_view({.max_stale = 0s}).target() == "/v1/kv/a?wait=60000ms");
}

TEST_CASE("view: parameters are sorted among those of the path",
          "[template][core]") {
  CHECK(with_parameters("/p", 0, 0s, false) == "/p");
  CHECK(with_parameters("/p?tag=v1&dc=x", 7, 1s, true)
        == "/p?dc=x&index=7&stale=&tag=v1&wait=1000ms");
  CHECK(with_parameters("/p?recurse", 7, 1s, false)
        == "/p?index=7&recurse&wait=1000ms");
}

TEST_CASE("view: data comes once, then its index is waited for",
          "[template][core]") {
  auto x = key_view();
  const auto first = x.on_answer(key_answer(5), long_ago);
  CHECK(first.what == view_step::next::ask);
  CHECK(first.rest == 0s);
  REQUIRE(first.data);
  CHECK(first.data->as_text() == "1");
  CHECK(x.target() == "/v1/kv/a?index=5&stale=&wait=60000ms");
  SECTION("the same index is no news") {
    const auto again = x.on_answer(key_answer(5, "Mg=="), long_ago);
    CHECK_FALSE(again.data);
    CHECK(x.target() == "/v1/kv/a?index=5&stale=&wait=60000ms");
  }
  SECTION("the same data is no news, but its index counts") {
    CHECK_FALSE(x.on_answer(key_answer(6), long_ago).data);
    CHECK(x.target() == "/v1/kv/a?index=6&stale=&wait=60000ms");
  }
  SECTION("other data is news") {
    const auto again = x.on_answer(key_answer(6, "Mg=="), long_ago);
    REQUIRE(again.data);
    CHECK(again.data->as_text() == "2");
  }
  SECTION("a smaller index: the server began anew, and so does the view") {
    const auto again = x.on_answer(key_answer(2, "Mg=="), long_ago);
    CHECK_FALSE(again.data);
    CHECK(x.target() == "/v1/kv/a?stale=&wait=60000ms");
    const auto after = x.on_answer(key_answer(2, "Mg=="), long_ago);
    REQUIRE(after.data);
    CHECK(after.data->as_text() == "2");
  }
}

TEST_CASE("view: a key that does not exist is waited for", "[template][core]") {
  auto x = key_view();
  const server_answer absent{.status = 404, .body = {}, .index = 3};
  CHECK_FALSE(x.on_answer(absent, long_ago).data);
  CHECK(x.answered());
  CHECK(x.waiting_for() == "the key to exist");
  CHECK(x.target() == "/v1/kv/a?index=3&stale=&wait=60000ms");
  CHECK(x.on_answer(key_answer(4), long_ago).data);
  CHECK(x.waiting_for().empty());
  SECTION("and keeps its value when it is deleted") {
    const server_answer gone{.status = 404, .body = {}, .index = 9};
    CHECK_FALSE(x.on_answer(gone, long_ago).data);
    CHECK(x.on_answer(key_answer(10, "Mg=="), long_ago).data);
  }
}

TEST_CASE("view: whether a key exists is an answer", "[template][core]") {
  view x{make(dependency_kind::key_lookup, "a"), {}};
  const server_answer absent{.status = 404, .body = {}, .index = 3};
  CHECK(x.on_answer(absent, long_ago).data);
}

TEST_CASE("view: an answer that is too stale is asked from the leader",
          "[template][core]") {
  auto x = key_view();
  auto old = key_answer(5);
  old.last_contact = 3s;
  const auto step = x.on_answer(old, long_ago);
  CHECK_FALSE(step.data);
  CHECK(step.rest == 0s);
  CHECK(x.target() == "/v1/kv/a?wait=60000ms");
  CHECK(x.on_answer(key_answer(5), long_ago).data);
  CHECK(x.target() == "/v1/kv/a?index=5&stale=&wait=60000ms");
}

TEST_CASE("view: quick answers are slowed down", "[template][core]") {
  auto x = key_view();
  CHECK(x.on_answer(key_answer(5), 30ms).rest == 70ms);
  CHECK(x.on_answer(key_answer(6), 100ms).rest == 0s);
}

TEST_CASE("view: once is enough in once mode", "[template][core]") {
  auto x = key_view({.once = true});
  const server_answer absent{.status = 404, .body = {}, .index = 3};
  CHECK(x.on_answer(absent, long_ago).what == view_step::next::ask);
  CHECK(x.on_answer(key_answer(5), long_ago).what == view_step::next::stop);
}

TEST_CASE("view: failures are repeated ever more slowly, then are final",
          "[template][core]") {
  auto x = key_view({.retry = {.attempts = 3, .backoff = 50ms}});
  const duration rests[] = {50ms, 100ms, 200ms};
  for (int i = 0; i < 3; ++i) {
    const auto step = x.on_failure("refused");
    CHECK(step.what == view_step::next::ask);
    CHECK(step.failure == "kv.block(a): refused");
    CHECK(step.attempt == i + 1);
    CHECK(step.rest == rests[i]);
  }
  CHECK(x.waiting_for() == "kv.block(a): refused");
  const auto last = x.on_failure("refused");
  CHECK(last.what == view_step::next::fail);
  CHECK(last.attempt == 0);
}

TEST_CASE(
  "view: an answer makes earlier failures forgotten, and keeps its place",
  "[template][core]") {
  auto x = key_view({.retry = {.attempts = 1}});
  CHECK(x.on_answer(key_answer(5), long_ago).data);
  CHECK(x.on_failure("refused").what == view_step::next::ask);
  CHECK(x.target() == "/v1/kv/a?index=5&stale=&wait=60000ms");
  CHECK_FALSE(x.on_answer(key_answer(5), long_ago).data);
  CHECK(x.on_failure("refused").what == view_step::next::ask);
}

TEST_CASE("view: without repetition the first failure is final",
          "[template][core]") {
  CHECK(key_view({.retry = {.enabled = false}}).on_failure("x").what
        == view_step::next::fail);
}

TEST_CASE("view: the delays of a long outage", "[template][core]") {
  const retry_settings retry;
  const duration expected[] = {250ms, 500ms, 1s,  2s,  4s,  8s,
                               16s,   32s,   60s, 60s, 60s, 60s};
  for (int i = 0; i < 12; ++i)
    CHECK(back_off(retry, i + 1) == expected[i]);
  CHECK(back_off({.backoff = 1s, .max_backoff = 0s}, 1000) > 24h);
}

TEST_CASE("view: a server's error is a failure", "[template][core]") {
  auto x = key_view();
  const auto step =
    x.on_answer({.status = 500, .body = "No cluster leader\n", .index = 0}, 1s);
  CHECK(step.failure
        == "kv.block(a): Unexpected response code: 500 (No cluster leader)");
  CHECK(step.attempt == 1);
}

TEST_CASE("view: not found is a failure where nothing may be absent",
          "[template][core]") {
  view x{make(dependency_kind::service, "web"), {}};
  CHECK_FALSE(
    x.on_answer({.status = 404, .body = "", .index = 1}, 1s).failure.empty());
}

TEST_CASE("view: an answer that makes no sense is a failure",
          "[template][core]") {
  view x{make(dependency_kind::service, "web"), {}};
  for (const auto* body : {"", "{", "nonsense", "[{\"Node\":"}) {
    const auto step =
      x.on_answer({.status = 200, .body = body, .index = 1}, 1s);
    CHECK_FALSE(step.data);
    CHECK_FALSE(step.failure.empty());
  }
}

TEST_CASE("view: answers that make no sense use up the retries",
          "[template][core]") {
  view x{make(dependency_kind::service, "web"), {.retry = {.attempts = 2}}};
  const server_answer bad{.status = 200, .body = "{", .index = 1};
  CHECK(x.on_answer(bad, 1s).attempt == 1);
  CHECK(x.on_answer(bad, 1s).attempt == 2);
  const auto last = x.on_answer(bad, 1s);
  CHECK(last.what == view_step::next::fail);
  CHECK(last.failure.find("health.service(web|passing): ") == 0);
  CHECK(last.failure.rfind("health.service") == 0);
}

TEST_CASE("view: what cannot block is asked every 15 seconds",
          "[template][core]") {
  auto made = make(dependency_kind::datacenters, "");
  view x{made, {}};
  CHECK(x.target() == "/v1/catalog/datacenters");
  const auto step =
    x.on_answer({.status = 200, .body = "[\"dc1\"]", .index = 0}, 1ms);
  CHECK(step.data);
  CHECK(step.rest == 15s);
}
