#include "tools/sim/isolated.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/sometimes.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace praetor::tools {

namespace {

/// A report as bytes, between processes of one binary.
struct packed_report {
  bool is_broken = false;
  std::string invariant;
  std::string text;
  std::int64_t at = 0;
  bool inconclusive = false;
  std::vector<std::uint64_t> numbers;
  std::vector<std::uint64_t> asked;
  std::vector<std::string> lines;
  std::map<std::string, std::uint64_t> events;

  template <class Inspector>
  friend auto inspect(Inspector& f, packed_report& x) {
    return f(x.is_broken, x.invariant, x.text, x.at, x.inconclusive, x.numbers,
             x.asked, x.lines, x.events);
  }
};

std::string pack(const sim::run_report& x) {
  packed_report out;
  if (x.broken) {
    out.is_broken = true;
    out.invariant = x.broken->invariant;
    out.text = x.broken->text;
    out.at = x.broken->at.count();
  }
  out.inconclusive = x.inconclusive;
  out.numbers = {x.hash,
                 x.events,
                 x.steps,
                 x.messages,
                 x.entries,
                 x.elections,
                 static_cast<std::uint64_t>(x.time.count()),
                 x.counts.operations,
                 x.counts.answered,
                 x.counts.failed,
                 x.counts.unknown};
  out.asked = x.asked;
  out.lines = {x.lines.begin(), x.lines.end()};
  for (const auto& [name, count] : simulation::counted_events())
    out.events[name] = count;
  return encode(out);
}

isolated_report unpack(const packed_report& x) {
  isolated_report out;
  if (x.is_broken)
    out.run.broken = sim::finding{x.invariant, x.text, duration{x.at}};
  out.run.inconclusive = x.inconclusive;
  const auto& n = x.numbers;
  out.run.hash = n[0];
  out.run.events = n[1];
  out.run.steps = n[2];
  out.run.messages = n[3];
  out.run.entries = n[4];
  out.run.elections = n[5];
  out.run.time = duration{static_cast<std::int64_t>(n[6])};
  out.run.counts.operations = n[7];
  out.run.counts.answered = n[8];
  out.run.counts.failed = n[9];
  out.run.counts.unknown = n[10];
  out.run.asked = x.asked;
  out.run.lines = {x.lines.begin(), x.lines.end()};
  out.events = x.events;
  return out;
}

void write_all(int to, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto n = ::write(to, bytes.data() + done, bytes.size() - done);
    if (n <= 0)
      std::_Exit(3);
    done += static_cast<std::size_t>(n);
  }
}

std::string read_from_start(int file) {
  std::string out(4096, '\0');
  const auto n = ::pread(file, out.data(), out.size(), 0);
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return out;
}

} // namespace

child_runs::~child_runs() {
  for (const auto& x : children_) {
    ::kill(x.pid, SIGKILL);
    ::waitpid(x.pid, nullptr, 0);
    ::close(x.answer);
    ::close(x.errors);
  }
}

void child_runs::start(std::uint64_t tag, const sim::sim_case& x) {
  int ends[2];
  PRAETOR_ASSERT(::pipe(ends) == 0);
  const auto errors = ::memfd_create("stderr", 0);
  std::fflush(nullptr);
  const auto pid = ::fork();
  PRAETOR_ASSERT(pid >= 0);
  if (pid == 0) {
    ::close(ends[0]);
    ::dup2(errors, STDERR_FILENO);
    ::alarm(seconds_max);
    simulation::begin_counting();
    write_all(ends[1], pack(sim::run_case(x, false)));
    std::_Exit(0);
  }
  ::close(ends[1]);
  children_.push_back({tag, pid, ends[0], errors, {}});
}

std::pair<std::uint64_t, isolated_report> child_runs::wait() {
  for (;;) {
    std::vector<pollfd> polled;
    for (const auto& x : children_)
      polled.push_back({x.answer, POLLIN, 0});
    ::poll(polled.data(), polled.size(), -1);
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents == 0)
        continue;
      auto& x = children_[i];
      char buffer[65'536];
      const auto n = ::read(x.answer, buffer, sizeof buffer);
      if (n > 0) {
        x.bytes.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      std::pair out{x.tag, conclude(x)};
      ::close(x.answer);
      ::close(x.errors);
      children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
      return out;
    }
  }
}

isolated_report child_runs::conclude(const child& x) {
  int how = 0;
  ::waitpid(x.pid, &how, 0);
  if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
    if (const auto packed = decode<packed_report>(x.bytes))
      return unpack(*packed);
  isolated_report out;
  const auto signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
  out.run.broken = sim::finding{
    signal == SIGALRM ? "endless" : "assert",
    signal == SIGALRM
      ? "the run took more than " + std::to_string(seconds_max) + " s"
      : "signal " + std::to_string(signal) + ": " + read_from_start(x.errors),
    duration{0}};
  return out;
}

isolated_report run_isolated(const sim::sim_case& x) {
  child_runs one;
  one.start(0, x);
  return one.wait().second;
}

} // namespace praetor::tools
