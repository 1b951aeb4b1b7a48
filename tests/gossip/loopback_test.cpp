// Goal: the parts fit together: actors on real sockets, with encryption and
// files, form a pool; who has another key stays outside, and both sides say so.
// Method: actors on free ports of 127.0.0.1 with a thread for the sockets; the
// test asks until the answer is right or a deadline has passed.

#include "actors/gossip/gossip_actor.hpp"
#include "runtime/base/log.hpp"
#include "runtime/net/gossip_link.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;

namespace asio = boost::asio;

namespace {

const std::string key_a(32, 'a');
const std::string key_b(32, 'b');

/// A folder for one test.
struct folder {
  std::string path;
  folder() {
    char name[] = "/tmp/praetor-gossip-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~folder() { std::filesystem::remove_all(path); }
};

/// Lines that were logged.
struct lines {
  std::mutex mutex;
  std::vector<std::string> all;

  lines() {
    log::set_sink([this](const log::record& x) {
      const std::lock_guard lock{mutex};
      all.push_back(log::format_plain(x));
    });
  }
  ~lines() { log::set_sink({}); }

  bool contain(const std::string& text) {
    const std::lock_guard lock{mutex};
    return std::any_of(all.begin(), all.end(), [&text](const auto& x) {
      return x.find(text) != std::string::npos;
    });
  }
};

/// Processes in small: each node has its link and its actor.
class loopback {
public:
  struct node {
    std::shared_ptr<net::gossip_link> link;
    gossip_actor actor;
  };

  loopback() {
    thread_ = std::thread{[this] { io_.run(); }};
  }

  ~loopback() {
    for (auto& x : nodes_)
      stop(*x);
    nodes_.clear();
    work_.reset();
    thread_.join();
  }

  node& add(const std::string& name, const std::vector<std::string>& keys = {},
            const std::string& data_dir = {}) {
    net::gossip_place place;
    place.bind = {"127.0.0.1", 0};
    place.label = "dc1/lan";
    place.keys = keys;
    place.sender = ++last_sender_;
    place.module = name + ".memberlist.lan";
    auto link = net::make_gossip_link(io_, std::move(place));
    REQUIRE(link);
    gossip_options o;
    o.core.self.name = name;
    o.core.self.node_id = "id-of-" + name;
    o.core.self.at = (*link)->place();
    o.core.self.datacenter = "dc1";
    o.core.seed = hash_of(name);
    o.module = name;
    o.files = *make_pool_files(data_dir, "local");
    o.before = *read_snapshot(o.files.snapshot);
    auto& out = *nodes_.emplace_back(std::make_unique<node>());
    out.link = *link;
    out.actor = spawn_gossip(sys_, std::move(o), *link);
    return out;
  }

  void stop(node& x) {
    if (x.actor)
      caf::anon_send_exit(x.actor, caf::exit_reason::kill);
    x.actor = gossip_actor{};
  }

  template <class T, class Message>
  result<T> ask(const node& x, Message msg) {
    auto got = std::make_shared<std::promise<result<T>>>();
    auto answer = got->get_future();
    msg.to = reply<T>{[got](result<T> y) { got->set_value(std::move(y)); }};
    caf::anon_send(x.actor, std::move(msg));
    REQUIRE(answer.wait_for(20s) == std::future_status::ready);
    return answer.get();
  }

  join_answer join_to(const node& x, const node& to) {
    const auto at = to.link->place();
    return *ask<join_answer>(
      x, join{{at.address + ":" + std::to_string(at.port)}, {}});
  }

  std::string seen_by(const node& x) {
    std::string out;
    const auto members = *ask<member_list>(x, get_members{});
    for (const auto& m : *members)
      out += m.facts->name + ":" + std::string{to_string(m.status)} + " ";
    return out;
  }

  /// Whether that is seen before the deadline.
  bool sees(const node& x, const std::string& members) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (seen_by(x) != members)
      if (std::chrono::steady_clock::now() > deadline)
        return false;
    return true;
  }

private:
  static caf::actor_system_config& init(caf::actor_system_config& x) {
    x.set("scheduler.policy", caf::atom("sharing"));
    x.set("scheduler.max-threads", std::size_t{2});
    return x;
  }

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{
    io_.get_executor()};
  std::thread thread_;
  caf::actor_system_config config_;
  caf::actor_system sys_{init(config_)};
  std::vector<std::unique_ptr<node>> nodes_;
  std::uint64_t last_sender_ = 0;
};

} // namespace

TEST_CASE("loopback: three nodes form an encrypted pool, one leaves",
          "[gossip][actor]") {
  loopback net;
  auto& a = net.add("a", {key_a});
  auto& b = net.add("b", {key_a});
  auto& c = net.add("c", {key_a, key_b});
  CHECK(net.join_to(b, a).joined == 1);
  CHECK(net.join_to(c, b).joined == 1);
  for (const auto* x : {&a, &b, &c})
    CHECK(net.sees(*x, "a:alive b:alive c:alive "));
  CHECK(net.ask<std::monostate>(b, leave{}));
  CHECK(net.sees(a, "a:alive b:left c:alive "));
}

TEST_CASE("loopback: another key stays outside, and both sides say so",
          "[gossip][actor]") {
  lines logged;
  loopback net;
  auto& a = net.add("a", {key_a});
  auto& b = net.add("b", {key_b});
  auto& c = net.add("c");
  const auto refused = net.join_to(b, a);
  CHECK(refused.joined == 0);
  CHECK(refused.errors
        == "1 error occurred:\n\t* Failed to join 127.0.0.1: No installed keys "
           "could decrypt the message\n\n");
  CHECK(logged.contain("a.memberlist.lan: memberlist: failed to receive: No "
                       "installed keys could decrypt the message: "
                       "from=127.0.0.1:"));
  CHECK(logged.contain("agent: (LAN) couldn't join"));
  CHECK(net.join_to(c, a).joined == 0);
  CHECK(net.join_to(a, c).joined == 0);
  CHECK(net.seen_by(a) == "a:alive ");
  CHECK(net.seen_by(b) == "b:alive ");
  CHECK(net.seen_by(c) == "c:alive ");
}

TEST_CASE("loopback: a node that was killed finds its pool again",
          "[gossip][actor]") {
  folder disk;
  loopback net;
  auto& a = net.add("a");
  {
    auto& b = net.add("b", {}, disk.path);
    CHECK(net.join_to(b, a).joined == 1);
    CHECK(net.sees(b, "a:alive b:alive "));
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    const auto stored = [&disk] {
      const auto x = read_snapshot(disk.path + "/serf/local.snapshot");
      REQUIRE(x);
      return *x && !(*x)->members.empty();
    };
    while (!stored())
      REQUIRE(std::chrono::steady_clock::now() < deadline);
    net.stop(b);
  }
  auto& c = net.add("c", {}, disk.path);
  CHECK(net.sees(c, "a:alive b:alive c:alive "));
}
