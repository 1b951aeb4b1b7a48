// `praetor lock`: runs a program while it holds a lock.
//
// Threads: the main one decides; the keeper acquires the lock and then watches
// it; the renewer keeps the session alive; the waiter waits for the program;
// the listener waits for signals. They tell the main one through a mailbox.

#include "runtime/base/json.hpp"
#include "runtime/base/time.hpp"
#include "tools/praetor/child.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/json_value.hpp"
#include "tools/praetor/lock_kinds.hpp"
#include "tools/praetor/signals.hpp"
#include "tools/praetor/words.hpp"

#include <condition_variable>
#include <csignal>
#include <deque>
#include <filesystem>
#include <limits>
#include <mutex>
#include <ostream>
#include <thread>

namespace praetor::tools {

namespace {

using std::chrono::seconds;

constexpr int exit_child_failed = 2;
constexpr std::string_view session_ttl = "15s";
constexpr duration renew_interval = std::chrono::milliseconds{7500};
constexpr duration retry_of_delayed = seconds{5};
constexpr duration retry_of_monitor = seconds{1};
constexpr duration kill_grace = seconds{5};

constexpr flag_spec lock_flags[] = {
  {.name = "child-exit-code",
   .kind = flag_kind::boolean,
   .help = "Exit 2 if the child process exited with an error if this is true, "
           "otherwise this doesn't propagate an error from the child. The "
           "default value is false."},
  {.name = "monitor-retry",
   .kind = flag_kind::integer,
   .help =
     "Number of times to retry if Consul returns a 500 error while monitoring "
     "the lock. This allows riding out brief periods of unavailability without "
     "causing leader elections, but increases the amount of time required to "
     "detect a lost lock in some cases. The default value is 3, with a 1s wait "
     "between retries. Set this value to 0 to disable retires.",
   .preset = "3"},
  {.name = "n",
   .kind = flag_kind::integer,
   .help = "Optional limit on the number of concurrent lock holders. The "
           "underlying implementation switches from a lock to a semaphore when "
           "the value is greater than 1. The default value is 1.",
   .preset = "1"},
  {.name = "name",
   .help = "Optional name to associate with the lock session. It not provided, "
           "one is generated based on the provided child command."},
  {.name = "pass-stdin",
   .kind = flag_kind::boolean,
   .help = "Pass stdin to the child process."},
  {.name = "shell",
   .kind = flag_kind::boolean,
   .help = "Use a shell to run the command (can set a custom shell via the "
           "SHELL environment variable).",
   .preset = "true"},
  {.name = "timeout",
   .kind = flag_kind::duration,
   .help = "Maximum amount of time to wait to acquire the lock, specified as a "
           "duration like \"1s\" or \"3h\". The default value is 0."},
  {.name = "try",
   .kind = flag_kind::duration,
   .help = "DEPRECATED. Use -timeout instead."},
  {.name = "verbose",
   .kind = flag_kind::boolean,
   .help = "Enable verbose (debugging) output."},
};
constexpr std::string_view lock_usage =
  R"(Usage: consul lock [options] prefix child...

  Acquires a lock or semaphore at a given path, and invokes a child process
  when successful. The child process can assume the lock is held while it
  executes. If the lock is lost or communication is disrupted the child
  process will be sent a SIGTERM signal and given time to gracefully exit.
  After the grace period expires the process will be hard terminated.

  For Consul agents on Windows, the child process is always hard terminated
  with a SIGKILL, since Windows has no POSIX compatible notion for SIGTERM.

  When -n=1, only a single lock holder or leader exists providing mutual
  exclusion. Setting a higher value switches to a semaphore allowing multiple
  holders to coordinate.

  The prefix provided must have write privileges.
)";

// -- what the threads share ---------------------------------------------------

enum class happening : std::uint8_t {
  acquired,
  acquisition_failed,
  lock_lost,
  child_ended,
  signaled,
  timed_out,
};

struct letter {
  happening what{};
  /// Of a failure.
  std::string text = {};
};

class mailbox {
public:
  void post(letter x) {
    const std::lock_guard guard{mutex_};
    letters_.push_back(std::move(x));
    arrived_.notify_all();
  }

  /// Returns the next letter, or `timed_out` at the deadline.
  letter wait(std::optional<std::chrono::steady_clock::time_point> deadline) {
    std::unique_lock guard{mutex_};
    const auto any = [this] { return !letters_.empty(); };
    if (!deadline)
      arrived_.wait(guard, any);
    else if (!arrived_.wait_until(guard, *deadline, any))
      return {happening::timed_out};
    auto out = std::move(letters_.front());
    letters_.pop_front();
    return out;
  }

private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<letter> letters_;
};

/// A flag that ends the pauses of other threads.
class stop_flag {
public:
  void set() {
    const std::lock_guard guard{mutex_};
    stopped_ = true;
    changed_.notify_all();
  }

  /// Pauses. @returns false as soon as the flag is set
  bool pause(duration how_long) {
    std::unique_lock guard{mutex_};
    return !changed_.wait_for(guard, how_long, [this] { return stopped_; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

// -- keeper -------------------------------------------------------------------

/// Acquires, reports, and reports again when the lock is lost.
class keeper {
public:
  keeper(lock_kind& lock, client& api, mailbox& box, std::int64_t retries)
    : lock_{lock}, api_{api}, box_{box}, retries_{retries} {}

  void run() {
    const auto done = acquire();
    if (!done) {
      box_.post({happening::acquisition_failed, done.error().context});
      return;
    }
    box_.post({happening::acquired});
    watch();
    box_.post({happening::lock_lost});
  }

  /// Makes run() return soon. From another thread.
  void stop() {
    stop_.set();
    api_.cancel();
  }

private:
  status acquire() {
    for (std::uint64_t index = 0;;) {
      const auto tried = lock_.try_acquire(api_, index);
      if (!tried)
        return tried.error();
      index = tried->index;
      if (tried->outcome == attempt::acquired)
        return ok;
      if (tried->outcome == attempt::delayed && !stop_.pause(retry_of_delayed))
        return error{errc::canceled, "stopped"};
    }
  }

  void watch() {
    std::int64_t failures = 0;
    for (std::uint64_t index = 0;;) {
      const auto seen = lock_.watch(api_, index);
      if (seen && !seen->held)
        return;
      if (seen) {
        index = seen->index;
        failures = 0;
        continue;
      }
      // Only an agent that answers may be forgiven: without it, nobody knows.
      const bool answered = seen.error().code == errc::rejected;
      if (!answered || ++failures > retries_ || !stop_.pause(retry_of_monitor))
        return;
    }
  }

  lock_kind& lock_;
  client& api_;
  mailbox& box_;
  std::int64_t retries_;
  stop_flag stop_;
};

// -- session ------------------------------------------------------------------

/// A session of the agent, renewed until the end of this object.
class session {
public:
  session(client& api, std::string id) : api_{api}, id_{std::move(id)} {
    renewer_ = std::thread{[this] {
      while (stop_.pause(renew_interval))
        (void)api_.send({.method = "PUT", .path = "/v1/session/renew/" + id_});
    }};
  }

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  ~session() {
    stop_.set();
    renewer_.join();
    (void)api_.send({.method = "PUT", .path = "/v1/session/destroy/" + id_});
  }

private:
  client& api_;
  std::string id_;
  stop_flag stop_;
  std::thread renewer_;
};

/// @returns the id of a new session
result<std::string> create_session(client& api, const std::string& name) {
  std::string body;
  json_writer out{body};
  out.begin_object().key("Name").string(name);
  out.key("TTL").string(session_ttl).end_object();
  const auto answer = api.demand(
    {.method = "PUT", .path = "/v1/session/create", .body = std::move(body)});
  const auto tree =
    answer ? parse_json(answer->body) : result<json_value>{answer.error()};
  if (!tree)
    return error{tree.error().code,
                 "failed to create session: " + tree.error().context};
  return std::string{(*tree)["ID"].text()};
}

// -- the course of the command ------------------------------------------------

/// What a call of the command is about.
struct lock_job {
  invocation& call;
  std::string prefix;
  std::vector<std::string> words;
  int limit = 1;
  mailbox& box;

  bool verbose() const { return call.flags.boolean("verbose"); }

  void tell(std::string_view line) const {
    if (verbose())
      call.io.out << line << std::endl;
  }
};

/// Ends a program that runs without the lock. Reads letters until it ended.
void kill_child(const lock_job& job, pid_t pid) {
  job.tell("Terminating child pid " + std::to_string(pid));
  ::kill(pid, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + kill_grace;
  for (;;) {
    const auto next = job.box.wait(deadline);
    if (next.what == happening::child_ended)
      return job.tell("Child terminated");
    if (next.what == happening::timed_out)
      break;
  }
  job.tell("Child did not exit after grace period of 5s");
  job.tell("Killing child pid " + std::to_string(pid));
  ::kill(pid, SIGKILL);
  while (job.box.wait(std::nullopt).what != happening::child_ended) {
  }
}

/// Runs the program until it ends or the lock is lost. @returns its exit code
/// as this command reports it
int run_child_with_lock(const lock_job& job) {
  job.tell("Starting handler");
  job.call.io.out.flush();
  const auto& flags = job.call.flags;
  const auto pid =
    start_child({.argv = command_line(job.words, flags.boolean("shell"),
                                      job.call.io.variable),
                 .variables = {"CONSUL_LOCK_HELD=true"},
                 .pass_stdin = flags.boolean("pass-stdin")});
  if (!pid) {
    job.call.fail("Error starting handler: " + pid.error().context);
    job.tell("Child terminated, releasing lock");
    return exit_child_failed;
  }
  std::thread waiter{[pid = *pid, &job] {
    const auto end = wait_for_child(pid);
    job.box.post({happening::child_ended, end ? "" : end.error().context});
  }};
  const auto next = job.box.wait(std::nullopt);
  int code = 0;
  if (next.what == happening::child_ended) {
    if (!next.text.empty()) {
      job.call.fail("Error running handler: " + next.text);
      code = exit_child_failed;
    }
    job.tell("Child terminated, releasing lock");
  } else {
    job.tell(next.what == happening::signaled
               ? "Shutdown triggered, killing child"
               : "Lock lost, killing child");
    kill_child(job, *pid);
  }
  waiter.join();
  return code;
}

/// Gives the lock back and removes its keys. @returns the exit code
int give_back(const lock_job& job, lock_kind& lock, client& api) {
  if (const auto done = lock.release(api); !done)
    return job.call.fail("Lock release failed: " + done.error().context);
  const auto cleaned = lock.clean_up(api);
  if (!cleaned)
    return job.call.fail("Lock cleanup failed: " + cleaned.error().context);
  job.tell(*cleaned ? "Cleanup succeeded" : "Cleanup aborted, lock in use");
  return 0;
}

/// Waits for the lock. Errors: the line to print.
status await_lock(const lock_job& job) {
  const auto& flags = job.call.flags;
  const auto timeout = flags.duration("timeout") != duration{}
                         ? flags.duration("timeout")
                         : flags.duration("try");
  std::optional<std::chrono::steady_clock::time_point> deadline;
  if (timeout > duration{})
    deadline = std::chrono::steady_clock::now() + timeout;
  job.tell("Attempting lock acquisition");
  const auto next = job.box.wait(deadline);
  if (next.what == happening::acquired)
    return ok;
  if (next.what == happening::acquisition_failed)
    return error{errc::rejected, "Lock acquisition failed: " + next.text};
  return error{errc::timeout,
               "Shutdown triggered or timeout during lock acquisition"};
}

int hold_and_run(const lock_job& job, lock_kind& lock, client& api,
                 client& keeper_api) {
  keeper keep{lock, keeper_api, job.box,
              job.call.flags.integer("monitor-retry")};
  std::thread keeping{[&keep] { keep.run(); }};
  const auto acquired = await_lock(job);
  int code = 0;
  if (acquired)
    code = run_child_with_lock(job);
  keep.stop();
  keeping.join();
  if (!acquired)
    return job.call.fail(acquired.error().context);
  if (const int failed = give_back(job, lock, api); failed != 0)
    return failed;
  return job.call.flags.boolean("child-exit-code") ? code : 0;
}

/// @pre the arguments are complete
int run_with_session(lock_job& job, client& api, client& renewer_api,
                     client& keeper_api) {
  auto name = job.call.flags.string("name");
  if (name.empty())
    name = "Consul lock for '" + joined(job.words, " ") + "' at '" + job.prefix
           + "'";
  job.tell(job.limit == 1
             ? "Setting up lock at path: " + job.prefix + "/.lock"
             : "Setting up semaphore (limit " + std::to_string(job.limit)
                 + ") at prefix: " + job.prefix);
  const auto id = create_session(api, name);
  if (!id)
    return job.call.fail("Lock acquisition failed: " + id.error().context);
  const session alive{renewer_api, *id};
  const auto lock = job.limit == 1 ? make_lock(job.prefix, *id)
                                   : make_semaphore(job.prefix, job.limit, *id);
  return hold_and_run(job, *lock, api, keeper_api);
}

/// "/a//b/" is "a/b": keys have no empty parts.
std::string clean_prefix(const std::string& text) {
  auto out = std::filesystem::path{text}.lexically_normal().generic_string();
  while (out.starts_with('/'))
    out.erase(0, 1);
  while (out.ends_with('/'))
    out.pop_back();
  return out;
}

int run_lock(invocation& call) {
  const auto& args = call.arguments();
  if (args.size() < 2)
    return call.fail("Key prefix and child command must be specified");
  const auto limit = call.flags.integer("n");
  if (limit <= 0 || limit > std::numeric_limits<int>::max())
    return call.fail("Lock holder limit must be positive");
  // One each, because a client is for one thread.
  auto api = call.connect();
  auto renewer_api = call.connect();
  auto keeper_api = call.connect();
  if (!api || !renewer_api || !keeper_api)
    return 1;
  if (const auto self = api->demand({.path = "/v1/agent/self"}); !self)
    return call.fail("Error querying Consul agent: " + self.error().context);
  block_signals();
  // The listener never ends, so that it must not die with this function.
  const auto box = std::make_shared<mailbox>();
  std::thread{[box] {
    wait_for_signal();
    box->post({happening::signaled});
  }}.detach();
  lock_job job{.call = call,
               .prefix = clean_prefix(args.front()),
               .words = {args.begin() + 1, args.end()},
               .limit = static_cast<int>(limit),
               .box = *box};
  return run_with_session(job, *api, *renewer_api, *keeper_api);
}

} // namespace

const command lock_command = {.name = "lock",
                              .synopsis = "Execute a command holding a lock",
                              .usage = lock_usage,
                              .flags = lock_flags,
                              .api = api_flags::server,
                              .run = run_lock};

} // namespace praetor::tools
