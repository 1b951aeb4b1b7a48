// Goal: what must hold for every history: no index goes back, whoever is
// concerned is woken, what is undone leaves no trace, a checkpoint is the
// whole state.
// Method: random commands over a handful of names, spelled in two ways, so that
// they meet all the time; after each, all questions are asked and compared with
// what was answered before. A second core applies the same commands by way of
// prepare, after others that are aborted; a third lives from checkpoints.

#include "runtime/base/codec.hpp"
#include "runtime/base/rng.hpp"
#include "tests/catalog/catalog_fixture.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace praetor;
using namespace praetor::catalog;

namespace {

constexpr auto histories = 40;
constexpr auto commands_per_history = 120;

/// Random commands.
class source {
public:
  explicit source(std::uint64_t seed) : random_{seed} {}

  command next(log_index newest) {
    switch (below(10)) {
      case 0: return deregister_node{pick(nodes), "", ""};
      case 1: return deregister_node{pick(nodes), pick(ids), ""};
      case 2: return deregister_node{pick(nodes), "", pick(ids)};
      case 3: return some_transaction(newest);
      default: return some_registration();
    }
  }

private:
  using list = std::vector<std::string>;

  std::size_t below(std::size_t n) { return random_.next() % n; }

  const std::string& pick(const list& from) { return from[below(from.size())]; }

  node_row some_node() {
    auto out = make_node(pick(nodes), pick({"1", "2"}));
    out.id = pick(uuids);
    if (below(2) == 0)
      out.meta = string_map{{"rack", pick({"1", "2"})}};
    return out;
  }

  service_row some_service() {
    auto out = make_service(pick(ids), pick(services));
    if (below(4) == 0)
      out = make_proxy(out.id, pick({"proxy", "web"}), pick(services));
    else
      out.connect_native = below(4) == 0;
    if (below(2) == 0)
      out.tags = {pick({"t", "u"})};
    return out;
  }

  check_row some_check() {
    auto out = make_check(pick(check_ids), pick(states));
    if (below(2) == 0)
      out.service_id = pick(ids);
    return out;
  }

  register_node some_registration() {
    auto out = registration(some_node());
    out.skip_node_update = below(2) == 0;
    if (below(2) == 0)
      out.service = some_service();
    for (auto n = below(3); n > 0; --n)
      out.checks.push_back(some_check());
    return out;
  }

  transaction some_transaction(log_index newest) {
    transaction out;
    for (auto n = 1 + below(3); n > 0; --n) {
      operation op;
      op.position = static_cast<std::uint32_t>(out.operations.size());
      op.what = static_cast<verb>(1 + below(5));
      auto service = some_service();
      auto check = some_check();
      auto node = some_node();
      service.node = pick(nodes);
      check.node = pick(nodes);
      node.modify_index = service.modify_index = check.modify_index =
        below(2) == 0 ? 0 : newest - below(4);
      switch (below(3)) {
        case 0: op.target = node; break;
        case 1: op.target = service; break;
        default: op.target = check;
      }
      out.operations.push_back(op);
    }
    return out;
  }

  const list nodes = {"a", "A", "b", "c"};
  const list uuids = {"", "", "abcdef12-0000-4000-8000-000000000001",
                      "ABCDEF34-0000-4000-8000-000000000002"};
  const list services = {"web", "WEB", "db"};
  const list ids = {"1", "2", "x", "X"};
  const list check_ids = {"1", "X", "serfHealth"};
  const list states = {"passing", "passing", "warning", "critical"};
  rng random_;
};

std::vector<query> all_questions() {
  std::vector<query> out;
  for (const auto kind : {query_kind::nodes, query_kind::services,
                          query_kind::ui_nodes, query_kind::ui_services})
    out.push_back(ask(kind));
  for (const auto* name : {"a", "B", "c", "d", "abcdef", "abcdef12-0000", "ab"})
    for (const auto kind :
         {query_kind::node, query_kind::node_services, query_kind::ui_node,
          query_kind::checks_of_node, query_kind::node_snapshot})
      out.push_back(ask(kind, name));
  for (const auto* name : {"web", "DB", "proxy", "none"})
    for (const auto kind :
         {query_kind::service_nodes, query_kind::connect_nodes,
          query_kind::checks_of_service, query_kind::health_service,
          query_kind::health_connect})
      out.push_back(ask(kind, name));
  for (const auto* name : {"any", "passing", "warning", "critical"})
    out.push_back(ask(query_kind::checks_in_state, name));
  for (auto n = out.size(); n > 0; --n) {
    auto q = out[n - 1];
    q.node_meta = {{"rack", "1"}};
    out.push_back(q);
    q.node_meta.clear();
    q.passing = true;
    q.tags = {"T"};
    if (q.kind == query_kind::health_service)
      out.push_back(q);
  }
  return out;
}

bool is_of_one_node(const query& q) {
  return q.kind == query_kind::node || q.kind == query_kind::node_services;
}

/// By contract these two follow an index that does not know of the nodes'
/// metadata or of checks whose service took another name.
bool may_miss_changes(const query& q) {
  return !q.node_meta.empty()
         && (q.kind == query_kind::checks_in_state
             || q.kind == query_kind::checks_of_service);
}

/// All rows that the core would write now, and their indexes.
std::string everything(const catalog_core& core) {
  std::string out;
  for (const auto& q : all_questions()) {
    const auto x = core.evaluate(q);
    out += encode(x.index, x.found, *x.body);
  }
  return out;
}

} // namespace

TEST_CASE("catalog_core: no index goes back and nobody is forgotten",
          "[catalog][core]") {
  const auto questions = all_questions();
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    source commands{seed};
    catalog_fixture catalog;
    std::map<query, answer> before;
    for (const auto& q : questions)
      before[q] = catalog.core.evaluate(q);
    for (auto step = 0; step < commands_per_history; ++step) {
      catalog.apply(commands.next(catalog.next - 1));
      catalog.core.check_invariants();
      const auto touched = catalog.core.take_touched();
      for (const auto& q : questions) {
        INFO("seed " << seed << " step " << step << " kind "
                     << static_cast<int>(q.kind) << " name " << q.name);
        auto now = catalog.core.evaluate(q);
        auto& old = before[q];
        const auto differs = *now.body != *old.body || now.found != old.found;
        if (differs)
          REQUIRE(concerns(touched, q));
        // An unknown node has index 1 by contract.
        if (!is_of_one_node(q) || (now.index > 1 && old.index > 1)) {
          REQUIRE(now.index >= old.index);
          if (differs && !may_miss_changes(q))
            REQUIRE(now.index > old.index);
        }
        old = std::move(now);
      }
    }
  }
}

TEST_CASE("catalog_core: what is undone leaves no trace", "[catalog][core]") {
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    source commands{seed};
    source aborted{seed + 1000};
    catalog_fixture straight;
    catalog_fixture winding;
    for (auto step = 0; step < commands_per_history; ++step) {
      INFO("seed " << seed << " step " << step);
      const auto before = everything(winding.core);
      winding.core.prepare(winding.next, 0, aborted.next(winding.next));
      winding.core.abort();
      winding.core.check_invariants();
      REQUIRE(everything(winding.core) == before);
      REQUIRE(winding.core.take_touched().empty());
      const auto x = commands.next(straight.next - 1);
      const auto wanted = straight.apply(x);
      REQUIRE(winding.core.prepare(winding.next++, 0, x) == wanted);
      winding.core.commit();
      REQUIRE(winding.core.take_touched() == straight.core.take_touched());
      REQUIRE(winding.core.take_losses() == straight.core.take_losses());
      if (wanted.code != errc{})
        REQUIRE(everything(straight.core) == before);
    }
    REQUIRE(everything(winding.core) == everything(straight.core));
    REQUIRE(winding.core.take_changed_rows()
            == straight.core.take_changed_rows());
  }
}

TEST_CASE("catalog_core: a checkpoint is the whole state", "[catalog][core]") {
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    source commands{seed};
    catalog_fixture catalog;
    std::map<std::pair<std::string, std::string>, std::string> stored;
    for (auto step = 0; step < commands_per_history; ++step) {
      INFO("seed " << seed << " step " << step);
      catalog.apply(commands.next(catalog.next - 1));
      if (step % 7 != 0)
        continue;
      for (const auto& x : catalog.core.take_changed_rows()) {
        if (x.value)
          stored[{x.table, x.key}] = *x.value;
        else
          stored.erase({x.table, x.key});
      }
      REQUIRE(catalog.core.take_changed_rows().empty());
      catalog_core loaded;
      for (const auto& [key, value] : stored)
        REQUIRE(loaded.load({key.first, key.second, value}));
      loaded.check_invariants();
      REQUIRE(everything(loaded) == everything(catalog.core));
      REQUIRE(loaded.take_changed_rows().empty());
    }
  }
}

TEST_CASE("catalog_core: damaged rows are refused", "[catalog][core]") {
  const auto good = encode(make_node("n"));
  struct {
    const char* name;
    row what;
  } const rows[] = {
    {"unknown table", {"nodes", "n", good}},
    {"no value", {"node", "n", std::nullopt}},
    {"another key", {"node", "m", good}},
    {"a key that is not in lower case", {"node", "N", good}},
    {"cut off", {"node", "n", good.substr(1)}},
    {"of another table", {"service", "n", good}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      catalog_core core;
      const auto s = core.load(row.what);
      REQUIRE_FALSE(s);
      CHECK(s.error().code == errc::corruption);
    }
  }
  CHECK(catalog_core{}.load({"node", "n", good}));
}
