// Goal: this node's services and checks change as registrations ask, with the
// contract's texts, and survive a restart.
// Method: the pure state, tables for the texts; expected values were recorded
// from Consul 1.8.7.

#include "actors/agent/core/local_state.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::agent;
using namespace std::chrono_literals;

namespace {

const moment start{time_point{} + 1h, 1'000'000};

register_service service(const std::string& name) {
  agent::register_service out;
  out.service.id = name;
  out.service.name = name;
  return out;
}

health::check_plan ttl(const std::string& id, duration span = 60s) {
  health::check_plan out;
  out.id = id;
  out.name = id;
  out.how.ttl = span;
  return out;
}

register_check check(health::check_plan plan, origin from = origin::api) {
  return {std::move(plan), from, {}};
}

struct fixture {
  local_options options;
  local_state state{named()};
  rng random{1};

  local_options named() {
    options.node = "n1";
    return options;
  }

  std::string error_of(const status& x) { return x ? "" : x.error().context; }

  const catalog::check_row& row_of(const std::string& id) {
    return state.checks().at(id).row;
  }

  void update(const std::string& id, const char* status_text,
              const char* output, const moment& at = start) {
    REQUIRE(state.update_ttl(id, status_text, output, at, random));
  }

  /// The rows that are left after all changes.
  std::vector<row> disk;

  void persist() {
    for (auto& x : state.take_effects().rows) {
      std::erase_if(disk, [&x](const row& y) {
        return x.table == y.table && x.key == y.key;
      });
      if (x.value)
        disk.push_back(std::move(x));
    }
  }

  /// Starts anew from what is on disk.
  void restart(const moment& at) {
    persist();
    state = local_state{named()};
    REQUIRE(state.load(disk, at));
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "local_state: checks of a service get ids and names",
                 "[agent][core]") {
  auto one = service("web");
  one.checks = {ttl("")};
  one.checks[0].name = "";
  REQUIRE(state.register_service(one, start));
  CHECK(row_of("service:web").name == "Service 'web' check");
  CHECK(row_of("service:web").status == "critical");
  CHECK(row_of("service:web").type == "ttl");
  CHECK(row_of("service:web").service_name == "web");

  auto three = service("db");
  three.checks = {ttl(""), ttl("own"), ttl("")};
  REQUIRE(state.register_service(three, start));
  CHECK(state.checks().contains("service:db:1"));
  CHECK(state.checks().contains("own"));
  CHECK(state.checks().contains("service:db:3"));
}

TEST_CASE_METHOD(fixture, "local_state: literal addresses add tagged ones",
                 "[agent][core]") {
  struct row {
    const char* address;
    const char* tag;
  };
  for (const auto& x : {row{"10.0.0.9", "lan_ipv4"}, row{"fe80::1", "wan_ipv6"},
                        row{"host.example", nullptr}}) {
    auto what = service("web");
    what.service.address = x.address;
    what.service.port = 80;
    REQUIRE(state.register_service(what, start));
    const auto& tagged = state.services().at("web").row.tagged_addresses;
    CHECK(tagged.size() == (x.tag != nullptr ? 2U : 0U));
    if (x.tag != nullptr)
      CHECK(tagged.at(x.tag) == catalog::service_address{x.address, 80});
  }
}

TEST_CASE_METHOD(fixture, "local_state: refusals have Consul's texts",
                 "[agent][core]") {
  auto script = ttl("s", 0s);
  script.how.script_args = {"true"};
  script.how.interval = 10s;
  auto orphan = ttl("c");
  orphan.service_id = "no\"ne";
  auto tagged = service("web");
  tagged.service.tagged_addresses["lan_ipv4"] = {"::1", 1};
  auto tagged6 = service("web");
  tagged6.service.tagged_addresses["wan_ipv6"] = {"1.1.1.1", 1};

  CHECK(error_of(state.register_check(check(script), start))
        == "Scripts are disabled on this agent from remote calls; to enable, "
           "configure 'enable_script_checks' to true");
  CHECK(error_of(state.register_check(check(script, origin::file), start))
        == "Scripts are disabled on this agent; to enable, configure "
           "'enable_script_checks' or 'enable_local_script_checks' to true");
  CHECK(error_of(state.register_check(check(orphan), start))
        == "ServiceID \"no\\\"ne\" does not exist");
  CHECK(error_of(state.register_service(tagged, start))
        == "Service tagged address \"lan_ipv4\" must be a valid ipv4 address");
  CHECK(error_of(state.register_service(tagged6, start))
        == "Service tagged address \"wan_ipv6\" must be a valid ipv6 address");
  CHECK(error_of(state.update_ttl("x", "passing", "", start, random))
        == "CheckID \"x\" does not have associated TTL");
  CHECK(error_of(state.maintain_service("x", true, "", start))
        == "No service registered with ID \"x\"");
  CHECK(state.services().empty());
  CHECK(state.checks().empty());
}

TEST_CASE_METHOD(fixture, "local_state: script rights depend on the origin",
                 "[agent][core]") {
  auto script = ttl("s", 0s);
  script.how.script_args = {"true"};
  options.scripts.local = true;
  state = local_state{named()};
  CHECK_FALSE(state.register_check(check(script), start));
  CHECK(state.register_check(check(script, origin::file), start));
  options.scripts = {true, false};
  state = local_state{named()};
  CHECK(state.register_check(check(script), start));
  CHECK(row_of("s").type == "script");
}

TEST_CASE_METHOD(fixture, "local_state: registering again keeps status, output",
                 "[agent][core]") {
  auto what = service("web");
  what.checks = {ttl("a"), ttl("b")};
  REQUIRE(state.register_service(what, start));
  update("a", "passing", "fine");

  what.service.port = 2;
  what.checks = {ttl("a")};
  REQUIRE(state.register_service(what, start));
  CHECK(row_of("a").status == "passing");
  CHECK(row_of("a").output == "fine");
  CHECK(state.checks().contains("b"));

  what.replace_existing_checks = true;
  REQUIRE(state.register_service(what, start));
  CHECK(row_of("a").status == "passing");
  CHECK_FALSE(state.checks().contains("b"));
}

TEST_CASE_METHOD(fixture, "local_state: long TTL output is cut with a remark",
                 "[agent][core]") {
  auto small = ttl("a");
  small.how.output_max_size = 10;
  REQUIRE(state.register_check(check(small), start));
  REQUIRE(state.register_check(check(ttl("b")), start));
  update("a", "passing", "0123456789abcdef");
  CHECK(row_of("a").output == "0123456789 ... (captured 10 of 16 bytes)");
  update("a", "passing", "0123456789");
  CHECK(row_of("a").output == "0123456789");
  update("b", "passing", std::string(4100, 'z').c_str());
  CHECK(row_of("b").output
        == std::string(4096, 'z') + " ... (captured 4096 of 4100 bytes)");
}

TEST_CASE_METHOD(fixture, "local_state: maintenance adds and removes a check",
                 "[agent][core]") {
  REQUIRE(state.register_service(service("web"), start));
  const std::string id = "_service_maintenance:web";
  REQUIRE(state.maintain_service("web", true, "because", start));
  REQUIRE(state.maintain_service("web", true, "second", start));
  CHECK(row_of(id).name == "Service Maintenance Mode");
  CHECK(row_of(id).notes == "because");
  CHECK(row_of(id).status == "critical");
  CHECK(row_of(id).type == "maintenance");
  CHECK(row_of(id).service_id == "web");
  REQUIRE(state.maintain_service("web", false, "", start));
  CHECK(state.checks().empty());

  state.maintain_node(true, "", start);
  CHECK(row_of("_node_maintenance").notes
        == "Maintenance mode is enabled for this node, but no reason was "
           "provided. This is a default message.");
  CHECK(row_of("_node_maintenance").name == "Node Maintenance Mode");
  restart(start);
  CHECK(row_of("_node_maintenance").status == "critical");
  CHECK(row_of("_node_maintenance").type == "maintenance");
  state.maintain_node(false, "", start);
  restart(start);
  CHECK(state.checks().empty());
}

TEST_CASE_METHOD(fixture, "local_state: removing a service takes all with it",
                 "[agent][core]") {
  auto what = service("web");
  what.checks = {ttl("")};
  REQUIRE(state.register_service(what, start));
  auto sidecar = service("web-sidecar-proxy");
  sidecar.service.kind = "connect-proxy";
  sidecar.sidecar_of = "web";
  REQUIRE(state.register_service(sidecar, start));
  CHECK(state.services().at("web-sidecar-proxy").row.port == 21000);
  CHECK(row_of("service:web-sidecar-proxy:1").name
        == "Connect Sidecar Listening");
  CHECK(row_of("service:web-sidecar-proxy:2").type == "alias");
  state.deregister_service("web");
  CHECK(state.services().empty());
  CHECK(state.checks().empty());
  state.deregister_service("web");
}

TEST_CASE_METHOD(fixture, "local_state: what came over HTTP survives a restart",
                 "[agent][core]") {
  auto what = service("web");
  what.service.tags = {"t"};
  what.checks = {ttl("a"), ttl("b"), ttl("c")};
  what.checks[2].status = "passing";
  REQUIRE(state.register_service(what, start));
  update("a", "warning", "hm");
  update("b", "passing", "old", {start.now, start.wall_ms});
  state.deregister_check("c");

  restart({start.now, start.wall_ms + 45'000});
  CHECK(state.services().at("web").row.tags == std::vector<std::string>{"t"});
  CHECK(state.checks().size() == 2);
  CHECK(row_of("a").status == "warning");
  CHECK(row_of("a").output == "hm");
  const auto todo = state.take_effects();
  CHECK(todo.rows.empty());
  REQUIRE(todo.health.size() == 2);
  CHECK(std::get<health::start_check>(todo.health[0]).ttl_left == 15s);

  // The report of `a` has run out by now.
  restart({start.now, start.wall_ms + 60'000});
  CHECK(row_of("a").status == "critical");
  CHECK(row_of("a").output.empty());
}

TEST_CASE_METHOD(fixture, "local_state: a damaged row is refused",
                 "[agent][core]") {
  const auto outcome =
    state.load({{std::string{service_table}, "web", "\x05x"}}, start);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == errc::corruption);
  CHECK(outcome.error().context == "local row service/web");
}

TEST_CASE_METHOD(fixture, "local_state: files replace files, and win",
                 "[agent][core]") {
  auto by_api = service("api");
  auto both = service("both");
  both.service.port = 1;
  REQUIRE(state.register_service(by_api, start));
  REQUIRE(state.register_service(both, start));
  auto file = both;
  file.service.port = 2;
  file.from = origin::file;
  auto old = service("old");
  old.from = origin::file;
  old.checks = {ttl("")};
  REQUIRE(state.load_definitions({{file, old}, {}, {}}, start));
  CHECK(state.services().size() == 3);
  update("service:old", "passing", "ok");

  REQUIRE(state.load_definitions({{file, old}, {}, {}}, start));
  CHECK(row_of("service:old").status == "passing");

  REQUIRE(state.load_definitions({{file}, {}, {}}, start));
  CHECK(state.services().at("both").row.port == 2);
  CHECK_FALSE(state.services().contains("old"));
  CHECK(state.checks().empty());
  restart(start);
  CHECK(state.services().size() == 1);
  CHECK(state.services().contains("api"));
}

TEST_CASE_METHOD(fixture, "local_state: bad definitions change nothing",
                 "[agent][core]") {
  auto good = service("web");
  good.from = origin::file;
  REQUIRE(state.load_definitions({{good}, {}, {}}, start));
  auto orphan = ttl("c");
  orphan.service_id = "gone";
  CHECK(error_of(state.load_definitions({{}, {check(orphan, origin::file)}, {}},
                                        start))
        == "Failed to register check 'c': ServiceID \"gone\" does not exist");
  CHECK(state.services().contains("web"));
}

TEST_CASE_METHOD(fixture, "local_state: a stored check waits for its service",
                 "[agent][core]") {
  auto file = service("web");
  file.from = origin::file;
  REQUIRE(state.load_definitions({{file}, {}, {}}, start));
  REQUIRE(state.maintain_service("web", true, "", start));
  restart(start);
  CHECK(state.checks().empty());
  REQUIRE(state.load_definitions({{file}, {}, {}}, start));
  CHECK(state.checks().contains("_service_maintenance:web"));
  restart(start);
  REQUIRE(state.load_definitions({{}, {}, {}}, start));
  persist();
  CHECK(disk.empty());
}

TEST_CASE_METHOD(fixture, "local_state: services critical for too long go",
                 "[agent][core]") {
  auto what = service("web");
  what.checks = {ttl("c")};
  what.checks[0].how.deregister_after = 10s; // raised to a minute
  REQUIRE(state.register_service(what, start));
  CHECK(state.reap_critical(start.now + 1h).empty()); // no result yet
  state.record_result("c", "critical", "x", start.now, random);
  CHECK(state.reap_critical(start.now + 60s).empty());
  state.record_result("c", "warning", "x", start.now + 30s, random);
  state.record_result("c", "critical", "x", start.now + 40s, random);
  CHECK(state.reap_critical(start.now + 100s).empty());
  CHECK(state.reap_critical(start.now + 101s)
        == std::vector<std::string>{"web"});
  CHECK(state.services().empty());
}

TEST_CASE("alias: the worst of the service and of the node counts",
          "[agent][core]") {
  const auto make = [](const char* service_id, const char* name,
                       const char* status_text) {
    catalog::check_row out;
    out.service_id = service_id;
    out.name = name;
    out.status = status_text;
    out.output = "o";
    return out;
  };
  struct row {
    const char* name;
    std::vector<catalog::check_row> checks;
    bool known;
    const char* status;
    const char* output;
  };
  const std::vector<row> rows = {
    {"none", {}, true, "passing", "No checks found."},
    {"unknown",
     {},
     false,
     "critical",
     "Service web could not be found on node n2"},
    {"passing",
     {make("web", "a", "passing")},
     true,
     "passing",
     "All checks passing."},
    {"found by a check",
     {make("web", "a", "passing")},
     false,
     "passing",
     "All checks passing."},
    {"warning",
     {make("web", "a", "warning"), make("web", "b", "passing")},
     true,
     "warning",
     "Aliased check \"a\" failing: o"},
    {"critical",
     {make("web", "a", "warning"), make("web", "b", "critical")},
     true,
     "critical",
     "Aliased check \"b\" failing: o"},
    {"node",
     {make("", "n", "critical")},
     true,
     "critical",
     "Aliased check \"n\" failing: o"},
    {"others",
     {make("db", "d", "critical")},
     true,
     "passing",
     "No checks found."},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      std::vector<const catalog::check_row*> checks;
      for (const auto& y : x.checks)
        checks.push_back(&y);
      const auto verdict = judge_alias(checks, "web", "n2", x.known);
      CHECK(verdict.status == x.status);
      CHECK(verdict.output == x.output);
    }
  }
}

TEST_CASE_METHOD(fixture, "alias: follows its target at once, and settles",
                 "[agent][core]") {
  auto what = service("web");
  what.checks = {ttl("c")};
  REQUIRE(state.register_service(what, start));
  auto mirror = ttl("a", 0s);
  mirror.how.alias_service = "web";
  auto chain = ttl("b", 0s);
  chain.how.alias_service = "other";
  auto other = service("other");
  other.checks = {mirror};
  REQUIRE(state.register_service(other, start));
  update("c", "warning", "uh");
  CHECK(row_of("a").status == "warning");
  CHECK(row_of("a").output == "Aliased check \"c\" failing: uh");

  // `b` is a check of the node: it sees itself, and must not grow.
  REQUIRE(state.register_check(check(chain), start));
  state.tick(start.now, random);
  const auto before = row_of("b").output;
  for (auto i = 0; i < 100; ++i)
    state.tick(start.now, random);
  CHECK(row_of("b").output == before);
  CHECK(before.size() < 200);
}
