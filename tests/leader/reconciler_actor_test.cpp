// Goal: a change of the pool is in the catalog at once, a bounded number of
// commands is under way, failures are tried again, and without changes there is
// one look a minute.
// Method: the real actor in virtual time; the catalog is a real core that the
// test lets answer, commands go to it through a fake router.

#include "actors/leader/reconciler_actor.hpp"

#include "actors/catalog/core/catalog_core.hpp"
#include "tests/leader/pool.hpp"
#include "tests/support/actor_fixture.hpp"

#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <deque>
#include <memory>

using namespace praetor;
using namespace praetor::leader;
using namespace praetor::leader::test;
using namespace std::chrono_literals;
using enum gossip::member_status;

namespace {

/// A catalog with a queue in front, and what happened to both.
struct world {
  catalog::catalog_core nodes;
  log_index index = 0;
  std::deque<router::submit> commands;
  std::size_t most_waiting = 0;
  int questions = 0;
  int commands_seen = 0;
  /// Answers instead of a result, if set.
  std::optional<error> refuse;

  /// Applies what waits.
  void apply() {
    for (auto& x : std::exchange(commands, {})) {
      ++commands_seen;
      if (refuse)
        x.to.complete(*refuse);
      else
        x.to.complete(
          nodes.apply(++index, 0, std::get<catalog::command>(x.command)));
    }
  }
};

using world_ptr = std::shared_ptr<world>;

command_sink_actor::behavior_type queue_of(world_ptr it) {
  return {
    [it](const router::submit& x) {
      CHECK(x.origin_term == 3);
      it->commands.push_back(x);
      it->most_waiting = std::max(it->most_waiting, it->commands.size());
    },
  };
}

node_source_actor::behavior_type nodes_of(world_ptr it) {
  return {
    [it](const catalog::read& x) {
      ++it->questions;
      CHECK(x.options.mode == consistency::leader_default);
      if (it->refuse)
        return x.to.complete(*it->refuse);
      x.to.complete(owner::read_answer{it->nodes.evaluate(x.query)});
    },
  };
}

std::string uuid(std::size_t x) {
  auto digits = std::to_string(x);
  return "00000000-0000-0000-0000-" + std::string(12 - digits.size(), '0')
         + digits;
}

/// A client, or a server if its name begins with s.
pool_member member(const std::string& name, std::size_t id,
                   gossip::member_status status = alive) {
  auto x =
    name[0] == 's' ? leader::test::server(name, status) : client(name, status);
  auto facts = *x.facts;
  facts.node_id = uuid(id);
  x.facts = std::make_shared<const gossip::member_facts>(std::move(facts));
  return x;
}

struct fixture : praetor::test::actor_fixture {
  world_ptr it = std::make_shared<world>();
  command_sink_actor commands = sys.spawn(queue_of, it);
  node_source_actor nodes = sys.spawn(nodes_of, it);
  reconciler_actor reconciler =
    spawn_reconciler(sys, {commands, nodes, uuid(1), 3});

  ~fixture() {
    self->send_exit(reconciler, caf::exit_reason::user_shutdown);
    self->send_exit(commands, caf::exit_reason::user_shutdown);
    self->send_exit(nodes, caf::exit_reason::user_shutdown);
    settle();
  }

  void pool(std::vector<pool_member> members,
            gossip::pool_kind kind = gossip::pool_kind::lan) {
    self->send(reconciler,
               gossip::members_changed{
                 kind, std::make_shared<const std::vector<pool_member>>(
                         std::move(members))});
    settle();
  }

  /// Lets the router work until nothing is to be done.
  void run() {
    for (auto i = 0; i < 100 && !it->commands.empty(); ++i) {
      it->apply();
      settle();
    }
    CHECK(it->commands.empty());
  }

  /// Status of a node's serfHealth; "" for a node without, "-" for none.
  std::string health(const std::string& name) {
    catalog::query q;
    q.kind = catalog::query_kind::registered_nodes;
    const auto rows = *decode<std::vector<catalog::registered_node>>(
      *it->nodes.evaluate(q).body);
    for (const auto& x : rows)
      if (x.node.name == name)
        return x.serf_status.value_or("");
    return "-";
  }
};

} // namespace

TEST_CASE("reconciler: the catalog follows the pool", "[leader][actor]") {
  fixture f;
  f.pool({member("s1", 1), member("a", 2), member("b", 3)});
  f.run();
  CHECK(f.health("s1") == "passing");
  CHECK(f.health("a") == "passing");
  f.pool({member("s1", 1), member("a", 2, failed), member("b", 3, left)});
  f.run();
  CHECK(f.health("a") == "critical");
  CHECK(f.health("b") == "-");
  f.pool({member("s1", 1)});
  f.run();
  CHECK(f.health("a") == "-"); // forgotten before our eyes
  CHECK(f.it->commands_seen == 6);
}

TEST_CASE("reconciler: another pool does not matter", "[leader][actor]") {
  fixture f;
  f.pool({member("s1", 1)}, gossip::pool_kind::wan);
  CHECK(f.it->questions == 0);
}

TEST_CASE("reconciler: without changes it looks once a minute",
          "[leader][actor]") {
  fixture f;
  f.advance(1h);
  CHECK(f.it->questions == 0); // nobody there: nothing to do
  f.pool({member("s1", 1)});
  f.run();
  CHECK(f.it->questions == 2);
  for (auto minute = 1; minute <= 10; ++minute) {
    f.advance(59s);
    CHECK(f.it->questions == 1 + minute);
    f.advance(1s);
    CHECK(f.it->questions == 2 + minute);
  }
  CHECK(f.it->commands_seen == 1);
}

TEST_CASE("reconciler: what others break is put right within a minute",
          "[leader][actor]") {
  fixture f;
  f.pool({member("s1", 1), member("a", 2)});
  f.run();
  f.it->nodes.apply(++f.it->index, 0, catalog::deregister_node{"a", "", ""});
  f.advance(60s);
  f.run();
  CHECK(f.health("a") == "passing");
}

TEST_CASE("reconciler: those it never saw are gone after a minute",
          "[leader][actor]") {
  fixture f;
  {
    fixture before;
    before.pool({member("s1", 1), member("a", 2)});
    before.run();
    std::swap(f.it->nodes, before.it->nodes);
    f.it->index = before.it->index;
  }
  f.pool({member("s1", 1)});
  f.run();
  CHECK(f.health("a") == "passing");
  f.advance(60s);
  f.run();
  CHECK(f.health("a") == "-");
}

TEST_CASE("reconciler: a thousand members at once go in bounded steps",
          "[leader][actor]") {
  fixture f;
  std::vector<pool_member> members = {member("s1", 1)};
  for (std::size_t i = 2; i <= 1000; ++i)
    members.push_back(member("c" + std::to_string(i), i));
  f.pool(members);
  f.run();
  CHECK(f.it->commands_seen == 1000);
  CHECK(f.it->most_waiting == 64);
  CHECK(f.it->questions == 2);
  CHECK(f.health("c1000") == "passing");
}

TEST_CASE("reconciler: what changes during a round is seen after it",
          "[leader][actor]") {
  fixture f;
  f.pool({member("s1", 1), member("a", 2)});
  f.pool({member("s1", 1), member("a", 2, failed)});
  f.pool({member("s1", 1), member("a", 2, failed), member("b", 3)});
  CHECK(f.it->questions == 1);
  f.run();
  CHECK(f.health("a") == "critical");
  CHECK(f.health("b") == "passing");
}

TEST_CASE("reconciler: who vanishes during a round is removed after it",
          "[leader][actor]") {
  fixture f;
  f.pool({member("s1", 1), member("a", 2)});
  f.pool({member("s1", 1)});
  f.run();
  CHECK(f.health("a") == "-");
}

TEST_CASE("reconciler: after a failure it tries again in a second",
          "[leader][actor]") {
  fixture f;
  f.it->refuse = error{errc::overloaded, "busy"};
  f.pool({member("s1", 1)});
  for (auto i = 0; i < 3; ++i)
    f.advance(1s);
  CHECK(f.it->questions == 4);
  f.it->refuse.reset();
  f.advance(1s);
  f.it->refuse = error{errc::timeout, "unknown"};
  f.run();
  CHECK(f.health("s1") == "-");
  f.it->refuse.reset();
  f.advance(1s);
  f.run();
  CHECK(f.health("s1") == "passing");
}

TEST_CASE("reconciler: it does not fight for ever without pause",
          "[leader][actor]") {
  fixture f;
  f.pool({member("s1", 1), member("a", 2)});
  // Somebody removes the node as fast as it comes.
  for (auto i = 0; i < 100 && !f.it->commands.empty(); ++i) {
    f.it->apply();
    f.it->nodes.apply(++f.it->index, 0, catalog::deregister_node{"a", "", ""});
    f.settle();
  }
  CHECK(f.it->commands.empty());
  CHECK(f.it->questions < 10);
  f.advance(1s);
  f.run();
  CHECK(f.health("a") == "passing");
}
