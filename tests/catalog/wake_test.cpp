// Goal: a change wakes those whom it concerns and nobody else.
// Method: one table of changes, each applied to the same small catalog. For
// every query: if it is named, one of its topics is touched and its index is
// that of the change; if not, no topic of it is touched.

#include "runtime/base/codec.hpp"
#include "tests/catalog/catalog_fixture.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace praetor;
using namespace praetor::catalog;

namespace {

query with_meta(query q) {
  q.node_meta = {{"rack", "1"}};
  return q;
}

const std::map<std::string, query> questions = {
  {"nodes", ask(query_kind::nodes)},
  {"services", ask(query_kind::services)},
  {"services+meta", with_meta(ask(query_kind::services))},
  {"service web", ask(query_kind::service_nodes, "web")},
  {"health web", ask(query_kind::health_service, "WEB")},
  {"health db", ask(query_kind::health_service, "db")},
  {"health none", ask(query_kind::health_service, "none")},
  {"connect web", ask(query_kind::connect_nodes, "web")},
  {"health/connect web", ask(query_kind::health_connect, "Web")},
  {"node a", ask(query_kind::node, "A")},
  {"node b", ask(query_kind::node_services, "b")},
  {"node by id", ask(query_kind::node, "AAAAAAAA00")},
  {"checks of a", ask(query_kind::checks_of_node, "a")},
  {"checks of b", ask(query_kind::checks_of_node, "b")},
  {"checks web", ask(query_kind::checks_of_service, "web")},
  {"checks web+meta", with_meta(ask(query_kind::checks_of_service, "web"))},
  {"any", ask(query_kind::checks_in_state, "any")},
  {"critical", ask(query_kind::checks_in_state, "critical")},
  {"warning", ask(query_kind::checks_in_state, "warning")},
  {"ui nodes", ask(query_kind::ui_nodes)},
  {"ui services", ask(query_kind::ui_services)},
  {"ui node a", ask(query_kind::ui_node, "a")},
  {"snapshot b", ask(query_kind::node_snapshot, "b")},
  {"registered", ask(query_kind::registered_nodes)},
};

constexpr auto uuid = "aaaaaaaa-0000-4000-8000-000000000001";

node_row node_a() {
  auto out = make_node("a");
  out.id = uuid;
  return out;
}

node_row node_b() {
  return make_node("b");
}

/// a: web with a check, a check of the node. b: db, and a proxy of web.
catalog_fixture small_catalog() {
  catalog_fixture out;
  auto first = registration(node_a(), make_service("web-1", "web"));
  first.checks = {make_check("alive", "passing"),
                  make_check("http", "passing", "web-1")};
  out.apply(first);
  out.apply(registration(node_b(), make_service("db-1", "db")));
  out.apply(registration(node_b(), make_proxy("p-1", "web-proxy", "web")));
  out.core.take_touched();
  return out;
}

register_node with_port(node_row node, service_row service) {
  service.port = 99;
  return registration(std::move(node), std::move(service));
}

using names = std::set<std::string>;

names operator+(names a, const names& b) {
  a.insert(b.begin(), b.end());
  return a;
}

struct row {
  const char* name;
  command change;
  names woken;
};

// What belongs together in almost every row.
const names ui = {"ui nodes", "ui services"};
const names all_services = {"services", "services+meta"};
const names on_a = {"node a", "node by id", "ui node a"};
const names on_b = {"node b", "snapshot b"};
const names web = {"service web", "health web", "checks web+meta"};
const names proxies = {"connect web", "health/connect web"};
const names checks_on_a = {"checks of a", "ui node a", "any", "registered"};

std::vector<row> rows() {
  auto moved = node_a();
  moved.address = "10.0.0.2";
  auto without_id = node_a();
  without_id.id.clear();
  auto renamed = node_a();
  renamed.name = "c";
  const auto known = make_service("web-1", "web");
  return {
    {"the same node", registration(node_a()), {}},
    {"the same service", registration(node_a(), known), {}},
    {"the same check", registration(node_a(), make_check("alive", "passing")),
     checks_on_a + ui},
    {"another node", registration(make_node("z")),
     ui + names{"nodes", "registered", "services+meta"}},
    {"another address", registration(moved),
     ui + on_a + web
       + names{"nodes", "registered", "services+meta", "checks web"}},
    {"a node loses its id", registration(without_id),
     ui + on_a + web
       + names{"nodes", "registered", "services+meta", "checks web"}},
    {"another name", registration(renamed),
     ui + on_a + web + checks_on_a + all_services
       + names{"nodes", "registered", "checks web"}},
    {"another service", registration(node_b(), make_service("x", "none")),
     ui + all_services + on_b + names{"health none"}},
    {"another instance", registration(node_b(), make_service("x", "WEB")),
     ui + all_services + on_b + web},
    {"another port", with_port(node_a(), known),
     ui + all_services + on_a + web},
    {"a proxy's port",
     with_port(node_b(), make_proxy("p-1", "web-proxy", "web")),
     ui + all_services + on_b + proxies},
    {"a proxy of something else",
     registration(node_b(), make_proxy("p-1", "web-proxy", "db")),
     ui + all_services + on_b + proxies},
    {"a service changes its name",
     registration(node_a(), make_service("web-1", "db")),
     ui + all_services + on_a + web + names{"health db"}},
    {"a check of a service",
     registration(node_a(), make_check("http", "critical", "web-1")),
     ui + web + checks_on_a + names{"checks web", "critical"}},
    {"a check of a node",
     registration(node_a(), make_check("alive", "warning")),
     ui + web + checks_on_a + names{"warning"}},
    {"a new check of a node",
     registration(node_b(), make_check("c", "passing")),
     ui + proxies
       + names{"health db", "checks of b", "any", "registered", "snapshot b"}},
    {"a check changes its service",
     registration(node_a(), make_check("http", "passing")),
     ui + web + checks_on_a + names{"checks web"}},
    {"no such check", deregister_node{"a", "", "x"}, {}},
    {"no such service", deregister_node{"a", "x", ""}, {}},
    {"no such node", deregister_node{"x", "", ""}, {}},
    {"the service's check goes", deregister_node{"a", "", "http"},
     ui + web + checks_on_a + names{"checks web"}},
    {"the node's check goes", deregister_node{"a", "", "alive"},
     ui + web + checks_on_a + all_services},
    {"the service goes", deregister_node{"a", "web-1", ""},
     ui + all_services + on_a + web + checks_on_a + names{"checks web"}},
    {"the proxy goes", deregister_node{"b", "p-1", ""},
     ui + all_services + on_b + proxies + names{"any", "registered"}},
    {"the node goes", deregister_node{"a", "", ""},
     ui + all_services + on_a + web + checks_on_a
       + names{"nodes", "registered", "checks web"}},
    {"a question", guard_session{"a", {"alive"}}, {}},
    {"a refusal", registration(make_node("", "1")), {}},
  };
}

/// Their index is not that of the change: what they show never existed or is
/// gone, or their index follows another table than their topics.
bool index_lags(const std::string& question, const answer& now) {
  static const names lagging = {"checks web", "checks web+meta"};
  return now.body == nullptr || *now.body == "null"
         || lagging.contains(question);
}

} // namespace

TEST_CASE("catalog_core: a change wakes whom it concerns", "[catalog][core]") {
  for (const auto& row : rows()) {
    DYNAMIC_SECTION(row.name) {
      auto catalog = small_catalog();
      const auto index = catalog.next;
      catalog.apply(row.change);
      const auto touched = catalog.core.take_touched();
      for (const auto& [question, q] : questions) {
        INFO(question);
        CHECK(concerns(touched, q) == row.woken.contains(question));
        const auto now = catalog.core.evaluate(q);
        if (row.woken.contains(question) && !index_lags(question, now))
          CHECK(now.index == index);
      }
    }
  }
}

TEST_CASE("catalog_core: the leader sees what gossip's members stand for",
          "[catalog][core]") {
  const auto seen_in = [](const catalog_fixture& x) {
    const auto q = ask(query_kind::registered_nodes);
    return *decode<std::vector<registered_node>>(*x.core.evaluate(q).body);
  };
  auto catalog = small_catalog();
  REQUIRE(seen_in(catalog).size() == 2);
  CHECK(seen_in(catalog)[0].node.id == uuid);
  CHECK(!seen_in(catalog)[0].serf_status);
  CHECK(!seen_in(catalog)[0].server);
  auto server = registration(node_a(), make_service("consul", "consul"));
  server.checks = {make_check(serf_check, "critical")};
  catalog.apply(server);
  const auto touched = catalog.core.take_touched();
  CHECK(concerns(touched, ask(query_kind::registered_nodes)));
  CHECK(seen_in(catalog)[0].serf_status == "critical");
  CHECK(seen_in(catalog)[0].server->name == "consul");
  CHECK(!seen_in(catalog)[1].serf_status);
  CHECK(!catalog_core::cacheable(ask(query_kind::registered_nodes)));
}

TEST_CASE("catalog_core: topics depend on nothing but the query",
          "[catalog][core]") {
  const auto names_of = [](const query& q) {
    std::vector<std::string> out;
    for (const auto& x : topics_of(q))
      out.push_back(x.name + (x.prefix ? "*" : ""));
    return out;
  };
  using list = std::vector<std::string>;
  CHECK(names_of(ask(query_kind::node, "Beef12-"))
        == list{"node/beef12-", "node-id/beef12*"});
  CHECK(names_of(ask(query_kind::node, "web-1")) == list{"node/web-1"});
  CHECK(names_of(ask(query_kind::node, "f")) == list{"node/f"});
  CHECK(names_of(with_meta(ask(query_kind::checks_in_state, "any")))
        == list{"checks", "nodes"});
  CHECK(names_of(with_meta(ask(query_kind::checks_in_state, "Odd")))
        == list{"state/Odd", "nodes"});
}
