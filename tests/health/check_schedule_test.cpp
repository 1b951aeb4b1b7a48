// Goal: checks run when they should, results count when they should, and their
// texts are Consul's.
// Method: the pure core, tables; expected texts were recorded from Consul
// 1.8.7.

#include "actors/health/core/check_schedule.hpp"

#include "actors/health/core/verdicts.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace praetor;
using namespace praetor::health;
using namespace std::chrono_literals;

namespace {

const auto t0 = time_point{} + 1h;

check_plan tcp(const std::string& id, duration interval) {
  check_plan out;
  out.id = id;
  out.how.tcp = "127.0.0.1:1";
  out.how.interval = interval;
  return out;
}

check_plan ttl(const std::string& id, duration span) {
  check_plan out;
  out.id = id;
  out.how.ttl = span;
  return out;
}

} // namespace

TEST_CASE("check_schedule: first runs are spread over the interval",
          "[health][core]") {
  check_schedule schedule{{4096, 7}};
  for (auto i = 0; i < 100; ++i)
    schedule.start({tcp(std::to_string(i), 10s), {}}, t0);
  std::size_t ran = 0;
  for (auto second = 1; second <= 10; ++second) {
    const auto due = schedule.poll(t0 + second * 1s).first.size();
    CHECK(due < 30);
    ran += due;
  }
  CHECK(ran == 100);
}

TEST_CASE("check_schedule: runs again an interval after the last one ended",
          "[health][core]") {
  check_schedule schedule{{}};
  schedule.start({tcp("a", 100ms), {}}, t0); // raised to 1 s
  auto [first, expired] = schedule.poll(t0 + 1s);
  REQUIRE(first.size() == 1);
  CHECK(first[0].plan.how.output_max_size == 4096);
  CHECK_FALSE(schedule.next_deadline()); // never twice at a time
  const auto result =
    schedule.finish(first[0].probe, {"passing", "x"}, t0 + 5s);
  REQUIRE(result);
  CHECK(result->id == "a");
  CHECK(schedule.next_deadline() == t0 + 6s);
}

TEST_CASE("check_schedule: stopped and replaced checks cancel their probe",
          "[health][core]") {
  check_schedule schedule{{}};
  CHECK_FALSE(schedule.stop("a"));
  CHECK_FALSE(schedule.start({tcp("a", 1s), {}}, t0));
  const auto probe = schedule.poll(t0 + 1s).first.at(0).probe;
  CHECK(schedule.start({tcp("a", 1s), {}}, t0 + 1s) == probe);
  CHECK_FALSE(schedule.finish(probe, {"passing", ""}, t0 + 2s));
  const auto next = schedule.poll(t0 + 3s).first.at(0).probe;
  CHECK(next != probe);
  CHECK(schedule.stop("a") == next);
  CHECK_FALSE(schedule.next_deadline());
}

TEST_CASE("check_schedule: a TTL runs out once, with the last output",
          "[health][core]") {
  check_schedule schedule{{}};
  schedule.start({ttl("a", 10s), {}}, t0);
  schedule.start({ttl("b", 10s), 3s}, t0);
  CHECK(schedule.poll(t0 + 3s).second.at(0).id == "b");
  const auto silent = schedule.poll(t0 + 10s).second;
  REQUIRE(silent.size() == 1);
  CHECK(silent[0].status == "critical");
  CHECK(silent[0].output == "TTL expired");
  CHECK_FALSE(schedule.next_deadline());

  schedule.renew({"a", "fine"}, t0 + 20s);
  schedule.renew({"x", "unknown"}, t0 + 20s);
  CHECK(schedule.poll(t0 + 30s - 1ns).second.empty());
  CHECK(schedule.poll(t0 + 30s).second.at(0).output
        == "TTL expired (last output before timeout follows): fine");
}

TEST_CASE("threshold: flips need results in a row, the first counts",
          "[health][core]") {
  struct row {
    const char* name;
    int successes;
    int failures;
    /// p, w, c: results; upper case ones count.
    const char* results;
  };
  const std::vector<row> rows = {
    {"none", 0, 0, "PCWPCC"},
    {"one", 1, 1, "PCWPCC"},
    {"successes", 3, 0, "CpwPPCppCppW"},
    {"failures", 0, 3, "PccCCPccPccC"},
    {"first success", 3, 3, "PPccCppP"},
    {"first failure", 3, 3, "CCppPccC"},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      threshold counter{x.successes, x.failures};
      std::string seen;
      for (const auto c : std::string{x.results}) {
        const auto lower = static_cast<char>(c | 0x20);
        const auto* state = lower == 'p'   ? "passing"
                            : lower == 'w' ? "warning"
                                           : "critical";
        seen += static_cast<char>(counter.add(state) ? lower & ~0x20 : lower);
      }
      CHECK(seen == x.results);
    }
  }
}

TEST_CASE("verdicts: HTTP statuses", "[health][core]") {
  struct row {
    int code;
    const char* reason;
    const char* status;
    const char* output;
  };
  const auto asked = [] {
    check_plan plan;
    plan.how.http = "http://x/p";
    return http_probe_of(plan);
  }();
  CHECK(asked.timeout == 10s);
  for (const auto& x :
       {row{200, "OK", "passing", "HTTP GET http://x/p: 200 OK Output: hi"},
        row{299, "", "passing", "HTTP GET http://x/p: 299 Output: hi"},
        row{429, "Too Many Requests", "warning",
            "HTTP GET http://x/p: 429 Too Many Requests Output: hi"},
        row{199, "", "critical", "HTTP GET http://x/p: 199 Output: hi"},
        row{300, "", "critical", "HTTP GET http://x/p: 300 Output: hi"},
        row{418, "My Reason", "critical",
            "HTTP GET http://x/p: 418 My Reason Output: hi"}})
    CHECK(judge(asked, http_outcome{x.code, x.reason, "hi"})
          == verdict{x.status, x.output});
  CHECK(judge(asked, result<http_outcome>{error{errc::io_error, "text"}})
        == verdict{"critical", "text"});
}

TEST_CASE("verdicts: TCP", "[health][core]") {
  const auto asked = tcp_probe_of(tcp("a", 1s));
  CHECK(asked.timeout == 10s);
  CHECK(judge(asked, status{ok})
        == verdict{"passing", "TCP connect 127.0.0.1:1: Success"});
  CHECK(judge(asked, status{error{errc::io_error, "refused"}})
        == verdict{"critical", "refused"});
}

TEST_CASE("verdicts: scripts", "[health][core]") {
  check_plan plan;
  plan.how.script_args = {"x"};
  plan.how.output_max_size = 20;
  CHECK(script_probe_of(plan).timeout == 30s);
  plan.how.timeout = 1500ms;
  const auto asked = script_probe_of(plan);
  const std::string tail(20, 'x');
  const auto judged = [&asked](script_outcome x) { return judge(asked, x); };
  CHECK(judged({false, 0, "a\n", 2}) == verdict{"passing", "a\n"});
  CHECK(judged({false, 1, "a", 1}) == verdict{"warning", "a"});
  CHECK(judged({false, 2, "a", 1}) == verdict{"critical", "a"});
  CHECK(judged({false, -1, "a", 1}) == verdict{"critical", "a"});
  CHECK(judged({false, 0, tail, 20}) == verdict{"passing", tail});
  CHECK(judged({false, 0, tail, 5000})
        == verdict{"passing", "Captured 20 of 5000 bytes\n...\n" + tail});
  CHECK(judged({true, -1, "", 0})
        == verdict{"critical", "Timed out (1.5s) running check"});
  CHECK(judged({true, -1, "hi\n", 3})
        == verdict{"critical", "Timed out (1.5s) running check\n\nhi\n"});
}
