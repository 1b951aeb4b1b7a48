#include "runtime/template/signal_names.hpp"

#include "runtime/base/text.hpp"

#include <csignal>

namespace praetor::templates {

namespace {

struct signal_row {
  std::string_view name;
  int number;
};

constexpr signal_row signals[] = {
  {"SIGABRT", SIGABRT}, {"SIGALRM", SIGALRM}, {"SIGBUS", SIGBUS},
  {"SIGCHLD", SIGCHLD}, {"SIGCONT", SIGCONT}, {"SIGFPE", SIGFPE},
  {"SIGHUP", SIGHUP},   {"SIGILL", SIGILL},   {"SIGINT", SIGINT},
  {"SIGIO", SIGIO},     {"SIGIOT", SIGIOT},   {"SIGKILL", SIGKILL},
  {"SIGPIPE", SIGPIPE}, {"SIGPROF", SIGPROF}, {"SIGQUIT", SIGQUIT},
  {"SIGSEGV", SIGSEGV}, {"SIGSTOP", SIGSTOP}, {"SIGSYS", SIGSYS},
  {"SIGTERM", SIGTERM}, {"SIGTRAP", SIGTRAP}, {"SIGTSTP", SIGTSTP},
  {"SIGTTIN", SIGTTIN}, {"SIGTTOU", SIGTTOU}, {"SIGURG", SIGURG},
  {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2}, {"SIGWINCH", SIGWINCH},
  {"SIGXCPU", SIGXCPU}, {"SIGXFSZ", SIGXFSZ},
};

} // namespace

result<int> signal_number(std::string_view name) {
  if (name.empty())
    return 0;
  for (const auto& x : signals)
    if (equal_fold(x.name, name))
      return x.number;
  std::string text =
    "invalid signal \"" + std::string{name} + "\" - valid signals are [";
  for (const auto& x : signals)
    text.append(&x == std::begin(signals) ? "" : " ").append(x.name);
  return error{errc::invalid_argument, text.append("]")};
}

std::string signal_name(int number) {
  for (const auto& x : signals)
    if (x.number == number)
      return std::string{x.name};
  return {};
}

} // namespace praetor::templates
