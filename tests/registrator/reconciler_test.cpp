// Goal: whatever is missed, repeated or late, the registry ends up with exactly
// the services of the containers that run, and nothing of others is touched.
// Method: the pure core between a pretended engine and a pretended registry;
// single cases first, then random histories under a seed.

#include "actors/registrator/core/reconciler.hpp"

#include "actors/registrator/core/consul_body.hpp"
#include "runtime/base/rng.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace praetor;
using namespace praetor::registrator;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

const host_facts host{"h", "10.0.0.1"};

container running(const std::string& id, std::uint16_t port = 8080) {
  container out;
  out.id = id;
  out.name = "name-" + id;
  out.image = "nginx";
  out.network_mode = "default";
  out.exposed = {"80/tcp"};
  out.ports = {{"80/tcp", {{"0.0.0.0", std::to_string(port)}}}};
  out.up = true;
  return out;
}

std::string service_id(const std::string& id) {
  return "h:name-" + id + ":80";
}

/// A reconciler with its registry.
struct world {
  explicit world(options how = {})
    : core{std::move(how),
           "h",
           {[](const service& x) { return shown_by_consul(x, "h"); }, {}}} {}

  void look() {
    core.begin_look();
    std::vector<registered> all;
    for (const auto& [id, x] : registry)
      all.push_back(x);
    core.registry_shows(all, true);
  }

  void see(const container& x, look_cause cause = look_cause::start) {
    core.apply(core.take_ticket(), {x, {}}, host, cause, now);
  }

  /// Carries out all that is due; returns it as text.
  texts work() {
    texts out;
    for (auto todo = core.due(now); !todo.empty(); todo = core.due(now))
      for (const auto& x : todo)
        out.push_back(carry_out(x));
    for (auto& line : core.take_notes())
      log.push_back(std::move(line));
    return out;
  }

  std::string carry_out(const operation& x) {
    ++writes;
    const auto adds = x.kind == operation_kind::add;
    if (!away && adds)
      registry[x.what.id] = shown_by_consul(x.what, "h");
    if (!away && x.kind == operation_kind::remove)
      registry.erase(x.what.id);
    core.finished(x.number, away ? status{error{errc::io_error, "away"}} : ok,
                  now);
    return (adds                                ? "+"
            : x.kind == operation_kind::remove  ? "-"
            : x.kind == operation_kind::refresh ? "~"
                                                : "?")
           + x.what.id;
  }

  texts ids() const {
    texts out;
    for (const auto& [id, x] : registry)
      out.push_back(id);
    return out;
  }

  bool said(const std::string& line) const {
    return std::ranges::find(log, line) != log.end();
  }

  reconciler core;
  std::map<std::string, registered> registry;
  bool away = false;
  std::size_t writes = 0;
  time_point now = time_point{} + 1h;
  texts log;
};

/// Whether a container that ended so is kept.
struct exit_row {
  int exit_code;
  bool kept;
};

registered marked(registered x) {
  x.marked = true;
  return x;
}

registered stranger(const std::string& id) {
  registered out;
  out.id = id;
  out.name = "s";
  out.ip = "10.0.0.2";
  out.port = 1;
  return out;
}

} // namespace

TEST_CASE("reconciler: nothing is written before the registry was seen",
          "[registrator][core]") {
  world w;
  w.see(running("a"));
  CHECK(w.work().empty());
  w.look();
  CHECK(w.work() == texts{"+" + service_id("a")});
  CHECK(w.said("added: a " + service_id("a")));
  CHECK(w.core.settled());
}

TEST_CASE("reconciler: what is registered already is not written again",
          "[registrator][core]") {
  world w;
  w.see(running("a"));
  w.look();
  w.work();
  world restarted;
  restarted.registry = w.registry;
  restarted.see(running("a"));
  restarted.look();
  CHECK(restarted.work().empty());
  CHECK(restarted.said("added: a " + service_id("a")));
}

TEST_CASE("reconciler: a changed container is written anew",
          "[registrator][core]") {
  world w;
  w.see(running("a", 1));
  w.look();
  w.work();
  w.see(running("a", 2));
  CHECK(w.work() == texts{"+" + service_id("a")});
  CHECK(w.registry[service_id("a")].port == 2);
}

TEST_CASE("reconciler: ends and disappearances remove", "[registrator][core]") {
  world w;
  w.see(running("a"));
  w.see(running("b"));
  w.look();
  w.work();
  auto ended = running("a");
  ended.up = false;
  w.see(ended, look_cause::die);
  CHECK(w.work() == texts{"-" + service_id("a")});
  CHECK(w.said("removed: a " + service_id("a")));
  w.core.gone(w.core.take_ticket(), "b", w.now);
  CHECK(w.work() == texts{"-" + service_id("b")});
}

TEST_CASE(
  "reconciler: a listing removes what it lacks, but not what came later",
  "[registrator][core]") {
  world w;
  w.see(running("a"));
  w.look();
  w.work();
  const auto asked = w.core.take_ticket();
  w.see(running("b")); // started after the list was made
  w.core.end_listing(asked, {}, w.now);
  CHECK(w.work() == texts{"-" + service_id("a"), "+" + service_id("b")});
}

TEST_CASE("reconciler: an older answer does not override a newer one",
          "[registrator][core]") {
  world w;
  w.look();
  const auto older = w.core.take_ticket();
  auto ended = running("a");
  ended.up = false;
  w.see(ended, look_cause::die);
  w.core.apply(older, {running("a"), {}}, host, look_cause::start, w.now);
  CHECK(w.work().empty());
}

TEST_CASE("reconciler: only what is ours is removed", "[registrator][core]") {
  world w;
  auto own_id = stranger("own-id");
  own_id.meta["registrator"] = "h";
  auto theirs = stranger("h:marked:80");
  theirs.meta["registrator"] = "other";
  auto in_store = stranger("h:key:80");
  auto in_store_too = stranger("other:key:80");
  in_store.own_place = in_store_too.own_place = true;
  for (const auto& x :
       {stranger("web"), stranger("other:name:80"), stranger("h:port:x"),
        stranger("h:x:80"), theirs, stranger("h:of-our-form:80"), own_id,
        marked(stranger("h:ghost:80")), marked(stranger("h:ghost:53:udp")),
        in_store, in_store_too})
    w.registry[x.id] = x;
  w.look();
  CHECK(w.work()
        == texts{"-h:ghost:53:udp", "-h:ghost:80", "-h:key:80", "-own-id"});
  CHECK(w.said("dangling: h:ghost:80"));
  CHECK(w.said("h:ghost:80 removed"));
}

TEST_CASE("reconciler: what is wanted but not marked is written, once",
          "[registrator][core]") {
  world w;
  w.see(running("a"));
  w.look();
  w.work();
  w.registry[service_id("a")].marked =
    false; // as gliderlabs/registrator left it
  w.look();
  CHECK(w.work() == texts{"+" + service_id("a")});
  w.look();
  CHECK(w.work().empty());
}

TEST_CASE("reconciler: what the host registered under its old name goes",
          "[registrator][core]") {
  world w;
  w.see(running("a"));
  auto ours = stranger("old:name-a:80");
  ours.container_id = "a";
  auto theirs = stranger("other:name-b:80");
  theirs.container_id = "b";
  w.registry[ours.id] = ours;
  w.registry[theirs.id] = theirs;
  w.look();
  CHECK(w.work() == texts{"+" + service_id("a"), "-" + ours.id});
  CHECK(w.ids() == texts{service_id("a"), theirs.id});
}

TEST_CASE("reconciler: an id that stayed when the host's name changed is kept",
          "[registrator][core]") {
  world w;
  w.see(running("a"));
  w.look();
  w.work();
  w.registry[service_id("a")].container_id = "a";
  w.look();
  CHECK(w.work().empty());
}

TEST_CASE("reconciler: at the end nothing of ours is left, whatever runs",
          "[registrator][core]") {
  for (const auto fails : {false, true}) {
    options how;
    how.deregister = deregister_mode::on_success;
    world w{how};
    for (const auto* id : {"a", "b"})
      w.see(running(id));
    w.registry["web"] = stranger("web");
    w.look();
    w.work();
    auto failed = running("a");
    failed.up = false;
    failed.exit_code = 1;
    if (fails)
      w.see(failed, look_cause::die);
    w.core.retire();
    CHECK_FALSE(w.core.retired());
    w.see(running("c"));
    w.see(running("a"));
    CHECK(w.work() == texts{"-" + service_id("a"), "-" + service_id("b")});
    CHECK(w.core.retired());
    CHECK(w.ids() == texts{"web"});
  }
}

TEST_CASE("reconciler: what is under way at the end is taken back",
          "[registrator][core]") {
  world w;
  w.see(running("a"));
  w.look();
  const auto todo = w.core.due(w.now);
  REQUIRE(todo.size() == 1);
  w.core.retire();
  CHECK(w.core.due(w.now).empty());
  CHECK_FALSE(w.core.retired());
  w.carry_out(todo[0]);
  CHECK(w.work() == texts{"-" + service_id("a")});
  CHECK(w.core.retired());
}

TEST_CASE("reconciler: with cleanup the form of the id is enough",
          "[registrator][core]") {
  options how;
  how.cleanup = true;
  world w{how};
  auto by_hand = stranger("h:by-hand:80");
  by_hand.ip.clear();
  w.registry[by_hand.id] = by_hand;
  w.look();
  CHECK(w.work() == texts{"-h:by-hand:80"});
}

TEST_CASE("reconciler: leftovers stay while not all containers are known",
          "[registrator][core]") {
  world w;
  w.core.begin_look();
  w.core.registry_shows({marked(stranger("h:ghost:80"))}, false);
  CHECK(w.work().empty());
  w.core.begin_look();
  w.core.registry_shows({marked(stranger("h:ghost:80"))}, true);
  CHECK(w.work() == texts{"-h:ghost:80"});
}

TEST_CASE("reconciler: what a registry lost is written again",
          "[registrator][core]") {
  world w;
  w.see(running("a"));
  w.look();
  w.work();
  w.registry.clear();
  w.look();
  CHECK(w.work() == texts{"+" + service_id("a")});
}

TEST_CASE("reconciler: a list that is older than a write does not count",
          "[registrator][core]") {
  world w;
  w.look();
  w.core.begin_look();
  w.see(running("a"));
  CHECK(w.work() == texts{"+" + service_id("a")});
  w.core.registry_shows({}, true); // made before the write
  CHECK(w.work().empty());
}

TEST_CASE("reconciler: an outage stops writing, and its end repeats it",
          "[registrator][core]") {
  world w;
  w.look();
  w.away = true;
  w.see(running("a"));
  w.see(running("b"));
  CHECK(w.work().size() == 2);
  CHECK(w.work().empty());
  CHECK_FALSE(w.core.registry_known());
  CHECK(w.said("registry unreachable: away"));
  CHECK_FALSE(w.core.probe_due(w.now));
  REQUIRE(w.core.next_deadline());
  CHECK(*w.core.next_deadline() == w.now + 250ms);
  w.now += 250ms;
  CHECK(w.core.probe_due(w.now));
  w.core.begin_look();
  w.core.look_failed({errc::io_error, "still away"}, w.now);
  CHECK(*w.core.next_deadline() == w.now + 500ms);
  w.away = false;
  w.core.gone(w.core.take_ticket(), "b", w.now);
  w.registry[service_id("b")] = stranger(service_id("b")); // it had arrived
  w.look();
  CHECK(w.work() == texts{"+" + service_id("a"), "-" + service_id("b")});
  CHECK(w.ids() == texts{service_id("a")});
  CHECK(w.said("registry reachable again"));
}

TEST_CASE("reconciler: a refusal is tried again later, by itself",
          "[registrator][core]") {
  world w;
  w.look();
  w.see(running("a"));
  auto todo = w.core.due(w.now);
  REQUIRE(todo.size() == 1);
  w.core.finished(todo[0].number, error{errc::rejected, "no"}, w.now);
  CHECK(w.work().empty());
  CHECK(
    w.said("register failed: " + service_id("a") + " (container name-a) no"));
  w.see(running("b"));
  CHECK(w.work() == texts{"+" + service_id("b")}); // the others are served
  w.now += 1s;
  CHECK(w.work() == texts{"+" + service_id("a")});
}

TEST_CASE("reconciler: of two containers with one id the later one wins",
          "[registrator][core]") {
  world w;
  w.look();
  auto a = running("a", 1);
  auto b = running("b", 2);
  a.environment = b.environment = {"SERVICE_ID=same"};
  w.see(a);
  w.see(b);
  w.work();
  CHECK(w.registry["same"].port == 2);
  w.core.gone(w.core.take_ticket(), "b", w.now);
  CHECK(w.work() == texts{"+same"}); // the other one takes over
  CHECK(w.registry["same"].port == 1);
  w.core.gone(w.core.take_ticket(), "a", w.now);
  CHECK(w.work() == texts{"-same"});
}

TEST_CASE("reconciler: on-success keeps what failed until it is removed",
          "[registrator][core]") {
  const exit_row rows[] = {{0, false},   {1, true},    {127, true},
                           {137, false}, {143, false}, {255, false}};
  for (const auto& x : rows) {
    CAPTURE(x.exit_code);
    options how;
    how.deregister = deregister_mode::on_success;
    world w{how};
    w.look();
    auto a = running("a");
    w.see(a);
    w.work();
    a.up = false;
    a.exit_code = x.exit_code;
    w.see(a, look_cause::die);
    CHECK(w.work().empty() == x.kept);
    w.look();
    CHECK(w.work().empty());
    if (!x.kept)
      continue;
    a.up = true;
    w.see(a);
    CHECK(w.work().empty()); // taken up again without a write
    w.core.end_listing(w.core.take_ticket(), {}, w.now);
    CHECK(w.work() == texts{"-" + service_id("a")});
  }
}

TEST_CASE("reconciler: after a restart what failed is still kept",
          "[registrator][core]") {
  options how;
  how.deregister = deregister_mode::on_success;
  world w{how};
  w.registry[service_id("a")] = stranger(service_id("a"));
  auto a = running("a");
  a.up = false;
  a.exit_code = 1;
  w.see(a, look_cause::comparison);
  w.look();
  CHECK(w.work().empty());
}

TEST_CASE("reconciler: early removes when docker stop begins",
          "[registrator][core]") {
  options how;
  how.early = true;
  world w{how};
  w.look();
  w.see(running("a"));
  w.work();
  w.core.leaving("a", w.now);
  CHECK(w.work() == texts{"-" + service_id("a")});
  w.see(running("a"), look_cause::comparison); // it takes its time
  CHECK(w.work().empty());
  w.now += reconciler::leaving_max; // it seems to stay
  CHECK(w.work().empty());
  w.see(running("a"), look_cause::comparison);
  CHECK(w.work() == texts{"+" + service_id("a")});
}

TEST_CASE("reconciler: refreshes what is registered", "[registrator][core]") {
  options how;
  how.ttl = 10;
  world w{how};
  w.look();
  w.see(running("a"));
  w.work();
  w.core.refresh();
  CHECK(w.work() == texts{"~" + service_id("a")});
  CHECK(w.said("refreshed: a " + service_id("a")));
}

TEST_CASE("reconciler: passes on the verdict of a HEALTHCHECK once",
          "[registrator][core]") {
  world w;
  w.look();
  auto a = running("a");
  a.environment = {"SERVICE_CHECK_DOCKER=true"};
  w.see(a);
  CHECK(w.work().size() == 1);
  a.health = container_health::healthy;
  w.see(a, look_cause::comparison);
  CHECK(w.work() == texts{"?" + service_id("a")});
  w.see(a, look_cause::comparison);
  CHECK(w.work().empty());
  w.core.report_again();
  CHECK(w.work() == texts{"?" + service_id("a")});
}

TEST_CASE("reconciler: a start of what is known says so",
          "[registrator][core]") {
  world w;
  w.look();
  w.see(running("a"));
  w.see(running("a"));
  w.work();
  CHECK(w.said("container,  a , already exists, ignoring"));
  CHECK(w.writes == 1);
}

namespace {

/// An engine whose events get lost, and answers that come late.
struct history {
  explicit history(std::uint64_t seed) : random{seed} {
    w.registry["web"] = stranger("web");
    w.registry["h:ghost:80"] = marked(stranger("h:ghost:80"));
    w.look();
  }

  void step() {
    w.now += 1s;
    w.away = random.below(10) < 2;
    const auto id = "c" + std::to_string(random.below(12));
    auto x = running(id, static_cast<std::uint16_t>(1 + random.below(3)));
    x.up = random.below(2) == 0;
    engine[id] = x;
    const auto fate = random.below(10);
    if (fate >= 2) // else the event is lost
      w.see(x, x.up ? look_cause::start : look_cause::die);
    if (fate == 9)
      late.emplace_back(w.core.take_ticket(), x);
    if (!late.empty() && random.below(4) == 0) {
      w.core.apply(late[0].first, {late[0].second, {}}, host,
                   look_cause::comparison, w.now);
      late.erase(late.begin());
    }
    w.work();
    if (w.core.probe_due(w.now) && !w.away)
      w.look();
  }

  /// @returns what should be registered
  texts compare() {
    w.away = false;
    w.now += 1h;
    const auto asked = w.core.take_ticket();
    std::set<std::string> up;
    texts out{"web"};
    for (const auto& [id, x] : engine)
      if (x.up)
        up.insert(id);
    w.core.end_listing(asked, up, w.now);
    for (const auto& id : up) {
      w.see(engine[id], look_cause::comparison);
      out.push_back(service_id(id));
    }
    w.look();
    w.work();
    std::ranges::sort(out);
    return out;
  }

  rng random;
  world w;
  std::map<std::string, container> engine;
  std::vector<std::pair<std::uint64_t, container>> late;
};

} // namespace

TEST_CASE("reconciler: random histories converge within one comparison",
          "[registrator][core]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    history x{seed};
    for (auto i = 0; i < 80; ++i)
      x.step();
    const auto expected = x.compare();
    CHECK(x.w.ids() == expected);
    for (const auto& [id, c] : x.engine)
      if (c.up)
        CHECK(std::to_string(x.w.registry[service_id(id)].port)
              == c.ports.at("80/tcp")[0].host_port);
    CHECK(x.w.core.settled());
    x.w.writes = 0;
    x.w.look();
    x.w.work();
    CHECK(x.w.writes == 0);
  }
}
