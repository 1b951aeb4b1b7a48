#include "tools/praetor/signals.hpp"

#include <unistd.h>

#include <csignal>

namespace praetor::tools {

namespace {

sigset_t ending_signals() {
  sigset_t out;
  sigemptyset(&out);
  sigaddset(&out, SIGINT);
  sigaddset(&out, SIGTERM);
  return out;
}

extern "C" void end_process(int) {
  _exit(0);
}

} // namespace

void end_process_at_signals() {
  struct sigaction action {};
  action.sa_handler = end_process;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void block_signals() {
  const auto signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void wait_for_signal() {
  const auto signals = ending_signals();
  int which = 0;
  sigwait(&signals, &which);
}

} // namespace praetor::tools
