// Goal: the rules of writing that the transcript of a real Consul cannot show:
// whose sessions end, what a session may rest on, where ours is better.
// Method: tables of commands with what becomes of them.

#include "actors/catalog/core/texts.hpp"
#include "runtime/base/codec.hpp"
#include "tests/catalog/catalog_fixture.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::catalog;

namespace {

using losses = std::vector<liveness_loss>;

/// Node "A" with a check of its own and a service "web" with two.
catalog_fixture one_node() {
  catalog_fixture out;
  auto x = registration(make_node("A"), make_service("web-1", "web"));
  x.checks = {make_check("Alive", "passing"),
              make_check("http", "passing", "web-1"),
              make_check("tcp", "critical", "web-1")};
  out.apply(x);
  out.core.take_losses();
  out.core.take_touched();
  return out;
}

transaction of(std::vector<operation> xs) {
  return {std::move(xs)};
}

} // namespace

TEST_CASE("catalog_core: losses are nodes that go and checks that go or turn "
          "critical",
          "[catalog][core]") {
  auto renamed = make_node("new");
  renamed.id = "aaaaaaaa-0000-4000-8000-000000000001";
  struct row {
    const char* name;
    command what;
    losses wanted;
  };
  const auto a = make_node("a");
  const std::vector<row> rows = {
    {"passing as before", registration(a, make_check("alive", "passing")), {}},
    {"warning", registration(a, make_check("alive", "warning")), {}},
    {"turns critical",
     registration(a, make_check("alive", "critical")),
     {{"a", "alive"}}},
    {"is critical as before",
     registration(a, make_check("tcp", "critical", "web-1")),
     {}},
    {"is critical from the start",
     registration(a, make_check("x", "critical")),
     {{"a", "x"}}},
    {"a check goes", deregister_node{"a", "", "ALIVE"}, {{"A", "Alive"}}},
    {"a service goes with its checks",
     deregister_node{"a", "WEB-1", ""},
     {{"A", "http"}, {"A", "tcp"}}},
    {"a node goes",
     deregister_node{"a", "", ""},
     {{"A", "http"}, {"A", "tcp"}, {"A", "Alive"}, {"A", std::nullopt}}},
    {"nothing goes", deregister_node{"b", "", ""}, {}},
    {"refused",
     of({{0, verb::remove, a}, {1, verb::get, make_node("none")}}),
     {}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      auto catalog = one_node();
      catalog.apply(row.what);
      CHECK(catalog.core.take_losses() == row.wanted);
      CHECK(catalog.core.take_losses().empty());
    }
  }
  SECTION("a node that is renamed by its id") {
    catalog_fixture catalog;
    catalog.apply(registration(renamed));
    renamed.name = "newer";
    catalog.apply(registration(renamed));
    CHECK(catalog.core.take_losses() == losses{{"new", std::nullopt}});
  }
}

TEST_CASE("catalog_core: a session rests on live checks of a known node",
          "[catalog][core]") {
  struct row {
    const char* name;
    guard_session what;
    std::string refusal;
  };
  const std::vector<row> rows = {
    {"no checks", {"a", {}}, ""},
    {"live checks in any case", {"a", {"ALIVE", "http"}}, ""},
    {"unknown node", {"b", {}}, "Missing node registration"},
    {"unknown check", {"a", {"alive", "X"}}, "Missing check 'X' registration"},
    {"critical check", {"a", {"Tcp"}}, "Check 'Tcp' is in critical state"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      auto catalog = one_node();
      const auto done = catalog.apply(row.what);
      CHECK(done.body == row.refusal);
      CHECK(done.code == (row.refusal.empty() ? errc{} : errc::rejected));
      CHECK(catalog.core.take_touched().empty());
    }
  }
}

TEST_CASE("catalog_core: who loses an instance under another name is woken",
          "[catalog][core]") {
  auto catalog = one_node();
  const auto old = ask(query_kind::health_service, "web");
  const auto index = catalog.next;
  catalog.apply(registration(make_node("A"), make_service("web-1", "api")));
  CHECK(catalog.body(old) == "[]");
  CHECK(catalog.index(old) == index);
}

TEST_CASE("catalog_core: the index of a service without proxies does not go "
          "back",
          "[catalog][core]") {
  catalog_fixture catalog;
  const auto node = make_node("a");
  const auto proxies = ask(query_kind::health_connect, "web");
  catalog.apply(registration(node, make_proxy("p", "proxy", "web")));
  catalog.apply(registration(node, make_proxy("q", "proxy", "db")));
  const auto index = catalog.next;
  catalog.apply(deregister_node{"a", "p", ""});
  CHECK(catalog.body(proxies) == "[]");
  CHECK(catalog.index(proxies) == index);
}

TEST_CASE("catalog_core: a check's type counts as a change",
          "[catalog][core]") {
  auto catalog = one_node();
  auto check = make_check("Alive", "passing");
  check.type = "http";
  const auto index = catalog.next;
  catalog.apply(registration(make_node("A"), check));
  CHECK(catalog.index(ask(query_kind::health_service, "web")) == index);
}

TEST_CASE("catalog_core: a gateway may have the reserved key of its kind",
          "[catalog][core]") {
  auto gateway = make_service("g", "g");
  gateway.kind = "mesh-gateway";
  gateway.port = 1;
  gateway.meta = string_map{{"consul-wan-federation", "1"}};
  catalog_fixture catalog;
  CHECK(catalog.apply(registration(make_node("a"), gateway)).body == "true");
}

TEST_CASE("catalog_core: another spelling of the node writes no service again",
          "[catalog][core]") {
  auto catalog = one_node();
  const auto services = ask(query_kind::services);
  const auto index = catalog.index(services);
  catalog.apply(registration(make_node("a"), make_service("web-1", "web")));
  CHECK(catalog.index(services) == index);
}

TEST_CASE("catalog_core: the last passing instance takes the place of one that "
          "is not",
          "[catalog][core]") {
  catalog_fixture catalog;
  for (const auto* id : {"1", "2", "3", "4"})
    catalog.apply(registration(make_node("a"), make_service(id, "web")));
  catalog.apply(registration(make_node("a"), make_check("c", "warning", "1")));
  auto passing = ask(query_kind::health_service, "web");
  passing.passing = true;
  const auto body = catalog.body(passing);
  const auto at = [&body](const std::string& id) {
    return body.find(R"("Service":{"ID":")" + id + '"');
  };
  CHECK(at("1") == std::string::npos);
  CHECK(at("4") < at("2"));
  CHECK(at("2") < at("3"));
  CHECK(at("3") != std::string::npos);
}

TEST_CASE("catalog_core: a malformed operation hides what else would fail",
          "[catalog][core]") {
  catalog_fixture catalog;
  const auto done = catalog.apply(
    of({{0, verb::get, make_node("none")}, {1, verb::get, make_node("")}}));
  const auto outcome = *decode<transaction_outcome>(done.body);
  REQUIRE(outcome.errors.size() == 1);
  CHECK(outcome.errors[0].second == "Must provide node");
}

TEST_CASE("catalog_core: a verb that does not exist fails the transaction",
          "[catalog][core]") {
  auto catalog = one_node();
  const auto before = catalog.body(ask(query_kind::ui_nodes));
  const auto done =
    catalog.apply(of({{3, verb::remove, make_node("a")},
                      {7, static_cast<verb>(77), make_node("a")}}));
  CHECK(done.code == errc::conflict);
  const auto outcome = *decode<transaction_outcome>(done.body);
  REQUIRE(outcome.errors.size() == 1);
  CHECK(outcome.errors[0].first == 7);
  CHECK(catalog.body(ask(query_kind::ui_nodes)) == before);
}

TEST_CASE("catalog_core: a snapshot holds all rows of a node",
          "[catalog][core]") {
  const auto catalog = one_node();
  const auto known = catalog.core.evaluate(ask(query_kind::node_snapshot, "a"));
  CHECK(known.found);
  const auto rows = *decode<node_snapshot>(*known.body);
  REQUIRE(rows.node);
  CHECK(rows.node->name == "A");
  CHECK(rows.services.size() == 1);
  CHECK(rows.checks.size() == 3);
  const auto unknown =
    catalog.core.evaluate(ask(query_kind::node_snapshot, "b"));
  CHECK_FALSE(unknown.found);
  CHECK_FALSE(decode<node_snapshot>(*unknown.body)->node);
  CHECK_FALSE(catalog_core::cacheable(ask(query_kind::node_snapshot, "a")));
  CHECK(catalog_core::cacheable(ask(query_kind::health_service, "web")));
}

TEST_CASE("catalog_core: a large catalog answers about one service alone",
          "[catalog][core]") {
  // 2,000 instances on one node: the rows of a registration stay few, and its
  // answer does not grow with the catalog.
  catalog_fixture catalog;
  const auto node = make_node("a");
  for (auto i = 0; i < 2000; ++i) {
    const auto id = std::to_string(i);
    auto x = registration(node, make_service(id, "s" + std::to_string(i / 2)));
    x.checks = {make_check("c" + id, "passing", id)};
    catalog.apply(x);
  }
  catalog.core.take_changed_rows();
  catalog.core.take_touched();
  catalog.apply(registration(node, make_service("new", "s7")));
  // The service, its index, that of the table.
  CHECK(catalog.core.take_changed_rows().size() == 3);
  CHECK(catalog.core.take_touched()
        == std::vector<std::string>{"node/a", "service/s7", "services"});
  CHECK(catalog.body(ask(query_kind::health_service, "s7")).size() < 2500);
}

TEST_CASE("quoted: texts are quoted as Go's %q does", "[catalog][core]") {
  struct row {
    std::string text;
    std::string wanted;
  };
  const std::vector<row> rows = {
    {"", R"("")"},
    {"plain-1.2_x", R"("plain-1.2_x")"},
    {"a\"b\\c", R"("a\"b\\c")"},
    {"\a\b\t\n\v\f\r", R"("\a\b\t\n\v\f\r")"},
    {std::string{"\0\x1f", 2}, R"("\x00\x1f")"},
    {"\x7f", R"("\u007f")"},
    {"<é>€😀", "\"<é>€😀\""},
    {"\u00a0\u2028\ufeff", R"("\u00a0\u2028\ufeff")"},
    {"\xff\xc3", R"("\xff\xc3")"},
    {"\xc0\x80", R"("\xc0\x80")"},
    {"\xed\xa0\x80", R"("\xed\xa0\x80")"},
  };
  for (const auto& row : rows)
    CHECK(quoted(row.text) == row.wanted);
}

TEST_CASE("catalog_core: autopilot's configuration is set, compared and kept",
          "[catalog][core]") {
  catalog_fixture catalog;
  query ask_it;
  ask_it.kind = query_kind::autopilot;
  CHECK(!catalog.core.evaluate(ask_it).found);
  CHECK(catalog.core.evaluate(ask_it).index == 1);
  autopilot_row row;
  row.min_quorum = 3;
  const auto set = [&catalog](const autopilot_row& x,
                              std::optional<log_index> expected) {
    return catalog.core.apply(catalog.next++, 0, set_autopilot{x, expected})
      .body;
  };
  const auto first = catalog.next;
  CHECK(set(row, 0) == "true");
  CHECK(catalog.core.take_touched() == std::vector<std::string>{"autopilot"});
  CHECK(set(row, 0) == "false");
  CHECK(catalog.core.take_touched().empty());
  row.min_quorum = 5;
  const auto second = catalog.next;
  CHECK(set(row, first) == "true");
  CHECK(set(row, first) == "false");
  row.create_index = first;
  row.modify_index = second;
  const auto now = catalog.core.evaluate(ask_it);
  CHECK(now.index == second);
  CHECK(*decode<autopilot_row>(*now.body) == row);
  catalog_core restored;
  for (const auto& x : catalog.core.take_changed_rows())
    REQUIRE(restored.load(x));
  CHECK(*restored.evaluate(ask_it).body == *now.body);
}

TEST_CASE("catalog_core: coordinates are kept with their nodes",
          "[catalog][core]") {
  catalog_fixture catalog;
  const auto run = [&catalog](const command& x) {
    return catalog.core.apply(catalog.next++, 0, x);
  };
  for (const auto* name : {"A", "b", "c", "d"}) {
    register_node x;
    x.node.name = name;
    x.node.address = "10.0.0.1";
    x.service = service_row{};
    x.service->node = name;
    x.service->id = x.service->name = "web";
    REQUIRE(run(x).code == errc{});
  }
  const auto at = [](const std::string& node, double x) {
    coordinate_row out{node, {}};
    out.where.at[0] = x;
    return out;
  };
  const auto when = catalog.next;
  run(update_coordinates{{at("a", 5), at("B", 1), at("c", 4), at("new", 0)}});
  query ask_it;
  ask_it.kind = query_kind::coordinates;
  const auto all = catalog.core.evaluate(ask_it);
  CHECK(all.index == when);
  CHECK(all.body->starts_with(
    R"([{"Node":"A","Segment":"","Coord":{"Vec":[5,0,0,0,0,0,0,0],)"
    R"("Error":1.5,"Adjustment":0,"Height":0.00001}},{"Node":"b")"));
  CHECK(all.body->find("new") == std::string::npos);
  ask_it.kind = query_kind::coordinate_of_node;
  ask_it.name = "C";
  CHECK(catalog.core.evaluate(ask_it).found);
  ask_it.name = "d";
  CHECK(!catalog.core.evaluate(ask_it).found);
  catalog_core restored;
  for (const auto& x : catalog.core.take_changed_rows())
    REQUIRE(restored.load(x));
  ask_it.kind = query_kind::coordinates;
  CHECK(*restored.evaluate(ask_it).body == *all.body);
  const auto order = [&catalog](query_kind kind, const std::string& near) {
    query q;
    q.kind = kind;
    q.name = "web";
    q.near = near;
    const auto text = *catalog.core.evaluate(q).body;
    std::string out;
    for (auto i = text.find(R"("Node":")"); i != std::string::npos;
         i = text.find(R"("Node":")", i + 1))
      out += text[i + 8];
    return out;
  };
  for (const auto kind : {query_kind::nodes, query_kind::service_nodes,
                          query_kind::health_service}) {
    CHECK(order(kind, "") == "Abcd");
    CHECK(order(kind, "a") == "Acbd");
    CHECK(order(kind, "b") == "bcAd");
    CHECK(order(kind, "d") == "Abcd"); // it is not known where that is
    CHECK(order(kind, "zz") == "Abcd");
  }
  run(deregister_node{"b", {}, {}});
  CHECK(catalog.core.evaluate(ask_it).body->find(R"("b")")
        == std::string::npos);
}
