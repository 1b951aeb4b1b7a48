// Goal: programs are run, cut, timed out and killed with their groups, and
// leave neither zombies nor blocked threads.
// Method: real programs through /bin/sh; the io thread is the test itself, so
// whatever blocks it hangs the test. Limits are short, waits end on events.

#include "runtime/net/script_runner.hpp"

#include "runtime/net/last_bytes.hpp"

#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it

using namespace praetor;
using namespace praetor::net;
using namespace std::chrono_literals;

namespace {

struct fixture {
  boost::asio::io_context io;
  std::optional<result<command_outcome>> outcome;

  running_command start(command what) {
    return run_command(
      io, std::move(what),
      reply<command_outcome>{
        [this](const result<command_outcome>& x) { outcome = x; }});
  }

  /// Runs to the end and returns the outcome.
  const command_outcome& run(command what) {
    start(std::move(what));
    io.run_for(20s);
    REQUIRE(outcome);
    INFO((*outcome ? "" : outcome->error().context));
    REQUIRE(*outcome);
    return **outcome;
  }

  std::string failure(std::vector<std::string> args) {
    command what;
    what.args = std::move(args);
    start(std::move(what));
    io.run_for(20s);
    REQUIRE(outcome);
    return *outcome ? "" : outcome->error().context;
  }

  static command sh(const std::string& text, duration timeout = 10s) {
    command out;
    out.args = {"/bin/sh", "-c", text};
    out.timeout = timeout;
    return out;
  }

  ~fixture() {
    io.run_for(5s);
    // Nothing of ours may be left, alive or dead.
    errno = 0;
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
  }
};

/// Whether the process whose id a script printed ends within `patience`.
bool ends(const std::string& output, std::chrono::milliseconds patience) {
  const auto pid = static_cast<pid_t>(std::stol(output));
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0)
    return true;
  pollfd event{fd, POLLIN, 0};
  const auto ended = ::poll(&event, 1, static_cast<int>(patience.count())) == 1;
  ::close(fd);
  return ended;
}

} // namespace

TEST_CASE("last_bytes: keeps the end and counts all", "[net][core]") {
  for (std::size_t limit = 1; limit < 6; ++limit) {
    for (std::size_t piece = 1; piece < 8; ++piece) {
      last_bytes kept{limit};
      std::string all;
      for (auto i = 0; i < 5; ++i) {
        std::string x;
        for (std::size_t j = 0; j < piece; ++j)
          x += static_cast<char>('a' + (all.size() + j) % 26);
        all += x;
        kept.add(x);
        const auto from = all.size() > limit ? all.size() - limit : 0;
        CHECK(kept.text() == all.substr(from));
        CHECK(kept.total() == all.size());
      }
    }
  }
}

TEST_CASE_METHOD(fixture, "script_runner: exit codes and output",
                 "[net][script]") {
  const auto& x = run(sh("echo out; echo err >&2; exit 3"));
  CHECK(x.exit_code == 3);
  CHECK(x.signal == 0);
  CHECK_FALSE(x.timed_out);
  CHECK(x.output == "out\nerr\n");
  CHECK(x.output_size == 8);
}

TEST_CASE_METHOD(fixture, "script_runner: a signal is no exit code",
                 "[net][script]") {
  const auto& x = run(sh("echo a; kill -9 $$"));
  CHECK(x.exit_code == -1);
  CHECK(x.signal == SIGKILL);
  CHECK(x.output == "a\n");
}

TEST_CASE_METHOD(fixture, "script_runner: input and environment",
                 "[net][script]") {
  auto what = sh("echo $PRAETOR_A; cat; test -n \"$PATH\"");
  what.input = std::string(200'000, 'x') + "end";
  what.environment = {{"PRAETOR_A", "b c"}};
  what.output_max = 6;
  const auto& x = run(what);
  CHECK(x.exit_code == 0);
  CHECK(x.output == "xxxend");
  CHECK(x.output_size == 200'007);
}

TEST_CASE_METHOD(fixture, "script_runner: what cannot start says why",
                 "[net][script]") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> rows = {
    {{"/x/y"}, "fork/exec /x/y: no such file or directory"},
    {{"nosuchcmd"}, "exec: \"nosuchcmd\": executable file not found in $PATH"},
    {{"/tmp"}, "fork/exec /tmp: permission denied"},
    {{""}, "fork/exec : no such file or directory"},
    {{}, "need an executable to run"},
  };
  for (const auto& [args, text] : rows)
    CHECK(failure(args) == text);
}

TEST_CASE_METHOD(fixture, "script_runner: only our pipe is open in the child",
                 "[net][script]") {
  // 0, 1, 2, and the directory that ls reads.
  CHECK(run(sh("ls /proc/self/fd | wc -l")).output == "4\n");
}

TEST_CASE_METHOD(fixture, "script_runner: what hangs is killed in time",
                 "[net][script]") {
  const auto& x = run(sh("echo hi; sleep 100", 300ms));
  CHECK(x.timed_out);
  CHECK(x.output == "hi\n");
}

TEST_CASE_METHOD(fixture, "script_runner: what ignores SIGTERM is killed",
                 "[net][script]") {
  const auto& x =
    run(sh("trap '' TERM INT HUP; echo hi; while :; do sleep 1; done", 300ms));
  CHECK(x.timed_out);
}

TEST_CASE_METHOD(fixture, "script_runner: a flood is cut, counted and ended",
                 "[net][script]") {
  auto what = sh("yes", 300ms);
  what.output_max = 100;
  const auto& x = run(what);
  CHECK(x.timed_out);
  CHECK(x.output.size() == 100);
  CHECK(x.output_size > 100'000);
}

TEST_CASE_METHOD(fixture, "script_runner: grandchildren with the pipe die too",
                 "[net][script]") {
  const auto& x = run(sh("sleep 100 & echo $!; exit 0", 300ms));
  CHECK(x.timed_out);
  CHECK(ends(x.output, 5s));
}

TEST_CASE_METHOD(fixture, "script_runner: a swarm dies with its group",
                 "[net][script]") {
  const auto& x = run(
    sh("for i in $(seq 50); do (sleep 100 & sleep 100) & done; wait", 500ms));
  CHECK(x.timed_out);
}

TEST_CASE_METHOD(fixture, "script_runner: an escaped grandchild holds nobody",
                 "[net][script]") {
  const auto& x = run(sh("setsid sleep 3 & exit 0", 300ms));
  CHECK(x.timed_out);
  CHECK(x.exit_code == 0);
}

TEST_CASE_METHOD(fixture, "script_runner: silent daemons are left alone",
                 "[net][script]") {
  const auto& x = run(sh("sleep 100 >/dev/null 2>&1 & echo $!; exit 0", 5s));
  CHECK_FALSE(x.timed_out);
  CHECK_FALSE(ends(x.output, 0ms));
  ::kill(static_cast<pid_t>(std::stol(x.output)), SIGKILL);
}

TEST_CASE_METHOD(fixture, "script_runner: canceling kills the group",
                 "[net][script]") {
  const auto running = start(sh("sleep 100 & wait", 60s));
  io.run_for(50ms);
  running.cancel();
  REQUIRE(outcome);
  CHECK(outcome->error().code == errc::canceled);
  io.run_for(5s);
  running.cancel();
}

TEST_CASE_METHOD(fixture, "script_runner: many at once do not wait in line",
                 "[net][script]") {
  auto count = 0;
  for (auto i = 0; i < 40; ++i)
    run_command(
      io, sh("sleep 0.2; echo x"),
      reply<command_outcome>{[&count](const result<command_outcome>& x) {
        count += x && x->output == "x\n" ? 1 : 0;
      }});
  io.run_for(6s);
  CHECK(count == 40);
}
