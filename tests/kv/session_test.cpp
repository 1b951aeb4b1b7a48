// Goal: sessions come, are shown and end as the contract says, and their keys
// with them.
// Method: examples on a core; expected JSON was recorded from Consul 1.8.7.

#include "tests/kv/kv_fixture.hpp"

using namespace praetor;
using namespace praetor::kv;
using namespace std::chrono_literals;

namespace {

session_row on_node(std::string id, std::string node,
                    std::vector<std::string> checks = {}) {
  auto x = make_session(std::move(id));
  x.node = std::move(node);
  x.node_checks = std::move(checks);
  return x;
}

std::string ids(const machine& m) {
  std::string out;
  for (const auto& id : {session_a, session_b, session_c})
    if (m.get(query_kind::session, id) != "[]")
      out += id[0];
  return out;
}

} // namespace

TEST_CASE("session: it is shown as it was created", "[kv][core]") {
  struct row {
    const char* name;
    session_row session;
    std::string json;
  };
  auto full = make_session(session_a, 30s);
  full.name = "<n>";
  full.behavior = session_behavior::remove;
  full.ttl_text = "10000ms";
  full.ttl = 10s;
  full.node_checks.clear();
  full.service_checks = {"c1", "c2"};
  const std::vector<row> rows = {
    {"plain", make_session(session_a, 15s),
     R"("Name":"","Node":"n1","LockDelay":15000000000,"Behavior":"release",)"
     R"("TTL":"","NodeChecks":["serfHealth"],"ServiceChecks":null,)"},
    {"full", full,
     R"("Name":"\u003cn\u003e","Node":"n1","LockDelay":30000000000,)"
     R"("Behavior":"delete","TTL":"10000ms","NodeChecks":[],)"
     R"("ServiceChecks":[{"ID":"c1","Namespace":""},)"
     R"({"ID":"c2","Namespace":""}],)"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      machine m;
      CHECK(m.apply(create_session{row.session}).body
            == R"({"ID":")" + session_a + R"("})");
      const auto json = R"([{"ID":")" + session_a + R"(",)" + row.json
                        + R"("CreateIndex":11,"ModifyIndex":11}])";
      CHECK(m.get(query_kind::session, session_a) == json);
      CHECK(m.get(query_kind::session, "AAAAAAAA" + session_a.substr(8))
            == json);
      CHECK(m.get(query_kind::sessions) == json);
      CHECK(m.get(query_kind::sessions_of_node, "N1") == json);
      CHECK(m.get(query_kind::sessions_of_node, "n2") == "[]");
      CHECK(m.core.session_count() == 1);
    }
  }
}

TEST_CASE("session: lists are in order of ids", "[kv][core]") {
  machine m;
  for (const auto& id : {session_c, session_a, session_b})
    m.apply(create_session{make_session(id)});
  const auto list = m.get(query_kind::sessions);
  CHECK(list == m.get(query_kind::sessions_of_node, "n1"));
  CHECK(list.find(session_a) < list.find(session_b));
  CHECK(list.find(session_b) < list.find(session_c));
}

TEST_CASE("session: ids that cannot be are refused", "[kv][core]") {
  machine m;
  m.apply(create_session{make_session(session_a)});
  const std::string text =
    "failed session lookup: index error: UUID must be 36 characters";
  for (const auto& x : {m.apply(create_session{make_session("nope")}),
                        m.apply(destroy_session{"nope"})}) {
    CHECK(x.code == errc::rejected);
    CHECK(x.body == text);
  }
  CHECK(m.apply(create_session{make_session(session_a)}).code
        == errc::rejected);
  CHECK(m.apply(destroy_session{session_b}).body == "true");
  CHECK(m.core.session_count() == 1);
  CHECK(m.get(query_kind::session, "nope") == "[]");
}

TEST_CASE("session: its end frees or deletes its keys", "[kv][core]") {
  for (const auto behavior :
       {session_behavior::release, session_behavior::remove}) {
    const auto release = behavior == session_behavior::release;
    DYNAMIC_SECTION((release ? "release" : "delete")) {
      machine m;
      auto x = make_session(session_a, 1s);
      x.behavior = behavior;
      m.apply(create_session{x});
      m.write(op_by(verb::lock, "k1", session_a, "v"));
      m.write(op_by(verb::lock, "k2", session_a));
      m.write(op(verb::set, "k3"));
      m.core.take_touched();
      CHECK(m.apply(destroy_session{session_a}).body == "true");
      CHECK(m.core.take_touched()
            == std::vector<std::string>{"k/k1", "k/k2", "s"});
      CHECK(m.get(query_kind::key, "k1")
            == (release ? R"([{"LockIndex":1,"Key":"k1","Flags":0,)"
                          R"("Value":"dg==","CreateIndex":12,)"
                          R"("ModifyIndex":15}])"
                        : "(not found)"));
      CHECK(m.get(query_kind::keys)
            == (release ? R"(["k1","k2","k3"])" : R"(["k3"])"));
      m.apply(create_session{make_session(session_b)});
      CHECK(m.write(op_by(verb::lock, "k1", session_b)).body == "false");
      CHECK(m.write(op_by(verb::lock, "k3", session_b)).body == "true");
    }
  }
}

TEST_CASE("session: it ends with what it rests on", "[kv][core]") {
  struct row {
    const char* name;
    std::vector<liveness_loss> losses;
    const char* left;
  };
  const std::vector<row> rows = {
    {"nothing", {}, "abc"},
    {"a node", {{"n1", {}}}, "c"},
    {"a node in another case", {{"N1", {}}}, "c"},
    {"an unknown node", {{"n9", {}}}, "abc"},
    {"a node's check", {{"n1", "c1"}}, "bc"},
    {"a check in another case", {{"n1", "C1"}}, "bc"},
    {"a service's check", {{"n1", "s1"}}, "ac"},
    {"a check of another node", {{"n2", "c1"}}, "abc"},
    {"several at once", {{"n1", "c1"}, {"n1", "s1"}, {"n2", {}}}, ""},
    {"one for two reasons", {{"n2", {}}, {"n2", "c2"}}, "ab"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      machine m;
      m.apply(create_session{on_node(session_a, "n1", {"serfHealth", "c1"})});
      auto b = on_node(session_b, "n1");
      b.service_checks = {"s1"};
      m.apply(create_session{b});
      m.apply(create_session{on_node(session_c, "N2", {"c2"})});
      CHECK(m.apply(end_sessions{row.losses}).body == "true");
      CHECK(ids(m) == row.left);
      CHECK(m.core.take_losses().empty());
    }
  }
}

TEST_CASE("session: reads carry the index of the table", "[kv][core]") {
  machine m;
  CHECK(m.ask(query_kind::sessions).index == 0);
  m.apply(create_session{make_session(session_a)});
  m.apply(create_session{make_session(session_b)});
  m.write(op_by(verb::lock, "k", session_a));
  for (const auto kind : {query_kind::session, query_kind::sessions,
                          query_kind::sessions_of_node})
    CHECK(m.ask(kind, session_a).index == 12);
  m.apply(destroy_session{session_c}); // unknown: moves nothing
  CHECK(m.ask(query_kind::sessions).index == 12);
  m.apply(destroy_session{session_a});
  CHECK(m.ask(query_kind::session, session_b).index == 15);
}

TEST_CASE("session: the leader is told of all that have a TTL", "[kv][core]") {
  machine m;
  auto x = make_session(session_b);
  x.ttl = 10s;
  m.apply(create_session{x});
  m.apply(create_session{make_session(session_a)});
  using ttls = std::vector<std::pair<std::string, duration>>;
  const auto list = decode<ttls>(m.get(query_kind::session_ttls));
  REQUIRE(list);
  CHECK(*list == ttls{{session_b, 10s}});
}

TEST_CASE("session: a loss that ends nothing changes nothing", "[kv][core]") {
  // Servers that know of no session are not told of losses, and others are:
  // their tables must stay equal, even what is over must.
  machine m;
  m.apply(create_session{make_session(session_a, std::chrono::seconds{5})});
  m.write(op_by(verb::lock, "k", session_a));
  m.apply(destroy_session{session_a});
  CHECK_FALSE(m.core.take_changed_rows().empty());
  m.now += 60'000; // the lock-delay is over
  m.apply(end_sessions{{{"n1", std::nullopt}}});
  CHECK(m.core.take_changed_rows().empty());
  m.write(op(verb::set, "k2"));
  CHECK(m.core.take_changed_rows().size() > 1);
}
