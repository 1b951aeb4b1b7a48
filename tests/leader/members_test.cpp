// Goal: the catalog shows the members of the pool, whatever it showed before,
// and nothing that was never a member is touched.
// Method: one table of pools and catalogs with what is to be corrected; then
// real catalogs that take the corrections, until nothing is left to correct.

#include "actors/leader/core/members.hpp"

#include "actors/catalog/core/catalog_core.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/rng.hpp"
#include "tests/leader/pool.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::leader;
using namespace praetor::leader::test;

namespace {

using catalog::registered_node;
using status_text = std::optional<std::string>;

const std::string self = "id-of-me";

registered_node node(const std::string& name, status_text serf = "passing",
                     std::string id = "", std::string address = "10.0.0.1") {
  registered_node out;
  out.node.name = name;
  out.node.id = id.empty() ? "id-of-" + name : id == "-" ? "" : id;
  out.node.address = std::move(address);
  out.node.datacenter = "dc1";
  out.node.meta.emplace(catalog::string_map{{"rack", "1"}});
  out.serf_status = std::move(serf);
  return out;
}

registered_node server_node(const std::string& name,
                            status_text serf = "passing") {
  auto out = node(name, std::move(serf));
  out.server = server_service_of(*server(name).facts);
  return out;
}

/// What happens to whom: "joined a".
std::vector<std::string> words(const std::vector<correction>& xs) {
  static const char* const names[] = {"joined", "failed", "left", "forgotten",
                                      "refused"};
  std::vector<std::string> out;
  for (const auto& x : xs) {
    out.push_back(names[static_cast<std::size_t>(x.what)] + std::string{" "}
                  + x.node);
    CHECK(x.command.has_value() == (x.what != member_event::refused));
  }
  return out;
}

struct row {
  const char* name;
  std::vector<pool_member> members;
  std::vector<registered_node> nodes;
  std::vector<std::string> expected;
  bool settled = true;
  std::set<std::string> vanished = {};
};

using enum member_status;

const std::vector<row> rows = {
  {"a new client", {client("a")}, {}, {"joined a"}},
  {"a client as it should be", {client("a")}, {node("a")}, {}},
  {"names match in any case",
   {client("A")},
   {node("a", "passing", "ID-of-A")},
   {}},
  {"registered by its agent, not yet by the leader",
   {client("a")},
   {node("a", std::nullopt)},
   {"joined a"}},
  {"came back", {client("a")}, {node("a", "critical")}, {"joined a"}},
  {"moved", {client("a", alive, "10.0.0.9")}, {node("a")}, {"joined a"}},
  {"took the name of a node from outside",
   {client("a")},
   {node("a", std::nullopt, "-")},
   {"joined a"}},
  {"a new server", {server("s")}, {}, {"joined s"}},
  {"a server as it should be", {server("s")}, {server_node("s")}, {}},
  {"a server without its service", {server("s")}, {node("s")}, {"joined s"}},
  {"a server of another version",
   {changed(server("s"), [](auto& x) { x.tags["build"] = "1.9.0:"; })},
   {server_node("s")},
   {"joined s"}},
  {"a server on another port",
   {changed(server("s"), [](auto& x) { x.tags["port"] = "9300"; })},
   {server_node("s")},
   {"joined s"}},

  {"about to leave", {client("a", leaving)}, {node("a")}, {}},
  {"failed", {client("a", failed)}, {node("a")}, {"failed a"}},
  {"failed before the leader registered it",
   {client("a", failed)},
   {node("a", std::nullopt)},
   {"failed a"}},
  {"failed long ago", {client("a", failed)}, {node("a", "critical")}, {}},
  {"failed and unknown", {client("a", failed)}, {}, {}},
  {"failed, another node has the name now",
   {client("a", failed)},
   {node("a", "passing", "other")},
   {}},
  {"left", {client("a", left)}, {node("a")}, {"left a"}},
  {"left and unknown", {client("a", left)}, {}, {}},
  {"left, another node has the name now",
   {client("a", left)},
   {node("a", "passing", "other")},
   {}},
  {"left, a node from outside has the name",
   {client("a", left)},
   {node("a", std::nullopt, "-")},
   {}},
  {"the leader itself left", {server("me", left)}, {server_node("me")}, {}},

  {"forgotten",
   {server("me")},
   {server_node("me"), node("a")},
   {"forgotten a"}},
  {"forgotten, by a leader that has just begun",
   {server("me")},
   {server_node("me"), node("a")},
   {},
   false},
  {"forgotten a moment ago, by a leader that has just begun",
   {server("me")},
   {server_node("me"), node("A", "passing", "x")},
   {"forgotten A"},
   false,
   {"a"}},
  {"never a member: no check",
   {server("me")},
   {server_node("me"), node("a", std::nullopt)},
   {}},
  {"never a member: no id",
   {server("me")},
   {server_node("me"), node("a", "passing", "-")},
   {}},
  {"a leader that sees only itself forgets nobody",
   {server("me")},
   {server_node("me"), server_node("s"), server_node("t"), node("a")},
   {}},
  {"a leader that sees most servers forgets",
   {server("me"), server("s")},
   {server_node("me"), server_node("s"), server_node("t"), node("a")},
   {"forgotten t", "forgotten a"}},
  {"dead servers need not be seen",
   {server("me")},
   {server_node("me"), server_node("s", "critical"), node("a")},
   {"forgotten s", "forgotten a"}},

  {"a name that another node has in the catalog",
   {client("a")},
   {node("a", "passing", "old")},
   {"failed a"}},
  {"two members have swapped their names",
   {changed(client("a"), [](auto& x) { x.node_id = "id-of-b"; }),
    changed(client("b"), [](auto& x) { x.node_id = "id-of-a"; })},
   {node("a"), node("b")},
   {"failed a", "failed b"}},
  {"two members with one id",
   {client("b"), changed(client("a"), [](auto& x) { x.node_id = "ID-of-b"; })},
   {},
   {"joined b", "refused a"}},
  {"two members with one id, the second is known by it",
   {client("b"), changed(client("a"), [](auto& x) { x.node_id = "ID-of-b"; })},
   {node("a", "passing", "id-of-b")},
   {"refused b"}},
  {"two members with one id, one of them failed",
   {client("b", failed),
    changed(client("a"), [](auto& x) { x.node_id = "id-of-b"; })},
   {node("b", "critical")},
   {"joined a"}},
  {"a name whose holder failed",
   {client("a")},
   {node("a", "critical", "old")},
   {"joined a"}},
  {"another name",
   {changed(client("new"), [](auto& x) { x.node_id = "id-of-old"; })},
   {node("old")},
   {"joined new"}},
  {"losses come first",
   {client("b"), client("a", left)},
   {node("a")},
   {"left a", "joined b"}},
};

} // namespace

TEST_CASE("members: what is wrong in the catalog", "[leader][core]") {
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      CHECK(
        words(corrections({x.members, x.nodes, self, x.vanished, x.settled}))
        == x.expected);
    }
  }
}

TEST_CASE("members: a correction leaves alone what the agent registered",
          "[leader][core]") {
  const auto only = [](const pool_member& x, const registered_node& known) {
    const std::vector<pool_member> members = {x};
    const std::vector<registered_node> nodes = {known};
    const auto found = corrections({members, nodes, self, {}, true});
    REQUIRE(found.size() == 1);
    return std::get<catalog::register_node>(*found[0].command);
  };
  const std::vector<pool_member> fresh = {client("a")};
  const auto joins = corrections({fresh, {}, self, {}, true});
  REQUIRE(joins.size() == 1);
  // Its agent may have registered meanwhile.
  CHECK(std::get<catalog::register_node>(*joins[0].command).skip_node_update);
  const auto back = only(client("A"), node("a", "critical", "ID-OF-A"));
  CHECK(back.skip_node_update);
  CHECK(back.node.name == "a"); // its spelling stays
  REQUIRE(back.checks.size() == 1);
  CHECK(back.checks[0].node == "a");
  CHECK(back.checks[0].status == "passing");
  CHECK(back.checks[0].output == "Agent alive and reachable");
  CHECK(!back.service);
  const auto moved = only(client("a", alive, "10.0.0.9"), node("a"));
  CHECK(!moved.skip_node_update);
  CHECK(moved.node.address == "10.0.0.9");
  CHECK(moved.node.meta->at("rack") == "1");
  const auto gone = only(client("a", failed), node("a"));
  CHECK(gone.skip_node_update);
  CHECK(gone.checks[0].status == "critical");
  CHECK(gone.checks[0].output == "Agent not live or unreachable");
}

TEST_CASE("members: a server's service is what Consul 1.8.7 registers",
          "[leader][core]") {
  const auto x = *server_service_of(*server("s").facts);
  CHECK(x.id == "consul");
  CHECK(x.name == "consul");
  CHECK(x.port == 8300);
  CHECK(*x.meta
        == catalog::string_map{{"non_voter", "false"},
                               {"raft_version", "3"},
                               {"serf_protocol_current", "2"},
                               {"serf_protocol_max", "5"},
                               {"serf_protocol_min", "1"},
                               {"version", "1.8.7"}});
  const auto silent =
    changed(server("s"), [](auto& y) { y.tags["nonvoter"] = "1"; });
  CHECK(server_service_of(*silent.facts)->meta->at("non_voter") == "true");
}

TEST_CASE("members: where servers are reached", "[leader][core]") {
  struct address_row {
    const char* address;
    const char* role;
    const char* port;
    const char* expected;
  };
  for (const auto& x : std::vector<address_row>{
         {"10.0.0.1", "consul", "8300", "10.0.0.1:8300"},
         {"::1", "consul", "1", "[::1]:1"},
         {"10.0.0.1", "node", "8300", ""},
         {"10.0.0.1", "consul", "", ""},
         {"10.0.0.1", "consul", "0", ""},
         {"10.0.0.1", "consul", "65536", ""},
         {"10.0.0.1", "consul", "99999999999999999999", ""},
         {"10.0.0.1", "consul", "-1", ""}}) {
    auto facts = facts_of("s", x.address);
    facts.tags["role"] = x.role;
    facts.tags["port"] = x.port;
    CHECK(server_address(facts) == x.expected);
    CHECK(server_service_of(facts).has_value() == (x.expected[0] != '\0'));
  }
}

namespace {

std::string uuid(std::uint64_t x) {
  return "00000000-0000-0000-0000-00000000000" + std::to_string(x);
}

std::vector<registered_node> nodes_of(const catalog::catalog_core& x) {
  catalog::query q;
  q.kind = catalog::query_kind::registered_nodes;
  return *decode<std::vector<registered_node>>(*x.evaluate(q).body);
}

/// Applies what is corrected to a catalog until nothing is wrong any more.
/// Returns how many rounds that took.
int settle(catalog::catalog_core& to, const std::vector<pool_member>& members,
           log_index& index) {
  constexpr auto rounds_max = 4;
  for (auto round = 0; round < rounds_max; ++round) {
    const auto nodes = nodes_of(to);
    const auto found = corrections({members, nodes, uuid(9), {}, true});
    auto commands = 0;
    for (const auto& x : found)
      if (x.command) {
        ++commands;
        const auto done = to.apply(++index, 0, *x.command);
        INFO(x.node << ": " << done.body);
        CHECK(done.code == errc{});
      }
    to.check_invariants();
    if (commands == 0)
      return round;
  }
  return rounds_max;
}

/// Members with names and ids from few, so that they take each other's.
std::vector<pool_member> any_pool(rng& random) {
  std::vector<pool_member> out = {
    changed(server("me"), [](auto& x) { x.node_id = uuid(9); })};
  std::set<std::uint64_t> ids;
  for (const auto* name : {"a", "b", "c", "d"}) {
    if (random.below(4) == 0)
      continue;
    const auto id = random.below(6);
    if (!ids.insert(id).second)
      continue;
    auto x = random.below(2) == 0 ? client(name) : server(name);
    auto facts = *x.facts;
    facts.node_id = uuid(id);
    facts.at.address = "10.0.0." + std::to_string(random.below(3));
    x.facts = std::make_shared<const gossip::member_facts>(std::move(facts));
    x.status = static_cast<member_status>(random.below(4));
    out.push_back(std::move(x));
  }
  return out;
}

} // namespace

TEST_CASE("members: corrections come to an end, and then the catalog is right",
          "[leader][core]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    rng random{seed};
    catalog::catalog_core nodes;
    log_index index = 0;
    catalog::register_node outside;
    outside.node.name = "outside";
    outside.node.address = "10.9.9.9";
    nodes.apply(++index, 0, outside);
    for (auto step = 0; step < 8; ++step) {
      const auto pool = any_pool(random);
      CHECK(settle(nodes, pool, index) < 4);
      std::map<std::string, registered_node> shown;
      for (const auto& x : nodes_of(nodes))
        shown.emplace(x.node.name, x);
      CHECK(shown.contains("outside"));
      for (const auto& x : pool) {
        const auto& name = x.facts->name;
        const auto found = shown.find(name);
        const auto same =
          found != shown.end() && found->second.node.id == x.facts->node_id;
        if (x.status == alive) {
          REQUIRE(same);
          CHECK(found->second.serf_status == "passing");
          CHECK(found->second.node.address == x.facts->at.address);
          CHECK((!is_server(*x.facts) || found->second.server));
        } else if (x.status == failed && same) {
          CHECK(found->second.serf_status == "critical");
        } else if (x.status == left) {
          CHECK(!same);
        }
      }
    }
  }
}
