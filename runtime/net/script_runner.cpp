#include "runtime/net/script_runner.hpp"

#include "runtime/net/last_bytes.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it

extern char** environ;

namespace praetor::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// How long after the kill to wait for a program that cannot die at once
/// (it hangs in the kernel). It is still reaped when it does.
constexpr duration kill_patience = std::chrono::seconds{1};

/// A file descriptor that closes itself.
class owned_fd {
public:
  owned_fd() = default;
  explicit owned_fd(int fd) : fd_{fd} {}
  owned_fd(owned_fd&& x) noexcept : fd_{x.release()} {}
  owned_fd& operator=(owned_fd&& x) noexcept {
    std::swap(fd_, x.fd_);
    return *this;
  }
  ~owned_fd() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

error os_error(const std::string& what, int code) {
  std::string text = std::strerror(code);
  // Go spells them in lower case.
  text[0] =
    static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return {errc::io_error, what + ": " + text};
}

/// A file in memory that holds `input`: cannot block us, cannot break.
result<owned_fd> input_file(const std::string& input) {
  owned_fd fd{input.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC)
                            : ::memfd_create("input", MFD_CLOEXEC)};
  if (!fd)
    return os_error("open input", errno);
  std::string_view rest = input;
  while (!rest.empty()) {
    const auto n = ::write(fd.get(), rest.data(), rest.size());
    if (n < 0)
      return os_error("write input", errno);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  if (!input.empty())
    ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

/// NAME=value of this process and of `added`.
std::vector<std::string> environment_with(
  const std::vector<std::pair<std::string, std::string>>& added) {
  std::map<std::string, std::string> all;
  for (auto** x = environ; *x != nullptr; ++x) {
    const std::string_view entry = *x;
    const auto name = entry.substr(0, entry.find('='));
    all.emplace(name, entry);
  }
  for (const auto& [name, value] : added)
    all[name] = name + "=" + value;
  std::vector<std::string> out;
  for (auto& [name, entry] : all)
    out.push_back(std::move(entry));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& xs) {
  std::vector<char*> out;
  for (auto& x : xs)
    out.push_back(x.data());
  out.push_back(nullptr);
  return out;
}

/// posix_spawn's two parameter objects, which must be destroyed.
class spawn_settings {
public:
  spawn_settings(int input, int output) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_adddup2(&files_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files_, output, STDERR_FILENO);
    // Asio does not mark its sockets close-on-exec.
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP
                                             | POSIX_SPAWN_SETSIGMASK
                                             | POSIX_SPAWN_SETSIGDEF);
  }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;
  ~spawn_settings() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&files_);
  }

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

/// Starts the program in a new group. posix_spawn shares memory with the child
/// until it has become the program: safe and quick with many threads.
result<pid_t> spawn(const command& what, int input, int output) {
  const auto& program = what.args.front();
  auto args = what.args;
  auto environment = environment_with(what.environment);
  const spawn_settings settings{input, output};
  const auto look_up = !program.empty() && program.find('/') == program.npos;
  pid_t pid = 0;
  const auto code = (look_up ? posix_spawnp : posix_spawn)(
    &pid, program.c_str(), settings.files(), settings.attributes(),
    pointers(args).data(), pointers(environment).data());
  if (code == 0)
    return pid;
  if (look_up && code == ENOENT)
    return error{errc::io_error, "exec: \"" + program
                                   + "\": executable file not found in $PATH"};
  return os_error("fork/exec " + program, code);
}

} // namespace

/// One run. Kept alive by its pending operations.
class running_command::run : public std::enable_shared_from_this<run> {
public:
  run(asio::io_context& io, command what, reply<command_outcome> to)
    : what_{std::move(what)},
      to_{std::move(to)},
      pipe_{io},
      child_{io},
      timer_{io},
      kept_{what_.output_max} {}

  run(const run&) = delete;
  run& operator=(const run&) = delete;

  /// Programs do not outlive the io_context, and so not the node.
  ~run() {
    if (pid_ == 0 || over_)
      return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, WNOHANG);
  }

  void start() {
    if (auto good = try_start(); !good)
      return to_.complete(good.error());
    if (what_.timeout > duration::zero())
      arm(what_.timeout);
    wait_for_end();
    read_more();
  }

  void cancel() {
    if (over_)
      return;
    to_.complete(error{errc::canceled, "the command was canceled"});
    kill_group();
  }

private:
  status try_start() {
    if (what_.args.empty())
      return error{errc::invalid_argument, "need an executable to run"};
    auto input = input_file(what_.input);
    if (!input)
      return input.error();
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      return os_error("pipe", errno);
    owned_fd ours{ends[0]};
    const owned_fd theirs{ends[1]};
    const auto pid = spawn(what_, input->get(), theirs.get());
    if (!pid)
      return pid.error();
    pid_ = *pid;
    // Never reaped before we do it, so the id cannot be someone else's.
    owned_fd child{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    if (!child) {
      const auto code = errno;
      ::kill(-pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      return os_error("pidfd_open", code);
    }
    ::fcntl(child.get(), F_SETFD, FD_CLOEXEC);
    pipe_.assign(ours.release());
    child_.assign(child.release());
    return ok;
  }

  void arm(duration span) {
    timer_.expires_after(
      std::chrono::duration_cast<asio::steady_timer::duration>(span));
    timer_.async_wait([me = shared_from_this()](const error_code& code) {
      if (!code)
        me->on_time_up();
    });
  }

  void on_time_up() {
    if (over_)
      return;
    if (killed_)
      return finish();
    timed_out_ = true;
    kill_group();
  }

  void wait_for_end() {
    child_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [me = shared_from_this()](const error_code& code) {
                        if (!code)
                          me->on_end();
                      });
  }

  /// The program ended. It is not reaped yet: its id must stay ours as long as
  /// the group may have to be killed.
  void on_end() {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info,
             WEXITED | WNOHANG | WNOWAIT);
    ended_ = true;
    const auto by_exit = info.si_code == CLD_EXITED;
    exit_code_ = by_exit ? info.si_status : -1;
    signal_ = by_exit ? 0 : info.si_status;
    finish_if_done();
  }

  void read_more() {
    pipe_.async_read_some(
      asio::buffer(buffer_),
      [me = shared_from_this()](const error_code& code, std::size_t size) {
        me->on_read(code, size);
      });
  }

  void on_read(const error_code& code, std::size_t size) {
    kept_.add({buffer_.data(), size});
    if (!code)
      return read_more();
    closed_ = true;
    finish_if_done();
  }

  /// A grandchild in a group of its own may keep the pipe open after the kill;
  /// then only the program itself counts.
  void finish_if_done() {
    if (ended_ && (closed_ || killed_))
      finish();
  }

  void kill_group() {
    killed_ = true;
    ::kill(-pid_, SIGKILL);
    if (ended_)
      finish();
    else
      arm(kill_patience);
  }

  void finish() {
    if (over_)
      return;
    over_ = true;
    timer_.cancel();
    pipe_.close();
    reap();
    to_.complete(command_outcome{timed_out_, exit_code_, signal_, kept_.text(),
                                 kept_.total()});
  }

  /// Takes the dead program away, now or when it is dead at last.
  void reap() {
    if (::waitpid(pid_, nullptr, WNOHANG) != 0)
      return child_.close();
    child_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [me = shared_from_this()](const error_code& code) {
                        if (!code)
                          ::waitpid(me->pid_, nullptr, WNOHANG);
                      });
  }

  command what_;
  reply<command_outcome> to_;
  asio::posix::stream_descriptor pipe_;
  /// The pidfd.
  asio::posix::stream_descriptor child_;
  asio::steady_timer timer_;
  last_bytes kept_;
  std::array<char, 8192> buffer_{};

  pid_t pid_ = 0;
  bool ended_ = false;
  bool closed_ = false;
  bool killed_ = false;
  bool timed_out_ = false;
  bool over_ = false;
  int exit_code_ = -1;
  int signal_ = 0;
};

void running_command::cancel() const {
  if (const auto x = run_.lock())
    x->cancel();
}

running_command run_command(asio::io_context& io, command what,
                            reply<command_outcome> to) {
  const auto x =
    std::make_shared<running_command::run>(io, std::move(what), std::move(to));
  x->start();
  running_command out;
  out.run_ = x;
  return out;
}

} // namespace praetor::net
