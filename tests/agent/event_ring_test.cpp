// Goal: events are refused, kept, filtered and indexed as Consul does.
// Method: the pure ring; sizes and texts were recorded from Consul 1.8.7. The
// regular expressions of this test are plain substrings.

#include "actors/agent/core/event_ring.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::agent;

namespace {

result<bool> search(const std::string& pattern, const std::string& text) {
  if (pattern == "(")
    return error{errc::invalid_argument,
                 "error parsing regexp: missing closing ): `(`"};
  return text.find(pattern) != text.npos;
}

struct fixture {
  event_ring ring;
  rng random{1};
  local_state state{named()};

  static local_options named() {
    local_options out;
    out.node = "n1";
    return out;
  }

  std::string refusal(const fire_event& what) {
    const auto made = ring.make(what, search, random);
    return made ? "" : made.error().context;
  }

  bool fire(fire_event what) {
    auto made = ring.make(what, search, random);
    REQUIRE(made);
    return ring.receive(*made, state, search);
  }
};

fire_event event(std::string name, std::string payload = {},
                 std::string node = {}, std::string service = {},
                 std::string tag = {}) {
  return {std::move(name),    std::move(payload), std::move(node),
          std::move(service), std::move(tag),     {}};
}

const char* const too_large =
  "1 error occurred:\n\t* error broadcasting event to segment \"\": user "
  "event exceeds configured limit of 512 bytes before encoding\n\n";

} // namespace

TEST_CASE_METHOD(fixture, "event_ring: refusals have Consul's texts",
                 "[agent][core]") {
  CHECK(refusal(event("e", "", "", "", "t"))
        == "Cannot provide tag filter without service filter");
  CHECK(refusal(event("e", "", "("))
        == "Invalid node filter: error parsing regexp: missing closing ): "
           "`(`");
  CHECK(refusal(event("e", "", "", "("))
        == "Invalid service filter: error parsing regexp: missing closing ): "
           "`(`");
  CHECK(refusal(event("e", "", "", "s", "("))
        == "Invalid tag filter: error parsing regexp: missing closing ): "
           "`(`");
  CHECK(refusal(event("e", std::string(1000, 'x'))) == too_large);
}

TEST_CASE_METHOD(fixture, "event_ring: the limit is where Consul's is",
                 "[agent][core]") {
  struct row {
    fire_event what;
    std::size_t payload_max;
  };
  const std::vector<row> rows = {
    {event("a"), 414},
    {event("abcdefghij"), 396},
    {event(std::string(40, 'x')), 333},
    {event("a", "", "x"), 409},
    {event("a", "", std::string(40, 'x')), 369},
    {event("a", "", "", "x", "y"), 404},
  };
  for (auto x : rows) {
    x.what.payload.assign(x.payload_max, 'p');
    CHECK(refusal(x.what).empty());
    x.what.payload += 'p';
    CHECK_FALSE(refusal(x.what).empty());
  }
}

TEST_CASE_METHOD(fixture, "event_ring: filters decide who keeps an event",
                 "[agent][core]") {
  agent::register_service web;
  web.service.id = "web";
  web.service.name = "web";
  web.service.tags = {"v1"};
  REQUIRE(state.register_service(web, {}));
  CHECK(fire(event("e")));
  CHECK(fire(event("e", "", "n1")));
  CHECK_FALSE(fire(event("e", "", "n2")));
  CHECK(fire(event("e", "", "", "we")));
  CHECK_FALSE(fire(event("e", "", "", "db")));
  CHECK(fire(event("e", "", "", "web", "v1")));
  CHECK_FALSE(fire(event("e", "", "", "web", "v2")));
}

TEST_CASE_METHOD(fixture, "event_ring: lists by name, oldest first",
                 "[agent][core]") {
  CHECK(ring.list("").index == 1);
  CHECK(*ring.list("").body == "[]");
  fire(event("a", "payload"));
  fire(event("b"));
  const auto all = ring.list("");
  const auto only = ring.list("a");
  CHECK(only.index != all.index);
  CHECK(all.index == ring.list("b").index);
  CHECK(only.body->find(R"("Name":"a","Payload":"cGF5bG9hZA==",)"
                        R"("NodeFilter":"","ServiceFilter":"",)"
                        R"("TagFilter":"","Version":1,"LTime":1}])")
        != std::string::npos);
  CHECK(all.body->find(R"("Payload":null)") != std::string::npos);
  CHECK(ring.list("none").index == 1);
}

TEST_CASE_METHOD(fixture, "event_ring: keeps the last 256", "[agent][core]") {
  for (auto i = 0; i < 300; ++i)
    fire(event("e" + std::to_string(i)));
  CHECK(*ring.list("e43").body == "[]");
  CHECK(*ring.list("e44").body != "[]");
}

TEST_CASE("event_ring: the index is the XOR of the UUID's halves",
          "[agent][core]") {
  CHECK(index_of("00000000-0000-0001-0000-000000000003") == 2);
  CHECK(index_of("ffffffff-ffff-ffff-0000-0000000000ff")
        == 0xFFFFFFFFFFFFFF00ULL);
}

TEST_CASE_METHOD(fixture, "event_ring: an event travels through gossip",
                 "[agent][core]") {
  // The largest that Consul takes; gossip takes 512 bytes with the name.
  const auto made =
    ring.make(event("a", std::string(414, 'p')), search, random);
  REQUIRE(made);
  gossip::event_received x{7, "event:a", encode_for_pool(*made)};
  CHECK(x.name.size() + x.payload.size() <= 512);
  const auto got = decode_from_pool(x);
  REQUIRE(got);
  CHECK(got->id == made->id);
  CHECK(got->name == "a");
  CHECK(got->payload == made->payload);
  CHECK(got->ltime == 7);
  for (const auto* name : {"a", "", "keys:a"})
    CHECK(!decode_from_pool({7, name, x.payload}));
  for (std::size_t i = 0; i < x.payload.size(); ++i)
    CHECK(!decode_from_pool({7, x.name, x.payload.substr(0, i)}));
  CHECK(!decode_from_pool({7, x.name, x.payload + "x"}));
}
