// Goal: a change is on disk and in the catalog before its client hears of it;
// an absent catalog delays, and loses nothing; waiting questions wake up.
// Method: the real actor under virtual time; sinks stand in for router,
// catalog, storage and health. What is decided is tested with the cores.

#include "actors/agent/agent_actor.hpp"

#include "tests/support/actor_fixture.hpp"

#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>

using namespace praetor;
using namespace praetor::agent;
using namespace std::chrono_literals;

namespace {

/// What the sinks saw, in order, and how they behave.
struct world {
  std::vector<std::string> log;
  std::vector<row> disk;
  bool has_leader = true;
  /// The catalog keeps commands to itself.
  bool silent = false;
  std::vector<reply<command_result>> held;
  catalog::node_snapshot there;
  std::vector<reply<std::monostate>> unsaved;
  bool slow_disk = false;
};

using world_ptr = std::shared_ptr<world>;

std::string text_of(const catalog::command& x) {
  if (const auto* put = std::get_if<catalog::register_node>(&x)) {
    std::string out = put->skip_node_update ? "put" : "put node";
    if (put->service)
      out += " " + put->service->id;
    for (const auto& check : put->checks)
      out += " " + check.id + "=" + check.status;
    return out;
  }
  const auto& drop = std::get<catalog::deregister_node>(x);
  return "drop " + drop.service_id + drop.check_id;
}

command_sink_actor::behavior_type router(world_ptr w) {
  return {
    [w](const router::submit& msg) {
      const auto& x = std::get<catalog::command>(msg.command);
      w->log.push_back(text_of(x));
      if (const auto* put = std::get_if<catalog::register_node>(&x);
          put != nullptr && !put->skip_node_update && w->has_leader)
        w->there.node = put->node;
      if (w->silent)
        return w->held.push_back(msg.to);
      if (w->has_leader)
        msg.to.complete(command_result{{}, "true", 1});
      else
        msg.to.complete(error{errc::no_leader, "No cluster leader"});
    },
  };
}

catalog_source_actor::behavior_type catalog_of(world_ptr w) {
  return {
    [w](const catalog::read& msg) {
      w->log.push_back("read " + msg.query.name);
      if (!w->has_leader)
        return msg.to.complete(error{errc::no_leader, "No cluster leader"});
      std::string body;
      encoder put{body};
      put(w->there);
      msg.to.complete(
        owner::read_answer{{5, true, share(std::move(body))}, true, {}});
    },
  };
}

row_sink_actor::behavior_type storage(world_ptr w) {
  return {
    [w](const disk::write_local& msg) {
      w->log.push_back("write " + std::to_string(msg.rows.size()));
      for (const auto& x : msg.rows) {
        std::erase_if(w->disk, [&x](const row& y) {
          return x.table == y.table && x.key == y.key;
        });
        if (x.value)
          w->disk.push_back(x);
      }
      if (w->slow_disk)
        w->unsaved.push_back(msg.to);
      else
        msg.to.complete(ok);
    },
  };
}

health::health_actor::behavior_type health_of(world_ptr w) {
  return {
    [w](const health::start_check& x) {
      w->log.push_back("start " + x.plan.id);
    },
    [w](const health::stop_check& x) { w->log.push_back("stop " + x.id); },
    [w](const health::renew_ttl& x) { w->log.push_back("renew " + x.id); },
    [](const health::probe_done&) {},
    [](const health::wake_up&) {},
  };
}

struct fixture : test::actor_fixture {
  world_ptr w = std::make_shared<world>();
  agent_peers peers{sys.spawn(router, w), sys.spawn(catalog_of, w),
                    sys.spawn(storage, w), sys.spawn(health_of, w)};
  std::int64_t wall_ms = 1'000'000;
  agent_actor agent = spawn({});
  /// Answers of clients, in order.
  std::vector<std::string> answers;

  agent_actor spawn(std::vector<row> stored) {
    return spawn(std::move(stored), peers);
  }

  agent_actor spawn(std::vector<row> stored, const agent_peers& with) {
    agent_options x;
    x.node.name = "n1";
    x.local.node = "n1";
    x.lan.name = "n1";
    x.stored = std::move(stored);
    x.wall_clock = [this] { return wall_ms; };
    x.search = [](const std::string& pattern, const std::string& text) {
      return result<bool>{text.find(pattern) != text.npos};
    };
    auto out = spawn_agent(sys, std::move(x), with);
    REQUIRE(out);
    return *out;
  }

  ~fixture() {
    w->held.clear();
    stop(agent);
    stop(peers.router);
    stop(peers.catalog);
    stop(peers.storage);
    stop(peers.health);
    settle();
  }

  template <class Handle>
  void stop(const Handle& x) {
    self->send_exit(x, caf::exit_reason::user_shutdown);
  }

  template <class Msg>
  void ask(Msg msg) {
    caf::anon_send(agent, std::move(msg));
    settle();
  }

  reply<std::monostate> client(std::string name = "ok") {
    return reply<std::monostate>{[this, name](const status& x) {
      answers.push_back(x ? name : x.error().context);
    }};
  }

  reply<shared_text> text_client() {
    return reply<shared_text>{[this](const result<shared_text>& x) {
      answers.push_back(x ? **x : x.error().context);
    }};
  }

  void load() { ask(load_definitions{{}, {}, client("loaded")}); }

  /// Loads and forgets what happened so far.
  void begin() {
    load();
    REQUIRE(answers == std::vector<std::string>{"loaded"});
    advance(1ns);
    forget();
  }

  void forget() {
    answers.clear();
    w->log.clear();
  }

  register_service service(const std::string& id, int port = 0) {
    register_service out;
    out.service.id = id;
    out.service.name = id;
    out.service.port = port;
    out.to = client();
    return out;
  }

  register_check ttl(const std::string& id, const char* state = "") {
    register_check out;
    out.check.id = id;
    out.check.name = id;
    out.check.status = state;
    out.check.how.ttl = 60s;
    out.to = client();
    return out;
  }
};

using list = std::vector<std::string>;

} // namespace

TEST_CASE_METHOD(fixture, "agent: compares with the catalog after the files",
                 "[agent][actor]") {
  advance(1h);
  CHECK(w->log.empty());
  load();
  advance(1ns);
  CHECK(w->log == list{"read n1", "put node"});
  forget();
  advance(59s);
  CHECK(w->log.empty());
  advance(61s);
  CHECK(w->log == list{"read n1"});
}

TEST_CASE_METHOD(fixture, "agent: stores, pushes, then answers",
                 "[agent][actor]") {
  begin();
  w->slow_disk = true;
  auto web = service("web");
  web.checks.resize(1);
  web.checks[0].how.ttl = 60s;
  ask(web);
  CHECK(
    w->log
    == list{"start service:web", "write 2", "put web service:web=critical"});
  CHECK(answers.empty());
  w->unsaved.at(0).complete(ok);
  settle();
  CHECK(answers == list{"ok"});
  forget();
  ask(deregister_service{"web", client()});
  CHECK(w->log == list{"stop service:web", "write 3", "drop web"});
}

TEST_CASE_METHOD(fixture, "agent: a full disk is an error", "[agent][actor]") {
  begin();
  w->slow_disk = true;
  ask(service("web"));
  w->unsaved.at(0).complete(error{errc::io_error, "disk full"});
  settle();
  CHECK(answers == list{"disk full"});
}

TEST_CASE_METHOD(fixture, "agent: answers without a catalog, and tries again",
                 "[agent][actor]") {
  begin();
  w->has_leader = false;
  ask(service("web"));
  CHECK(answers == list{"ok"});
  forget();
  w->has_leader = true;
  advance(14s);
  CHECK(w->log.empty());
  advance(16s);
  CHECK(w->log == list{"read n1", "put web"});
}

TEST_CASE_METHOD(fixture, "agent: does not wait for a silent catalog for ever",
                 "[agent][actor]") {
  begin();
  w->silent = true;
  ask(service("web"));
  advance(9999ms);
  CHECK(answers.empty());
  advance(1ms);
  CHECK(answers == list{"ok"});
}

TEST_CASE_METHOD(fixture, "agent: starts without a catalog", "[agent][actor]") {
  w->has_leader = false;
  load();
  advance(1ns);
  forget();
  ask(service("web"));
  advance(1ns);
  CHECK(answers == list{"ok"});
  CHECK(w->log == list{"write 1", "read n1"});
  forget();
  w->has_leader = true;
  advance(30s);
  CHECK(w->log == list{"read n1", "put node", "put web"});
}

TEST_CASE_METHOD(fixture, "agent: corrects the catalog", "[agent][actor]") {
  begin();
  w->there.services.resize(1);
  w->there.services[0].id = "rogue";
  advance(120s);
  CHECK(w->log == list{"read n1", "drop rogue"});
}

TEST_CASE_METHOD(fixture, "agent: results of checks reach the catalog",
                 "[agent][actor]") {
  begin();
  ask(ttl("c", "passing"));
  forget();
  ask(health::check_result{"c", "critical", "TTL expired"});
  CHECK(w->log == list{"put c=critical"});
  forget();
  ask(health::check_result{"c", "critical", "still"});
  CHECK(w->log.empty());
  ask(health::check_result{"gone", "critical", ""});
  CHECK(w->log.empty());
}

TEST_CASE_METHOD(fixture, "agent: reports of applications renew the TTL",
                 "[agent][actor]") {
  begin();
  ask(ttl("c"));
  forget();
  ask(update_ttl{"c", "passing", "fine", client()});
  CHECK(w->log == list{"renew c", "write 1", "put c=passing"});
  ask(update_ttl{"x", "passing", "", client()});
  CHECK(answers == list{"ok", "CheckID \"x\" does not have associated TTL"});
}

TEST_CASE_METHOD(fixture, "agent: restarts from its rows", "[agent][actor]") {
  begin();
  ask(service("web", 7));
  ask(ttl("c"));
  ask(update_ttl{"c", "passing", "fine", client()});
  stop(agent);
  settle();
  forget();
  agent = spawn(w->disk);
  settle();
  CHECK(w->log == list{"start c"});
  load();
  advance(1ns);
  CHECK(w->log == list{"start c", "read n1", "put web", "put c=passing"});
}

TEST_CASE_METHOD(fixture, "agent: a question waits for another hash",
                 "[agent][actor]") {
  begin();
  ask(service("web", 1));
  std::vector<std::string> hashes;
  const auto client_of_hash = [&hashes] {
    return reply<get_service::found>{
      [&hashes](const result<get_service::found>& x) {
        hashes.push_back(x ? x->hash : x.error().context);
      }};
  };
  ask(get_service{"web", "", {}, 1, client_of_hash()});
  REQUIRE(hashes.size() == 1);
  ask(get_service{"web", "other", 10s, 2, client_of_hash()});
  REQUIRE(hashes.size() == 2);
  ask(get_service{"web", hashes[0], 10s, 3, client_of_hash()});
  ask(get_service{"web", hashes[0], 1h, 4, client_of_hash()});
  CHECK(hashes.size() == 2);
  advance(10s + 625ms);
  CHECK(hashes == list{hashes[0], hashes[0], hashes[0]});
  ask(service("web", 2));
  REQUIRE(hashes.size() == 4);
  CHECK(hashes[3] != hashes[0]);
  ask(get_service{"web", hashes[3], 1h, 5, client_of_hash()});
  ask(deregister_service{"web", client()});
  CHECK(hashes.back() == "unknown service ID: web");
}

TEST_CASE_METHOD(fixture, "agent: lists of events wait for a new one",
                 "[agent][actor]") {
  begin();
  std::vector<std::uint64_t> seen;
  const auto client_of_list = [&seen] {
    return reply<list_events::found>{
      [&seen](const result<list_events::found>& x) {
        seen.push_back(x ? x->index : 0);
      }};
  };
  ask(list_events{"", 1, 300ms, 1, client_of_list()});
  CHECK(seen.empty());
  advance(300ms);
  CHECK(seen == std::vector<std::uint64_t>{1});
  ask(list_events{"", 1, 10s, 2, client_of_list()});
  ask(list_events{"", 1, 10s, 3, client_of_list()});
  ask(forget_watch{3});
  ask(fire_event{"e", "", "", "", "", text_client()});
  // Whoever hung up was answered as well: with nothing.
  CHECK(seen.size() == 3);
  CHECK(answers.at(0).find("\"LTime\":0") != std::string::npos);
}

TEST_CASE_METHOD(fixture, "agent: services critical for too long go",
                 "[agent][actor]") {
  begin();
  auto web = service("web");
  web.checks.resize(1);
  web.checks[0].how.ttl = 10s;
  web.checks[0].how.deregister_after = 60s;
  ask(web);
  ask(health::check_result{"service:web", "critical", "TTL expired"});
  forget();
  advance(60s);
  CHECK(std::count(w->log.begin(), w->log.end(), "drop web") == 0);
  advance(31s);
  CHECK(std::count(w->log.begin(), w->log.end(), "drop web") == 1);
}

TEST_CASE_METHOD(fixture, "agent: an alias follows another node",
                 "[agent][actor]") {
  begin();
  w->there.services.resize(1);
  w->there.services[0].id = "web";
  w->there.checks.resize(1);
  w->there.checks[0].name = "c";
  w->there.checks[0].service_id = "web";
  w->there.checks[0].status = "warning";
  register_check alias;
  alias.check.id = "a";
  alias.check.how.alias_node = "n2";
  alias.check.how.alias_service = "web";
  alias.to = client();
  ask(alias);
  CHECK(w->log
        == list{"write 1", "put a=critical", "read n2", "put a=warning"});
}

TEST_CASE_METHOD(fixture, "agent: shows the members that gossip knows",
                 "[agent][actor]") {
  ask(get_members{false, text_client()});
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].starts_with(R"([{"Name":"n1")"));
  auto facts = std::make_shared<gossip::member_facts>();
  facts->name = "n2";
  ask(gossip::members_changed{
    gossip::pool_kind::lan,
    std::make_shared<const std::vector<gossip::pool_member>>(
      1, gossip::pool_member{facts, gossip::member_status::failed})});
  ask(get_members{false, text_client()});
  ask(get_members{true, text_client()});
  CHECK(answers[1].starts_with(R"([{"Name":"n2")"));
  CHECK(answers[1].find(R"("Status":4)") != std::string::npos);
  CHECK(answers[2] == "[]");
}

TEST_CASE_METHOD(fixture, "agent: events go to gossip, and come from there",
                 "[agent][actor]") {
  auto sent = std::make_shared<std::vector<gossip::fire_event>>();
  const auto pool = sys.spawn([sent]() -> event_spreader_actor::behavior_type {
    return {[sent](const gossip::fire_event& x) { sent->push_back(x); }};
  });
  auto with = peers;
  with.gossip = pool;
  stop(agent);
  agent = spawn({}, with);
  std::string listed;
  const auto list_them = [this, &listed] {
    ask(list_events{
      "", 0, 0ms, 1,
      reply<list_events::found>{[&listed](const result<list_events::found>& x) {
        listed = *x->body;
      }}});
    return listed;
  };
  ask(fire_event{"deploy", "p", "", "", "", text_client()});
  REQUIRE(sent->size() == 1);
  CHECK(answers.empty()); // until gossip has it
  CHECK(list_them() == "[]");
  CHECK((*sent)[0].name == "event:deploy");
  ask(gossip::event_received{9, (*sent)[0].name, (*sent)[0].payload});
  (*sent)[0].to.complete(ok);
  settle();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].find(R"("Name":"deploy")") != std::string::npos);
  CHECK(list_them().find(R"("LTime":9)") != std::string::npos);
  // What is none is ignored.
  const auto before = list_them();
  ask(gossip::event_received{10, "event:x", "rubbish"});
  ask(gossip::event_received{11, "other", (*sent)[0].payload});
  CHECK(list_them() == before);
  ask(fire_event{"again", "", "", "", "", text_client()});
  (*sent)[1].to.complete(error{errc::overloaded, "no"});
  settle();
  CHECK(answers[1] == "no");
  stop(pool);
}
