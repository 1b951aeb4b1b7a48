#include "tools/praetor/child.hpp"

#include "runtime/config/go_flags.hpp"
#include "tools/praetor/words.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace praetor::tools {

namespace {

/// Two ends of a pipe, closed at the end.
struct pipe_ends {
  std::array<int, 2> ends{-1, -1};

  pipe_ends() = default;
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    close_end(0);
    close_end(1);
  }

  void close_end(std::size_t which) {
    if (ends[which] >= 0)
      ::close(ends[which]);
    ends[which] = -1;
  }
};

/// What posix_spawn does in the child before it becomes the program.
class preparation {
public:
  preparation() {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  preparation(const preparation&) = delete;
  preparation& operator=(const preparation&) = delete;
  ~preparation() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }

  void use_as_stdin(int file) {
    posix_spawn_file_actions_adddup2(&files_, file, STDIN_FILENO);
  }

  void use_no_stdin() {
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
  }

  posix_spawn_file_actions_t* files() { return &files_; }
  posix_spawnattr_t* attributes() { return &attributes_; }

private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (auto& word : words)
    out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(std::vector<std::string> added) {
  for (char** x = environ; x != nullptr && *x != nullptr; ++x)
    added.emplace_back(*x);
  return added;
}

/// A program that does not read all of its input is no error.
void write_all(int file, std::string_view text) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before);
  while (!text.empty()) {
    const auto count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      break;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  sigaction(SIGPIPE, &before, nullptr);
}

error start_failed(const std::string& program, int code) {
  const bool searched = program.find('/') == std::string::npos;
  if (code == ENOENT && searched)
    return {errc::io_error, "exec: " + config::go_quote(program)
                              + ": executable file not found in $PATH"};
  std::string text = std::strerror(code);
  text[0] =
    static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return {errc::io_error, "fork/exec " + program + ": " + text};
}

/// Go's names of the most common signals.
std::string signal_words(int number) {
  switch (number) {
    case SIGHUP: return "hangup";
    case SIGINT: return "interrupt";
    case SIGQUIT: return "quit";
    case SIGABRT: return "aborted";
    case SIGKILL: return "killed";
    case SIGSEGV: return "segmentation fault";
    case SIGPIPE: return "broken pipe";
    case SIGTERM: return "terminated";
    default: return "signal " + std::to_string(number);
  }
}

} // namespace

std::vector<std::string> command_line(const std::vector<std::string>& args,
                                      bool shell, const lookup& variable) {
  if (!shell)
    return args;
  auto program = variable("SHELL");
  return {program.empty() ? "/bin/sh" : program, "-c", joined(args, " ")};
}

result<pid_t> start_child(const child_options& options) {
  preparation before;
  pipe_ends input;
  if (options.input) {
    if (::pipe2(input.ends.data(), O_CLOEXEC) != 0)
      return start_failed("pipe", errno);
    before.use_as_stdin(input.ends[0]);
  } else if (!options.pass_stdin) {
    before.use_no_stdin();
  }
  auto words = options.argv;
  auto variables = environment_with(options.variables);
  const auto argv = pointers(words);
  const auto envp = pointers(variables);
  pid_t pid = 0;
  const int code = posix_spawnp(&pid, argv[0], before.files(),
                                before.attributes(), argv.data(), envp.data());
  if (code != 0)
    return start_failed(options.argv.front(), code);
  input.close_end(0);
  if (options.input)
    write_all(input.ends[1], *options.input);
  return pid;
}

status wait_for_child(pid_t pid) {
  int state = 0;
  while (::waitpid(pid, &state, 0) < 0)
    if (errno != EINTR)
      return error{errc::io_error, "wait: no child processes"};
  if (WIFSIGNALED(state))
    return error{errc::rejected, "signal: " + signal_words(WTERMSIG(state))};
  if (WEXITSTATUS(state) != 0)
    return error{errc::rejected,
                 "exit status " + std::to_string(WEXITSTATUS(state))};
  return ok;
}

status run_child(const child_options& options) {
  const auto pid = start_child(options);
  return pid ? wait_for_child(*pid) : status{pid.error()};
}

} // namespace praetor::tools
