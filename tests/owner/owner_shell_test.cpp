// Goal: the shell around an owner's core keeps its promises to readers, to
// watchers and to the state actor.
// Method: a core of one number, in the real shell, under virtual time; the test
// plays raft and state.

#include "actors/owner/spawn_owner.hpp"
#include "tests/support/actor_fixture.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <vector>

using namespace praetor;
using namespace std::chrono_literals;

namespace {

/// A counter: commands set it, the query shows it.
struct counter_core {
  struct query {
    int dummy = 0;
    friend auto operator<=>(const query&, const query&) = default;
  };
  using command = int;

  static constexpr auto name = "counter";
  static constexpr std::array<std::string_view, 1> tables = {"counter"};

  command_result apply(log_index i, cluster_time, int x) {
    value = x;
    index = i;
    touched.push_back("n");
    return {{}, std::to_string(x), i};
  }
  command_result prepare(log_index i, cluster_time t, int x) {
    before = value;
    index_before = index;
    return apply(i, t, x);
  }
  void commit() {}
  void abort() {
    value = before;
    index = index_before;
  }
  answer evaluate(const query&) const {
    return {index, true, share(std::to_string(value))};
  }
  std::vector<topic> topics(const query&) const { return {{"n", false}}; }
  static bool cacheable(const query&) { return true; }
  std::vector<std::string> take_touched() { return std::exchange(touched, {}); }
  std::vector<liveness_loss> take_losses() { return {}; }
  std::vector<row> take_changed_rows() {
    return {{"counter", "n", std::to_string(value)}};
  }
  status load(const row& x) {
    if (!x.value || x.value->empty())
      return error{errc::corruption, "empty"};
    value = std::stoi(*x.value);
    return ok;
  }

  int value = 0;
  int before = 0;
  log_index index = 0;
  log_index index_before = 0;
  std::vector<std::string> touched;
};

using counter = owner::owner_actor<counter_core::query, int>;
using read_counter = owner::read<counter_core::query>;

/// Collects what an actor is sent.
template <class Message>
class collector_state {
public:
  using actor = caf::typed_actor<caf::reacts_to<Message>>;
  using self_pointer =
    typename actor::template stateful_pointer<collector_state>;
  static constexpr auto name = "collector";
  explicit collector_state(self_pointer) {}
  typename actor::behavior_type
  make_behavior(std::shared_ptr<std::vector<Message>> out) {
    return {[out](Message& x) { out->push_back(std::move(x)); }};
  }
};

struct scene : test::actor_fixture {
  scene() {
    const auto raft =
      spawn_state<collector_state<raft::confirm_read>>(sys, questions);
    auto spawned =
      owner::spawn_owner<counter_core>(sys, 0, {{"counter", "n", "7"}}, raft);
    REQUIRE(spawned);
    it = *spawned;
    settle();
  }

  scene(const scene&) = delete;
  scene& operator=(const scene&) = delete;

  /// Answers what is open while `answers` is still there.
  ~scene() {
    questions->clear();
    settle();
    caf::anon_send_exit(it, caf::exit_reason::kill);
    settle();
  }

  /// Sends a read; its answer appears in `answers`.
  void read(owner::read_options options) {
    caf::anon_send(
      it, read_counter{{}, options, reply<owner::read_answer>{[this](auto x) {
                         answers.push_back(x ? *x->data.body
                                             : std::string{"error"});
                       }}});
    settle();
  }

  void permit(log_index index, duration lease) {
    REQUIRE(!questions->empty());
    const auto to = questions->back().to;
    questions->pop_back();
    to.complete(raft::read_permit{index, sys.clock().now() + lease, 1});
    settle();
  }

  void apply(log_index index, int value) {
    caf::anon_send(it, owner::apply<int>{index, {{index, 0, value}}});
    settle();
  }

  std::shared_ptr<std::vector<raft::confirm_read>> questions =
    std::make_shared<std::vector<raft::confirm_read>>();
  /// Another server's rows, with one of another owner's table.
  static owner::install_rows order(const char* value) {
    return {20, std::make_shared<const std::vector<row>>(std::vector<row>{
                  {"counter", "n", value}, {"others", "x", ""}})};
  }

  std::shared_ptr<std::vector<owner::installed>> installs =
    std::make_shared<std::vector<owner::installed>>();
  std::vector<std::string> answers;
  counter it;
};

using texts = std::vector<std::string>;

owner::read_options waiting(log_index min_index, duration wait,
                            std::uint64_t id = 1) {
  owner::read_options out;
  out.min_index = min_index;
  out.wait = wait;
  out.watch_id = id;
  return out;
}

} // namespace

TEST_CASE("owner shell: default reads wait for the first permit, then flow",
          "[owner][actor]") {
  scene s;
  s.read({});
  CHECK(s.answers.empty());
  s.permit(0, 800ms);
  CHECK(s.answers == texts{"7"});
  s.read({});
  CHECK(s.answers == texts{"7", "7"});
  s.advance(800ms);
  s.read({});
  CHECK(s.answers.size() == 2);
  CHECK(s.questions->size() == 1);
}

TEST_CASE("owner shell: stale reads need nobody", "[owner][actor]") {
  scene s;
  s.read({.mode = consistency::stale});
  CHECK(s.answers == texts{"7"});
  CHECK(s.questions->empty());
}

TEST_CASE("owner shell: a refused permit fails the reads that waited for it",
          "[owner][actor]") {
  scene s;
  s.read({});
  const auto to = s.questions->back().to;
  s.questions->pop_back();
  to.complete(error{errc::no_leader, "No cluster leader"});
  s.settle();
  CHECK(s.answers == texts{"error"});
}

TEST_CASE("owner shell: a watch is woken by a change", "[owner][actor]") {
  scene s;
  s.read({});
  s.permit(0, 1h);
  s.answers.clear();
  s.apply(5, 8);
  s.read(waiting(5, 10s));
  CHECK(s.answers.empty());
  s.apply(6, 9);
  CHECK(s.answers == texts{"9"});
}

TEST_CASE("owner shell: a watch ends with its time or its asker",
          "[owner][actor]") {
  scene s;
  s.read({});
  s.permit(0, 1h);
  s.apply(5, 8);
  s.answers.clear();
  s.read(waiting(5, 10s, 1));
  s.read(waiting(5, 20s, 2));
  s.advance(10s);
  CHECK(s.answers == texts{"8"});
  caf::anon_send(s.it, owner::forget_watch{2});
  s.settle();
  // Its reply was dropped, which is an answer too; then nothing more comes.
  CHECK(s.answers == texts{"8", "error"});
  s.advance(10s);
  CHECK(s.answers.size() == 2);
}

TEST_CASE("owner shell: no read sees a command that is only prepared",
          "[owner][actor]") {
  scene s;
  s.read({});
  s.permit(0, 1h);
  s.answers.clear();
  caf::anon_send(s.it, owner::prepare<int>{{1, 0, 99}});
  s.read({.mode = consistency::stale});
  CHECK(s.answers.empty());
  caf::anon_send(s.it, owner::decide{1, false, false});
  s.settle();
  CHECK(s.answers == texts{"7"});
}

TEST_CASE("owner shell: no watch sees a command that is only prepared",
          "[owner][actor]") {
  scene s;
  s.read({});
  s.permit(0, 1h);
  s.apply(5, 8);
  s.answers.clear();
  s.read(waiting(5, 10s, 1));
  SECTION("when it is woken") {
    // The watch is to be woken by 6, but 7 is prepared before that happens.
    caf::anon_send(s.it, owner::apply<int>{6, {{6, 0, 9}}});
    caf::anon_send(s.it, owner::prepare<int>{{7, 0, 99}});
    s.settle();
    CHECK(s.answers.empty());
    caf::anon_send(s.it, owner::decide{7, false, false});
    s.settle();
    CHECK(s.answers == texts{"9"});
  }
  SECTION("when an entry is decided, but not yet complete") {
    caf::anon_send(s.it, owner::prepare<int>{{6, 0, 99}});
    caf::anon_send(s.it, owner::decide{6, true, true});
    s.settle();
    CHECK(s.answers.empty());
    caf::anon_send(s.it, owner::decide{6, true, false});
    s.settle();
    CHECK(s.answers == texts{"99"});
  }
  SECTION("when its time is over") {
    caf::anon_send(s.it, owner::prepare<int>{{6, 0, 99}});
    s.advance(10s);
    CHECK(s.answers.empty());
    caf::anon_send(s.it, owner::decide{6, false, false});
    s.settle();
    s.advance(1ms);
    CHECK(s.answers == texts{"8"});
  }
}

TEST_CASE("owner shell: a damaged row stops the start", "[owner][actor]") {
  scene s;
  const auto raft =
    spawn_state<collector_state<raft::confirm_read>>(s.sys, s.questions);
  const auto spawned =
    owner::spawn_owner<counter_core>(s.sys, 0, {{"counter", "n", ""}}, raft);
  REQUIRE(!spawned);
  CHECK(spawned.error().code == errc::corruption);
  CHECK(spawned.error().context.find("counter") != std::string::npos);
}

TEST_CASE("owner shell: all tables are replaced at once", "[owner][actor]") {
  scene s;
  s.read({});
  s.permit(0, 1h);
  s.apply(5, 8);
  s.read({});
  s.answers.clear();
  s.read(waiting(5, 10s));
  const auto sink =
    spawn_state<collector_state<owner::installed>>(s.sys, s.installs);
  caf::send_as(sink, s.it, s.order("30"));
  s.settle();
  REQUIRE(s.installs->size() == 1);
  CHECK(s.installs->back().outcome);
  s.read({.mode = consistency::stale});
  CHECK(s.answers == texts{"30"});
  s.apply(21, 31);
  CHECK(s.answers == texts{"30", "31"}); // the watch was not forgotten
  // What does not load changes nothing.
  caf::send_as(sink, s.it, s.order(""));
  s.settle();
  REQUIRE(s.installs->size() == 2);
  CHECK(!s.installs->back().outcome);
  s.read({.mode = consistency::stale});
  CHECK(s.answers.back() == "31");
}
