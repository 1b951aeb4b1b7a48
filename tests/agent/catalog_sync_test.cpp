// Goal: the catalog is told what differs, no more, and an agent's marks follow
// what arrived.
// Method: the pure state against hand-made snapshots of the catalog.

#include "actors/agent/core/catalog_sync.hpp"

#include "actors/agent/core/push_rounds.hpp"
#include "actors/agent/core/sync_clock.hpp"

#include <catch2/catch.hpp>

#include <memory>

using namespace praetor;
using namespace praetor::agent;
using namespace std::chrono_literals;

namespace {

const moment start{time_point{} + 1h, 0};

local_options named() {
  local_options out;
  out.node = "n1";
  return out;
}

struct fixture {
  local_state state{named()};
  catalog::node_row node;
  std::unique_ptr<catalog_sync> sync;
  rng random{1};
  /// What the catalog has.
  catalog::node_snapshot there;

  fixture() {
    node.name = "n1";
    node.id = "id";
    node.address = "127.0.0.1";
    node.meta = catalog::string_map{};
    sync = std::make_unique<catalog_sync>(state, node);
    add_service("web");
    sync->reconcile(there);
    push_all();
    REQUIRE_FALSE(sync->has_changes());
  }

  void add_service(const std::string& id, bool override_tags = false) {
    agent::register_service out;
    out.service.id = id;
    out.service.name = id;
    out.service.tags = {"own"};
    out.service.enable_tag_override = override_tags;
    health::check_plan check;
    check.id = id + "-c";
    check.name = "c";
    check.how.ttl = 60s;
    out.checks = {check};
    REQUIRE(state.register_service(out, start));
  }

  /// Does to `there` what the catalog would.
  void apply(const catalog::command& x) {
    if (const auto* put = std::get_if<catalog::register_node>(&x)) {
      if (!put->skip_node_update || !there.node)
        there.node = put->node;
      if (put->service) {
        remove_service(put->service->id);
        there.services.push_back(*put->service);
      }
      for (const auto& y : put->checks) {
        remove_check(y.id);
        there.checks.push_back(y);
      }
    } else if (const auto* drop = std::get_if<catalog::deregister_node>(&x)) {
      if (drop->service_id.empty())
        return remove_check(drop->check_id);
      remove_service(drop->service_id);
      std::erase_if(there.checks, [drop](const auto& y) {
        return y.service_id == drop->service_id;
      });
    }
  }

  void remove_service(const std::string& id) {
    std::erase_if(there.services, [&id](const auto& y) { return y.id == id; });
  }

  void remove_check(const std::string& id) {
    std::erase_if(there.checks, [&id](const auto& y) { return y.id == id; });
  }

  /// Pushes everything; returns "service web", "drop_check x" and so on.
  std::vector<std::string> push_all() {
    static constexpr const char* kinds[] = {"node", "drop_service",
                                            "drop_check", "service", "check"};
    std::vector<std::string> out;
    for (const auto& x : sync->plan()) {
      out.push_back(std::string{kinds[static_cast<int>(x.what)]} + " " + x.id);
      apply(x.command);
      sync->done(x, true);
    }
    return out;
  }

  std::vector<std::string> full_sync() {
    sync->reconcile(there);
    return push_all();
  }
};

using list = std::vector<std::string>;

} // namespace

TEST_CASE_METHOD(fixture, "catalog_sync: equal states need nothing",
                 "[agent][core]") {
  CHECK(full_sync().empty());
  there.services[0].modify_index = 7;
  there.checks[0].service_tags = {"other"};
  there.services[0].meta = catalog::string_map{};
  CHECK(full_sync().empty());
}

TEST_CASE_METHOD(fixture, "catalog_sync: a service goes with its checks",
                 "[agent][core]") {
  add_service("db");
  const auto plan = sync->plan();
  REQUIRE(plan.size() == 1);
  const auto& command = std::get<catalog::register_node>(plan[0].command);
  CHECK(command.skip_node_update);
  CHECK(command.node == node);
  CHECK(command.service->id == "db");
  REQUIRE(command.checks.size() == 1);
  CHECK(command.checks[0].id == "db-c");
  CHECK(command.checks[0].definition == catalog::check_definition_row{});
}

TEST_CASE_METHOD(fixture, "catalog_sync: every difference is put right",
                 "[agent][core]") {
  struct row {
    const char* name;
    std::function<void(fixture&)> harm;
    list commands;
  };
  const auto stranger = [](fixture& f) {
    f.there.services.push_back({});
    f.there.services.back().id = "rogue";
    f.there.checks.push_back({});
    f.there.checks.back().id = "rogue-c";
    f.there.checks.back().service_id = "rogue";
    f.there.checks.push_back({});
    f.there.checks.back().id = "alone";
  };
  const auto servers = [](fixture& f) {
    f.there.services.push_back({});
    f.there.services.back().id = "consul";
    f.there.checks.push_back({});
    f.there.checks.back().id = "serfHealth";
  };
  const std::vector<row> rows = {
    {"node gone", [](fixture& f) { f.there = {}; }, {"node n1", "service web"}},
    {"address", [](fixture& f) { f.there.node->address = "x"; }, {"node n1"}},
    {"meta",
     [](fixture& f) {
       f.there.node->meta = catalog::string_map{{"a", "b"}};
     },
     {"node n1"}},
    {"tagged",
     [](fixture& f) {
       f.there.node->tagged_addresses = catalog::string_map{{"a", "b"}};
     },
     {"node n1"}},
    {"service gone",
     [](fixture& f) {
       f.there.services.clear();
       f.there.checks.clear();
     },
     {"service web"}},
    {"service differs",
     [](fixture& f) { f.there.services[0].port = 9; },
     {"service web"}},
    {"tags differ",
     [](fixture& f) { f.there.services[0].tags = {"x"}; },
     {"service web"}},
    {"check gone", [](fixture& f) { f.there.checks.clear(); }, {"check web-c"}},
    {"check differs",
     [](fixture& f) { f.there.checks[0].status = "passing"; },
     {"check web-c"}},
    {"output differs",
     [](fixture& f) { f.there.checks[0].output = "x"; },
     {"check web-c"}},
    {"strangers", stranger, {"drop_service rogue", "drop_check alone"}},
    {"the servers' own", servers, {}},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      x.harm(*this);
      CHECK(full_sync() == x.commands);
      CHECK(full_sync().empty());
    }
  }
}

TEST_CASE_METHOD(fixture, "catalog_sync: overridden tags are taken over",
                 "[agent][core]") {
  add_service("free", true);
  push_all();
  for (auto& x : there.services)
    if (x.id == "free")
      x.tags = {"theirs"};
  CHECK(sync->reconcile(there).tags_adopted);
  CHECK(push_all().empty());
  CHECK(state.services().at("free").row.tags == list{"theirs"});
}

TEST_CASE_METHOD(fixture, "catalog_sync: removals are pushed",
                 "[agent][core]") {
  health::check_plan plan;
  plan.id = "n";
  plan.how.ttl = 60s;
  REQUIRE(state.register_check({plan, origin::api, {}}, start));
  CHECK(push_all() == list{"check n"});
  state.deregister_check("n");
  state.deregister_service("web");
  CHECK(push_all() == list{"drop_service web", "drop_check n"});
  CHECK(there.services.empty());
  CHECK(there.checks.empty());
}

TEST_CASE_METHOD(fixture, "catalog_sync: a change of output alone may wait",
                 "[agent][core]") {
  state.record_result("web-c", "critical", "new", start.now, random);
  CHECK_FALSE(sync->has_changes());
  CHECK(full_sync().empty()); // nor does the comparison push it
  const auto due = state.next_output_due();
  REQUIRE(due);
  CHECK(*due >= start.now + 150s);
  CHECK(*due < start.now + 450s);
  state.record_result("web-c", "critical", "newer", start.now + 1s, random);
  CHECK(state.next_output_due() == due);
  state.tick(*due - 1ns, random);
  CHECK_FALSE(sync->has_changes());
  state.tick(*due, random);
  CHECK(push_all() == list{"check web-c"});
  CHECK(there.checks[0].output == "newer");

  state.record_result("web-c", "critical", "x", start.now, random);
  state.record_result("web-c", "passing", "y", start.now, random);
  CHECK(push_all() == list{"check web-c"});
  CHECK_FALSE(state.next_output_due());
}

TEST_CASE("catalog_sync: interval zero pushes output at once",
          "[agent][core]") {
  auto options = named();
  options.check_update_interval = 0s;
  local_state state{options};
  catalog_sync sync{state, {}};
  rng random{1};
  health::check_plan plan;
  plan.id = "n";
  plan.how.ttl = 60s;
  REQUIRE(state.register_check({plan, origin::api, {}}, start));
  for (const auto& x : sync.plan())
    sync.done(x, true);
  state.record_result("n", "critical", "x", start.now, random);
  CHECK(sync.has_changes());
}

TEST_CASE_METHOD(fixture, "catalog_sync: changes under way stay dirty",
                 "[agent][core]") {
  add_service("db");
  const auto old = sync->plan();
  add_service("db");
  sync->done(old[0], true);
  CHECK(push_all() == list{"service db"});
}

TEST_CASE_METHOD(fixture, "catalog_sync: failures wait for the full sync",
                 "[agent][core]") {
  add_service("db");
  const auto plan = sync->plan();
  sync->done(plan[0], false);
  CHECK_FALSE(sync->has_changes());
  CHECK(full_sync() == list{"service db"});
}

TEST_CASE_METHOD(fixture, "push_rounds: clients wait for disk and their round",
                 "[agent][core]") {
  push_rounds rounds{*sync};
  std::string answers;
  const auto answer = [&answers](char name) {
    return reply<std::monostate>{
      [&answers, name](const status& x) { answers += x ? name : '!'; }};
  };
  const auto guard = start.now + 10s;

  const auto idle = rounds.expect(answer('i'), true);
  rounds.stored(idle, ok);
  CHECK(answers == "i"); // nothing to push

  add_service("a");
  const auto a = rounds.expect(answer('a'), true);
  CHECK(rounds.start(guard).size() == 1);
  CHECK(rounds.start(guard).empty()); // one at a time
  add_service("b");
  const auto b = rounds.expect(answer('b'), true);
  rounds.stored(a, ok);
  rounds.stored(b, ok);
  CHECK(answers == "i");
  CHECK(rounds.answered(1, 0, true)->id == "a");
  CHECK(answers == "ia");
  CHECK_FALSE(rounds.answered(1, 0, true));

  CHECK(rounds.start(guard).size() == 1);
  rounds.tick(guard - 1ns);
  CHECK(answers == "ia");
  rounds.tick(guard);
  CHECK(answers == "iab");
  CHECK(rounds.take_failure());
  CHECK_FALSE(rounds.take_failure());
  CHECK_FALSE(rounds.answered(2, 0, true)); // too late

  add_service("c");
  const auto c = rounds.expect(answer('c'), true);
  rounds.stored(c, error{errc::io_error, "full"});
  CHECK(answers == "iab!");
  const auto d = rounds.expect(answer('d'), true);
  rounds.stored(d, ok);
  CHECK(answers == "iab!");
  rounds.release();
  CHECK(answers == "iab!d");
}

TEST_CASE("sync_clock: compares at start, regularly, and soon after failures",
          "[agent][core]") {
  sync_clock clock{{}};
  rng random{1};
  auto now = time_point{} + 1h;
  clock.hurry(now);
  CHECK_FALSE(clock.next_deadline()); // files are not known yet
  clock.set_defined();
  clock.hurry(now);
  REQUIRE(clock.is_due(now));
  const auto first = clock.start(now);
  CHECK(clock.next_deadline() == now + 10s);
  CHECK(clock.waits_for(first));
  CHECK(clock.is_overdue(now + 10s));
  clock.failed(now, random);
  CHECK_FALSE(clock.waits_for(first));
  CHECK_FALSE(clock.has_compared());
  CHECK(*clock.next_deadline() >= now + 15s);
  CHECK(*clock.next_deadline() < now + 30s);
  clock.start(now);
  clock.succeeded(now, random);
  CHECK(clock.has_compared());
  CHECK(*clock.next_deadline() >= now + 60s);
  CHECK(*clock.next_deadline() < now + 120s);
  clock.push_failed(now, random);
  CHECK(*clock.next_deadline() < now + 30s);
}
