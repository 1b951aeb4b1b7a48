// Goal: the shell does what the core wants, in order: nothing leaves before the
// incarnation is durable; subscribers get whole lists, not too many of them;
// joins, leaving, events and keys are answered; a pool of actors works as the
// pool of cores does.
// Method: real actors under virtual time; their links are tied together in
// memory; the test is the disk.

#include "actors/gossip/gossip_actor.hpp"

#include "actors/gossip/core/gossip_core.hpp"
#include "runtime/base/log.hpp"
#include "tests/support/actor_fixture.hpp"

#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;

namespace {

class wire;

/// A link whose other end is other links of the same wire.
class tied_link : public pool_link {
public:
  tied_link(wire& of, endpoint at) : wire_{of}, at_{std::move(at)} {}

  void begin(sink to) override { sink_ = std::move(to); }
  void send(link_work what) override;
  void resolve(std::string address, reply<resolved_address> to) override;
  void keys(key_action what, std::string key,
            reply<std::vector<std::string>> to) override;
  void end() override { sink_ = {}; }

  void receive(link_event x) {
    link_batch batch;
    batch.events.push_back(std::move(x));
    if (sink_)
      sink_(std::move(batch));
  }

  bool open() const { return static_cast<bool>(sink_); }

  std::vector<std::string> ring;
  std::size_t packets = 0;

private:
  friend class wire;

  wire& wire_;
  endpoint at_;
  sink sink_;
  stream_id accepted_ = 1;
  /// Own number to the other link and its number.
  std::map<stream_id, std::pair<tied_link*, stream_id>> streams_;
};

class wire {
public:
  std::shared_ptr<tied_link> add(const endpoint& at) {
    return links_[at] = std::make_shared<tied_link>(*this, at);
  }

  tied_link* find(const endpoint& at) {
    const auto found = links_.find(at);
    return found == links_.end() || !found->second->open()
             ? nullptr
             : found->second.get();
  }

private:
  std::map<endpoint, std::shared_ptr<tied_link>> links_;
};

void tied_link::send(link_work what) {
  packets += what.packets.size();
  for (auto& x : what.packets)
    if (auto* to = wire_.find(x.to))
      to->receive(packet_received{at_, std::move(x.bytes)});
  for (auto& x : what.opens) {
    auto* to = wire_.find(x.to);
    if (to == nullptr) {
      receive(
        stream_closed{x.stream, "dial tcp " + x.to.address
                                  + ":8301: connect: connection refused"});
      continue;
    }
    const auto theirs = to->accepted_ += 2;
    streams_[x.stream] = {to, theirs};
    to->streams_[theirs] = {this, x.stream};
    to->receive(frame_received{theirs, at_, std::move(x.bytes)});
  }
  for (auto& x : what.frames)
    if (const auto found = streams_.find(x.stream); found != streams_.end())
      found->second.first->receive(
        frame_received{found->second.second, at_, std::move(x.bytes)});
  for (const auto id : what.closes)
    if (const auto node = streams_.extract(id)) {
      const auto [to, theirs] = node.mapped();
      if (to->streams_.erase(theirs) > 0)
        to->receive(stream_closed{theirs, "EOF"});
    }
}

void tied_link::resolve(std::string address, reply<resolved_address> to) {
  if (address == "nowhere")
    return to.complete(error{errc::io_error, "lookup nowhere: no such host"});
  to.complete(resolved_address{{{std::move(address), 8301}}});
}

void tied_link::keys(key_action what, std::string key,
                     reply<std::vector<std::string>> to) {
  if (what == key_action::remove)
    return to.complete(
      error{errc::rejected, "Removing the primary key is not allowed"});
  if (what == key_action::install)
    ring.push_back(std::move(key));
  to.complete(ring);
}

/// What one subscriber heard.
struct heard {
  std::vector<members_changed> lists;
  std::vector<event_received> events;
};

using ear_actor = caf::typed_actor<caf::reacts_to<members_changed>,
                                   caf::reacts_to<event_received>>;

ear_actor::behavior_type ear(std::shared_ptr<heard> out) {
  return {
    [out](const members_changed& x) { out->lists.push_back(x); },
    [out](const event_received& x) { out->events.push_back(x); },
  };
}

struct disk {
  std::vector<store_file> writes;
};

file_keeper_actor::behavior_type keeper(std::shared_ptr<disk> out) {
  return {[out](const store_file& x) { out->writes.push_back(x); }};
}

std::string names(const member_list& x) {
  std::string out;
  for (const auto& m : *x)
    out += (out.empty() ? "" : " ") + m.facts->name + ":"
           + std::string{to_string(m.status)};
  return out;
}

struct fixture : praetor::test::actor_fixture {
  wire net;
  std::vector<std::string> failures;

  struct node {
    std::shared_ptr<tied_link> link;
    gossip_actor actor;
    ear_actor ears;
    std::shared_ptr<heard> out = std::make_shared<heard>();
  };
  std::map<std::string, node> nodes;
  std::shared_ptr<disk> files = std::make_shared<disk>();
  file_keeper_actor files_actor = sys.spawn(keeper, files);

  ~fixture() {
    for (auto& [name, x] : nodes)
      stop(x);
    caf::anon_send_exit(files_actor, caf::exit_reason::kill);
    settle();
  }

  void stop(node& x) {
    if (!x.actor)
      return;
    caf::anon_send_exit(x.actor, caf::exit_reason::kill);
    caf::anon_send_exit(x.ears, caf::exit_reason::kill);
    x.actor = gossip_actor{};
    settle();
  }

  node& add(const std::string& name,
            const std::function<void(gossip_options&)>& change = {}) {
    gossip_options o;
    auto& facts = o.core.self;
    facts.name = name;
    facts.node_id = "id-of-" + name;
    facts.at = {name, 8301};
    facts.datacenter = "dc1";
    o.core.seed = hash_of(name);
    o.on_join_failed = [this](const std::string& why) {
      failures.push_back(why);
    };
    if (change)
      change(o);
    auto& x = nodes[name];
    x.link = net.add(facts.at);
    x.ears = sys.spawn(ear, x.out);
    x.actor = spawn_gossip(sys, std::move(o), x.link);
    caf::anon_send(x.actor, subscribe{{x.ears}, {x.ears}});
    settle();
    return x;
  }

  template <class T, class Message>
  std::optional<result<T>> ask(node& x, Message msg) {
    auto got = std::make_shared<std::optional<result<T>>>();
    msg.to = reply<T>{[got](result<T> y) { *got = std::move(y); }};
    caf::anon_send(x.actor, std::move(msg));
    settle();
    return *got;
  }

  join_answer join_all(node& x, std::vector<std::string> addresses) {
    const auto got = ask<join_answer>(x, join{std::move(addresses), {}});
    REQUIRE(got);
    return **got;
  }

  /// Lets time pass in steps that timers notice.
  void run(duration span) {
    for (auto left = span; left > 0ms; left -= 20ms)
      advance(20ms);
  }

  std::string seen_by(const std::string& name) {
    return names(nodes.at(name).out->lists.back().members);
  }
};

} // namespace

TEST_CASE("gossip_actor: who joins is a member, who leaves has left",
          "[gossip][actor]") {
  fixture f;
  for (const auto* name : {"a", "b", "c"})
    f.add(name);
  CHECK(f.seen_by("a") == "a:alive");
  const auto joined = f.join_all(f.nodes["b"], {"a"});
  CHECK(joined.joined == 1);
  CHECK(joined.errors.empty());
  f.join_all(f.nodes["c"], {"b"});
  f.run(1s);
  for (const auto* name : {"a", "b", "c"})
    CHECK(f.seen_by(name) == "a:alive b:alive c:alive");
  CHECK(f.nodes["a"].out->lists.back().pool == pool_kind::lan);

  auto gone = std::make_shared<bool>(false);
  caf::anon_send(f.nodes["c"].actor,
                 leave{reply<std::monostate>{[gone](auto) { *gone = true; }}});
  f.settle();
  f.run(300ms);
  CHECK(!*gone);
  f.run(3s);
  CHECK(*gone);
  CHECK(f.seen_by("a") == "a:alive b:alive c:left");
  // Again: it has left already.
  CHECK(f.ask<std::monostate>(f.nodes["c"], leave{}));
}

TEST_CASE("gossip_actor: who is silent fails, and can be forced to leave",
          "[gossip][actor]") {
  fixture f;
  for (const auto* name : {"a", "b", "c"})
    f.add(name);
  f.join_all(f.nodes["b"], {"a"});
  f.join_all(f.nodes["c"], {"a"});
  f.run(1s);
  f.stop(f.nodes["c"]);
  f.run(12s);
  CHECK(f.seen_by("a") == "a:alive b:alive c:failed");
  const auto unknown =
    f.ask<std::monostate>(f.nodes["a"], force_leave{"nobody", false, {}});
  CHECK(unknown->error().context == "No node found with name 'nobody'");
  CHECK(*f.ask<std::monostate>(f.nodes["a"], force_leave{"c", false, {}}));
  f.run(1s);
  CHECK(f.seen_by("b") == "a:alive b:alive c:left");
  CHECK(*f.ask<std::monostate>(f.nodes["b"], force_leave{"c", true, {}}));
  f.run(1s);
  CHECK(f.seen_by("a") == "a:alive b:alive");
}

TEST_CASE("gossip_actor: failed joins are told in Consul's words",
          "[gossip][actor]") {
  fixture f;
  f.add("a");
  auto& b = f.add("b");
  const auto some = f.join_all(b, {"a", "nowhere", "z"});
  CHECK(some.joined == 1);
  CHECK(some.errors
        == "2 errors occurred:\n"
           "\t* Failed to resolve nowhere: lookup nowhere: no such host\n"
           "\t* Failed to join z: dial tcp z:8301: connect: connection "
           "refused\n\n");
  CHECK(f.join_all(b, {}).joined == 0);
  auto& other = f.add("far", [](auto& o) { o.core.self.datacenter = "dc2"; });
  CHECK(f.join_all(other, {"a"}).errors
        == "1 error occurred:\n\t* Failed to join a: Member 'far' part of "
           "wrong datacenter 'dc2'\n\n");
}

TEST_CASE("gossip_actor: nothing leaves before the incarnation is durable",
          "[gossip][actor]") {
  fixture f;
  f.add("a");
  auto& b = f.add("b", [&f](gossip_options& o) {
    o.files.snapshot = "file";
    o.keeper = f.files_actor;
    o.start_join = {"a"};
  });
  f.run(1s);
  REQUIRE(f.files->writes.size() == 1);
  CHECK(f.files->writes[0].path == "file");
  CHECK(f.seen_by("a") == "a:alive");
  f.files->writes[0].to.complete(ok);
  f.settle();
  f.run(1s);
  CHECK(f.seen_by("a") == "a:alive b:alive");
  CHECK(f.failures.empty());
  // A list that changed is stored soon, and holds nothing up.
  REQUIRE(f.files->writes.size() == 2);
  const auto before = b.link->packets;
  f.run(3s);
  CHECK(b.link->packets > before);
  CHECK(f.files->writes.size() == 2);
  // Facts that changed come with a new incarnation, which must be durable.
  f.ask<std::monostate>(b, update_facts{"cluster", std::nullopt, {}});
  const auto held = b.link->packets;
  f.run(3s);
  CHECK(b.link->packets == held);
  f.files->writes[1].to.complete(ok);
  f.settle();
  REQUIRE(f.files->writes.size() == 3);
  f.files->writes[2].to.complete(
    error{errc::io_error, "the disk is full"}); // then without
  f.settle();
  f.run(1s);
  CHECK(b.link->packets > held);
  CHECK(f.nodes["a"].out->lists.back().members->back().facts->cluster_id
        == "cluster");
}

TEST_CASE("gossip_actor: a restarted node finds its pool", "[gossip][actor]") {
  fixture f;
  f.add("a");
  pool_snapshot before;
  before.incarnation = 7;
  before.members = {{"a", {"a", 8301}}};
  f.add("b", [&before](gossip_options& o) { o.before = before; });
  f.run(1s);
  CHECK(f.seen_by("a") == "a:alive b:alive");
  before.left = true;
  f.add("c", [&before](gossip_options& o) { o.before = before; });
  f.run(1s);
  CHECK(f.seen_by("c") == "c:alive");
}

TEST_CASE("gossip_actor: user events reach everybody once", "[gossip][actor]") {
  fixture f;
  f.add("a");
  f.add("b");
  f.join_all(f.nodes["b"], {"a"});
  CHECK(*f.ask<std::monostate>(f.nodes["a"], fire_event{"deploy", "7", {}}));
  CHECK(!*f.ask<std::monostate>(
    f.nodes["a"], fire_event{"deploy", std::string(600, 'x'), {}}));
  f.run(2s);
  for (const auto* name : {"a", "b"}) {
    const auto& events = f.nodes[name].out->events;
    REQUIRE(events.size() == 1);
    CHECK(events[0].name == "deploy");
    CHECK(events[0].payload == "7");
  }
}

TEST_CASE("gossip_actor: start_join is tried once, retry_join until it works",
          "[gossip][actor]") {
  fixture f;
  f.add("b", [](gossip_options& o) { o.start_join = {"a"}; });
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].starts_with("1 error occurred:\n\t* Failed to join a:"));
  f.add("c", [](gossip_options& o) {
    o.retry_join = {"a"};
    o.retry_interval = 5s;
    o.retry_max = 2;
  });
  f.run(9s);
  CHECK(f.failures.size() == 1);
  SECTION("too late") {
    f.run(3s);
    REQUIRE(f.failures.size() == 2);
    CHECK(f.failures[1] == "agent: max join LAN retry exhausted, exiting");
  }
  SECTION("in time") {
    f.add("a");
    f.run(2s);
    CHECK(f.seen_by("a") == "a:alive c:alive");
    CHECK(f.failures.size() == 1);
  }
}

TEST_CASE("gossip_actor: lists of many changes come as few",
          "[gossip][actor]") {
  fixture f;
  f.add("a", [](gossip_options& o) { o.coalesce = 1s; });
  for (const auto* name : {"b", "c", "d", "e", "f"}) {
    f.add(name);
    f.join_all(f.nodes[name], {"a"});
  }
  f.run(3s);
  CHECK(f.seen_by("a") == "a:alive b:alive c:alive d:alive e:alive f:alive");
  CHECK(f.nodes["a"].out->lists.size() <= 4);
  const auto asked = f.ask<member_list>(f.nodes["a"], get_members{});
  CHECK(names(**asked) == f.seen_by("a"));
  const auto stats = **f.ask<pool_stats>(f.nodes["a"], get_stats{});
  CHECK(stats.members == 6);
  CHECK(stats.failed == 0);
}

TEST_CASE("gossip_actor: an idle pool sends its probes and no more",
          "[gossip][actor]") {
  fixture f;
  f.add("a");
  f.add("b");
  f.join_all(f.nodes["b"], {"a"});
  f.run(10s);
  const auto before = f.nodes["a"].link->packets;
  f.run(20s);
  // One ping and one answer each second.
  CHECK(f.nodes["a"].link->packets - before <= 42);
  CHECK(f.nodes["a"].link->packets - before >= 36);
}

TEST_CASE("gossip_actor: keys of all members are listed and changed",
          "[gossip][actor]") {
  const std::string k(16, 'k');
  const std::string l(16, 'l');
  fixture f;
  for (const auto* name : {"a", "b", "c"}) {
    f.add(name, [&f](gossip_options& o) {
      o.encrypted = true;
      o.files.keyring = "ring of " + o.core.self.name;
      o.keeper = f.files_actor;
    });
    f.nodes[name].link->ring = {k};
  }
  f.join_all(f.nodes["b"], {"a"});
  f.join_all(f.nodes["c"], {"a"});
  f.run(1s);
  const auto change = [&f](key_action what, const std::string& key) {
    auto got = std::make_shared<std::optional<result<key_answer>>>();
    caf::anon_send(f.nodes["a"].actor,
                   change_keys{what, key, reply<key_answer>{[got](auto x) {
                                 *got = std::move(x);
                               }}});
    for (auto i = 0; i < 500 && !*got; ++i)
      f.advance(20ms);
    REQUIRE(*got);
    return ***got;
  };
  const auto listed = change(key_action::list, "");
  CHECK(listed.asked == 3);
  CHECK(listed.answered == 3);
  CHECK(listed.keys == std::map<std::string, std::size_t>{{k, 3}});
  CHECK(listed.primary_keys == listed.keys);
  CHECK(f.files->writes.empty());
  const auto installed = change(key_action::install, l);
  CHECK(installed.keys.at(l) == 3);
  REQUIRE(f.files->writes.size() == 3);
  CHECK(f.files->writes[0].path == "ring of a");
  CHECK(f.files->writes[0].content
        == "[\"a2tra2tra2tra2tra2traw==\",\"bGxsbGxsbGxsbGxsbGxsbA==\"]");
  const auto removed = change(key_action::remove, k);
  CHECK(removed.errors.size() == 3);
  CHECK(removed.errors.at("b") == "Removing the primary key is not allowed");
  CHECK(f.files->writes.size() == 3);
  // Who is silent is waited for, but not for ever.
  f.stop(f.nodes["c"]);
  const auto some = change(key_action::list, "");
  CHECK(some.asked == 3);
  CHECK(some.answered == 2);
}

TEST_CASE("gossip_actor: without encryption there are no keys",
          "[gossip][actor]") {
  fixture f;
  auto& a = f.add("a");
  const auto got = f.ask<key_answer>(a, change_keys{key_action::list, "", {}});
  CHECK((*got)->errors.at("a") == "Keyring is empty (encryption not enabled)");
}

TEST_CASE("gossip_actor: a link outlives its actor", "[gossip][actor]") {
  fixture f;
  auto& a = f.add("a");
  f.stop(a);
  CHECK(!a.link->open());
}
