#include "runtime/template/child.hpp"

#include "runtime/config/go_flags.hpp"
#include "runtime/template/disk.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

extern char** environ;

namespace praetor::templates {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// More than any program should write to a template.
constexpr std::size_t output_bytes_max = std::size_t{16} << 20U;

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
  explicit spawn_settings(bool own_group) {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (own_group) {
      posix_spawnattr_setpgroup(&attributes_, 0);
      flags |= POSIX_SPAWN_SETPGROUP;
    }
    posix_spawnattr_setflags(&attributes_, flags);
  }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;
  ~spawn_settings() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&files_);
  }

  void redirect(int from, int to) {
    posix_spawn_file_actions_adddup2(&files_, from, to);
  }

  /// Asio does not mark its sockets close-on-exec.
  void close_others() {
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
  }

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

result<pid_t> spawn(const child_order& order, spawn_settings& how) {
  how.close_others();
  if (order.arguments.empty() || order.arguments.front().empty())
    return error{errc::io_error, "missing command"};
  auto arguments = order.arguments;
  std::vector<std::string> variables;
  for (const auto& [name, value] : order.variables)
    variables.push_back(name + "=" + value);
  const auto& program = order.arguments.front();
  pid_t pid = 0;
  const int code =
    posix_spawnp(&pid, program.c_str(), how.files(), how.attributes(),
                 pointers(arguments).data(), pointers(variables).data());
  if (code == 0)
    return pid;
  if (code == ENOENT && program.find('/') == program.npos)
    return error{errc::io_error, "exec: " + config::go_quote(program)
                                   + ": executable file not found in $PATH"};
  return error{errc::io_error,
               "fork/exec " + program + ": " + system_words(code)};
}

int exit_code_of(int state) {
  return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

bool matches(const std::vector<std::string>& globs, const std::string& name) {
  return std::ranges::any_of(globs, [&name](const auto& glob) {
    return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
  });
}

/// The words of a command in which a shell would see nothing but words and
/// quotes; nothing if it might see more.
std::optional<std::vector<std::string>> plain_words(std::string_view text) {
  constexpr std::string_view special = "|&;<>()$`\\*?[]#~={}!%\n";
  constexpr std::string_view special_in_quotes = "$`\\!";
  std::vector<std::string> out;
  std::optional<std::string> word;
  char quote = '\0';
  for (const char c : text) {
    const auto& stops = quote == '"' ? special_in_quotes : special;
    if (quote != '\'' && stops.find(c) != stops.npos)
      return std::nullopt;
    if (quote == '\0' && (c == ' ' || c == '\t')) {
      if (word)
        out.push_back(std::move(*word));
      word.reset();
      continue;
    }
    if (!word)
      word.emplace();
    if (c == quote)
      quote = '\0';
    else if (quote == '\0' && (c == '"' || c == '\''))
      quote = c;
    else
      word->push_back(c);
  }
  if (quote != '\0')
    return std::nullopt;
  if (word)
    out.push_back(std::move(*word));
  return out;
}

/// Whether a program of that name would be found; a shell knows others.
bool is_program(const std::string& name) {
  if (name.find('/') != name.npos)
    return true;
  const char* found = std::getenv("PATH");
  std::string_view rest = found == nullptr ? "/bin:/usr/bin" : found;
  while (!rest.empty()) {
    const auto end = rest.find(':');
    const auto path = std::string{rest.substr(0, end)} + "/" + name;
    if (::access(path.c_str(), X_OK) == 0)
      return true;
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  }
  return false;
}

/// A pipe that we read and a child writes.
class reading_pipe {
public:
  reading_pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
      ends_ = {-1, -1};
  }
  ~reading_pipe() {
    close_end(0);
    close_end(1);
  }
  reading_pipe(const reading_pipe&) = delete;
  reading_pipe& operator=(const reading_pipe&) = delete;

  int ours() const { return ends_[0]; }
  int theirs() const { return ends_[1]; }
  void close_theirs() { close_end(1); }
  const std::string& text() const { return text_; }

  /// Reads what is there; closes our end when the other one is closed.
  void read_some() {
    std::array<char, 8192> piece{};
    const auto count = ::read(ours(), piece.data(), piece.size());
    if (count > 0 && text_.size() < output_bytes_max)
      text_.append(piece.data(), static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR))
      close_end(0);
  }

private:
  void close_end(std::size_t which) {
    if (ends_[which] >= 0)
      ::close(ends_[which]);
    ends_[which] = -1;
  }

  std::array<int, 2> ends_{-1, -1};
  std::string text_;
};

/// Reads both pipes until they are closed. @returns whether that came in time
bool read_both(reading_pipe& a, reading_pipe& b, duration time_max) {
  const auto deadline = std::chrono::steady_clock::now() + time_max;
  while (a.ours() >= 0 || b.ours() >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return false;
    std::array<pollfd, 2> files{{{a.ours(), POLLIN, 0}, {b.ours(), POLLIN, 0}}};
    if (::poll(files.data(), files.size(), static_cast<int>(left.count())) < 0
        && errno != EINTR)
      return false;
    if (files[0].revents != 0)
      a.read_some();
    if (files[1].revents != 0)
      b.read_some();
  }
  return true;
}

} // namespace

variable_map own_environment() {
  variable_map out;
  for (char** x = environ; x != nullptr && *x != nullptr; ++x) {
    const std::string_view entry = *x;
    const auto equals = entry.find('=');
    if (equals != entry.npos)
      out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

variable_map child_environment(const variable_map& own,
                               const variable_map& derived,
                               const environment_settings& how) {
  variable_map out;
  if (!how.pristine)
    for (const auto& [name, value] : own)
      if ((how.allow.empty() || matches(how.allow, name))
          && !matches(how.deny, name))
        out.emplace(name, value);
  for (const auto& [name, value] : derived)
    out.insert_or_assign(name, value);
  for (const auto& entry : how.custom)
    if (const auto equals = entry.find('='); equals != entry.npos)
      out.insert_or_assign(entry.substr(0, equals), entry.substr(equals + 1));
  return out;
}

child_order order_of(const std::vector<std::string>& command,
                     variable_map variables) {
  const bool blanks =
    command.size() == 1
    && command.front().find_first_of(" \t\r\n") != std::string::npos;
  if (!blanks)
    return {command, std::move(variables), false};
  // Without a shell in between, signals reach the program alone.
  auto words = plain_words(command.front());
  if (words && !words->empty() && is_program(words->front()))
    return {std::move(*words), std::move(variables), false};
  return {{"/bin/sh", "-c", command.front()}, std::move(variables), true};
}

std::string shown_command(const std::vector<std::string>& command) {
  std::string out;
  for (const auto& word : command)
    out.append(out.empty() ? "" : " ").append(word);
  return out;
}

result<child> child::start(asio::io_context& io, const child_order& order) {
  spawn_settings how{order.own_group};
  const auto pid = spawn(order, how);
  if (!pid)
    return pid.error();
  const int end = static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0));
  if (end < 0) {
    const auto code = errno;
    ::kill(*pid, SIGKILL);
    ::waitpid(*pid, nullptr, 0);
    return error{errc::io_error, "pidfd_open: " + system_words(code)};
  }
  ::fcntl(end, F_SETFD, FD_CLOEXEC);
  return child{*pid, order.own_group, asio::posix::stream_descriptor{io, end}};
}

asio::awaitable<std::optional<int>> child::wait(duration span) {
  if (exit_code_)
    co_return exit_code_;
  asio::steady_timer limit{end_.get_executor()};
  if (span > duration::zero()) {
    limit.expires_after(
      std::chrono::duration_cast<asio::steady_timer::duration>(span));
    limit.async_wait([this](const error_code& code) {
      if (!code)
        end_.cancel();
    });
  }
  error_code code;
  co_await end_.async_wait(asio::posix::stream_descriptor::wait_read,
                           asio::redirect_error(asio::use_awaitable, code));
  if (code)
    co_return std::nullopt;
  int state = 0;
  if (::waitpid(pid_, &state, WNOHANG) == pid_)
    exit_code_ = exit_code_of(state);
  co_return exit_code_;
}

void child::send(int signal) const {
  if (!exit_code_)
    ::kill(group_ ? -pid_ : pid_, signal);
}

result<program_outcome> run_to_end(const std::vector<std::string>& arguments,
                                   const variable_map& variables,
                                   duration time_max) {
  reading_pipe out;
  reading_pipe err;
  spawn_settings how{true};
  how.redirect(out.theirs(), STDOUT_FILENO);
  how.redirect(err.theirs(), STDERR_FILENO);
  const auto pid = spawn({arguments, variables, true}, how);
  if (!pid)
    return pid.error();
  out.close_theirs();
  err.close_theirs();
  const bool in_time = read_both(out, err, time_max);
  if (!in_time)
    ::kill(-*pid, SIGKILL);
  int state = 0;
  while (::waitpid(*pid, &state, 0) < 0 && errno == EINTR)
    continue;
  program_outcome done{out.text(), err.text(), {}};
  if (!in_time)
    done.failure = "command timed out";
  else if (WIFSIGNALED(state))
    done.failure = "signal: " + std::to_string(WTERMSIG(state));
  else if (WEXITSTATUS(state) != 0)
    done.failure = "exit status " + std::to_string(WEXITSTATUS(state));
  return done;
}

} // namespace praetor::templates
