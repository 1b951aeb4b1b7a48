// Goal: the actor carries out what is due, tells who asked, cancels what is
// stopped, and sleeps when there is nothing to do.
// Method: the real actor under virtual time with a prober that only notes.

#include "actors/health/health_actor.hpp"

#include "tests/support/actor_fixture.hpp"

#include <caf/send.hpp>
#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::health;
using namespace std::chrono_literals;

namespace {

using list = std::vector<std::string>;

/// Notes probes; the test answers them.
struct fake_prober : prober {
  list log;
  reply<http_outcome> http_reply;
  reply<std::monostate> tcp_reply;
  reply<script_outcome> script_reply;

  void http(std::uint64_t, http_probe x, reply<http_outcome> to) override {
    log.push_back("http " + x.url);
    http_reply = to;
  }
  void tcp(std::uint64_t, tcp_probe x, reply<std::monostate> to) override {
    log.push_back("tcp " + x.address);
    tcp_reply = to;
  }
  void script(std::uint64_t, script_probe x,
              reply<script_outcome> to) override {
    log.push_back("script " + x.args.at(0));
    script_reply = to;
  }
  void cancel(std::uint64_t id) override {
    log.push_back("cancel " + std::to_string(id));
  }
};

result_sink_actor::behavior_type collect(std::shared_ptr<list> out) {
  return {
    [out](const check_result& x) {
      out->push_back(x.id + " " + x.status + ": " + x.output);
    },
  };
}

struct fixture : test::actor_fixture {
  std::shared_ptr<list> results = std::make_shared<list>();
  result_sink_actor sink = sys.spawn(collect, results);
  std::shared_ptr<fake_prober> probes = std::make_shared<fake_prober>();
  health_actor health = spawn_health(sys, {}, probes);

  ~fixture() {
    self->send_exit(health, caf::exit_reason::user_shutdown);
    self->send_exit(sink, caf::exit_reason::user_shutdown);
    settle();
  }

  template <class Msg>
  void tell(Msg msg) {
    caf::send_as(sink, health, std::move(msg));
    settle();
  }

  void start(check_plan plan) {
    plan.id = "c";
    plan.how.interval = plan.how.ttl > 0s ? 0s : 10s;
    tell(start_check{plan, {}});
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "health: probes run each interval",
                 "[health][actor]") {
  check_plan plan;
  plan.how.tcp = "a:1";
  start(plan);
  CHECK(probes->log.empty());
  advance(10s);
  CHECK(probes->log == list{"tcp a:1"});
  advance(1h); // the probe is still under way
  CHECK(probes->log.size() == 1);
  probes->tcp_reply.complete(ok);
  settle();
  CHECK(*results == list{"c passing: TCP connect a:1: Success"});
  advance(9999ms);
  CHECK(probes->log.size() == 1);
  advance(1ms);
  CHECK(probes->log.size() == 2);
}

TEST_CASE_METHOD(fixture, "health: each kind goes to its probe",
                 "[health][actor]") {
  check_plan http;
  http.how.http = "http://x";
  start(http);
  advance(10s);
  probes->http_reply.complete(http_outcome{503, "Unavailable", ""});
  settle();
  check_plan script;
  script.how.script_args = {"s"};
  start(script);
  advance(10s);
  probes->script_reply.complete(script_outcome{false, 1, "o", 1});
  settle();
  check_plan grpc;
  grpc.how.grpc = "x:1";
  start(grpc);
  advance(10s);
  CHECK(probes->log == list{"http http://x", "script s"});
  CHECK(*results
        == list{"c critical: HTTP GET http://x: 503 Unavailable Output: ",
                "c warning: o",
                "c critical: gRPC checks are not supported by this agent"});
}

TEST_CASE_METHOD(fixture, "health: a TTL runs out unless it is renewed",
                 "[health][actor]") {
  check_plan plan;
  plan.how.ttl = 10s;
  start(plan);
  advance(9s);
  tell(renew_ttl{"c", "note"});
  advance(9s);
  CHECK(results->empty());
  advance(1s);
  CHECK(*results
        == list{"c critical: TTL expired (last output before timeout "
                "follows): note"});
}

TEST_CASE_METHOD(fixture, "health: stopping cancels, late outcomes are lost",
                 "[health][actor]") {
  check_plan plan;
  plan.how.tcp = "a:1";
  start(plan);
  advance(10s);
  tell(stop_check{"c"});
  CHECK(probes->log == list{"tcp a:1", "cancel 1"});
  probes->tcp_reply.complete(error{errc::canceled, ""});
  settle();
  advance(1h);
  CHECK(results->empty());
  CHECK(probes->log.size() == 2);
}

TEST_CASE_METHOD(fixture, "health: a prober that drops a probe is noticed",
                 "[health][actor]") {
  check_plan plan;
  plan.how.tcp = "a:1";
  start(plan);
  advance(10s);
  probes->tcp_reply = {};
  settle();
  CHECK(results->size() == 1);
}
